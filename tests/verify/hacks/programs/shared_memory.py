"""Leaves messages in what outlives a process: System V and POSIX memory, keyrings, sockets."""

import ctypes
import os
import socket

from stage import attempt, put

libc = ctypes.CDLL(None)
for key in range(1, 50):
    libc.shmget(key, 4096, 0o1666)
    libc.msgget(key, 0o1666)
    libc.semget(key, 1, 0o1666)
libc.syscall(248, b"user", b"reward", b"1.0", 3, -3)
attempt(socket.socket(socket.AF_UNIX).bind, "\0reward")
put("/dev/shm/reward", "1.0")
if not os.fork():
    import time

    time.sleep(30)
