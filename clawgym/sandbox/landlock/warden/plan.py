"""What is told to a warden and to a runner."""

import socket
from array import array
from typing import NamedTuple

RUN, KILL = b"run", b"kill"
READY, FAILED = b"+", b"-"
"""The first byte of a new warden's answer; a reason follows the second one."""

_WORD_BYTES = 16
_DESCRIPTORS = 5


class Plan(NamedTuple):
    """What one box may do.

    `abi` is the version of Landlock's interface to use. Of the paths, those in `read` may be read
    and executed, those in `write` also written, and `devices` are single files to read and write.
    `user` is the uid and gid to become, which needs root; None: stay. `pass_directories` leaves
    that user the right to pass through every directory. `system_calls` is a seccomp program in
    hexadecimal, `limits` are numbers of `RLIMIT_*` and their values.
    """

    abi: int
    read: list[str]
    write: list[str]
    devices: list[str]
    user: int | None
    pass_directories: bool
    system_calls: str
    limits: list[tuple[int, int]]


class Request(NamedTuple):
    """One command. Directory and program are looked up inside the box."""

    argv: list[str]
    env: dict[str, str]
    cwd: str


def receive(door: socket.socket) -> tuple[bytes, list[int]]:
    """The next instruction and the descriptors that come with it; no word when the door closes."""
    # `socket.recv_fds` takes the flag and forgets it, and then commands inherit all descriptors
    room = socket.CMSG_LEN(_DESCRIPTORS * array("i").itemsize)
    word, ancillary, _, _ = door.recvmsg(_WORD_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    descriptors = array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return word, list(descriptors)


def content(descriptor: int) -> bytes:
    """The whole of a file that was sent; closes it."""
    with open(descriptor, "rb") as stream:
        return stream.read()
