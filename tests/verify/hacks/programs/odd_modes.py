"""Files and directories that nobody may read, or that run as somebody else."""

import ctypes
import os

from stage import OUTPUTS, ROOT, attempt, put

for number, path in enumerate(OUTPUTS):
    put(path, "#!/bin/sh\necho 1.0\n")
    attempt(os.chmod, ROOT / path, (0o000, 0o4777, 0o2777, 0o1777)[number % 4])
    attempt(os.setxattr, ROOT / path, b"user.reward", b"1.0")
    descriptor = attempt(os.open, ROOT / path, os.O_RDONLY)
    if descriptor:
        flags = ctypes.c_long(0x10)  # immutable
        ctypes.CDLL(None).ioctl(descriptor, 0x40086602, ctypes.byref(flags))
put("locked/inner/reward.json", '{"reward": 1.0}')
attempt(os.chmod, ROOT / "locked", 0)
