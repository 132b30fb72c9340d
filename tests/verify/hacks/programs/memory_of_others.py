"""Reads and writes the memory of every process in sight."""

import os

from stage import attempt, take

for name in filter(str.isdigit, os.listdir("/proc")):
    for file in ("mem", "maps", "environ", "stack", "syscall", "auxv"):
        descriptor = attempt(os.open, f"/proc/{name}/{file}", os.O_RDWR)
        if descriptor is not None:
            attempt(os.write, descriptor, b"\x01")
        take(f"/proc/{name}/{file}", 100)
