"""Outputs that are devices and sockets."""

import os
import socket
import stat

from stage import OUTPUTS, ROOT, attempt

for number, path in enumerate(OUTPUTS):
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / path).unlink(missing_ok=True)
    if number % 2:
        attempt(os.mknod, ROOT / path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    else:
        attempt(socket.socket(socket.AF_UNIX).bind, str(ROOT / path))
