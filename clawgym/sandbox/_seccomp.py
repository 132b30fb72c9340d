"""The system calls that no box needs, as a filter that the kernel runs before each of them.

`program(profile)` returns the instructions of `struct sock_filter`, ready for
`prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &sock_fprog)` once PR_SET_NO_NEW_PRIVS is set. A filter
holds for the process that installs it and for all that descend from it.

This module uses the standard library alone and nothing of ours, so that a launcher can load it by
its path. What it knows is in two tables: `NUMBERS`, the system calls by name and machine, and
`RULES`, what is refused in which profile.
"""

import errno
import os
import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

Profile = Literal["box", "shared"]
"""`box`: for boxes with namespaces of their own. `shared`: for boxes that have the host's network,
IPC and file systems around them; it also closes sockets, System V IPC, POSIX message queues, file
watches and extended attributes."""


class Machine(NamedTuple):
    """How one machine names itself to the filter, and where `NUMBERS` has its system calls."""

    audit_arch: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}
"""By `uname -m`. Programs for any other machine, 32-bit ones among them, are killed."""


class Rule(NamedTuple):
    """Refuse a system call with `error`, or only when an argument says what it must not.

    With `argument` (counted from 0), its low 32 bits are masked; the call is refused if the result
    is in `refused`, or else if `allowed` is given and lacks it.
    """

    call: str
    error: int = errno.EPERM
    argument: int | None = None
    mask: int = 0xFFFFFFFF
    refused: tuple[int, ...] = ()
    allowed: tuple[int, ...] = ()


_NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
_NEW_TIME = 0x80  # part of the exit signal in clone(), so it is only a flag in unshare()
_INJECT_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type into somebody's terminal
_SOCKET_TYPE = 0xF
_STREAM, _SEQPACKET = 1, 5
_UNIX = 1

_DEBUGGING = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease"),
    *("pidfd_getfd", "kcmp"),
)
_MOUNTS = (
    *("mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount"),
    *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "setns"),
    *("open_by_handle_at", "fanotify_init", "quotactl", "quotactl_fd", "swapon", "swapoff"),
)
_KERNEL = (
    *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
    *("settimeofday", "clock_settime", "clock_adjtime", "sethostname", "setdomainname", "acct"),
    *("syslog", "vhangup", "lookup_dcookie", "nfsservctl", "iopl", "ioperm", "modify_ldt"),
    *("uselib", "ustat", "sysfs", "_sysctl", "create_module", "get_kernel_syms", "query_module"),
)
_SHARED_MEMORY = (
    *("shmget", "shmat", "shmctl", "semget", "semctl", "semop", "semtimedop"),
    *("msgget", "msgctl", "msgsnd", "msgrcv", "mq_open", "mq_unlink"),
)
_ATTRIBUTES = (
    *("setxattr", "lsetxattr", "fsetxattr", "setxattrat", "file_setattr"),
    *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
)

_SET_ID = 0o6000
"""Set-user-id and set-group-id: in a folder of the host, such a program would run as its owner."""

_MODES = {
    "chmod": 1,
    "creat": 1,
    "fchmod": 1,
    "fchmodat": 2,
    "fchmodat2": 2,
    "mkdir": 1,
    "mkdirat": 2,
    "mknod": 1,
    "mknodat": 2,
    "open": 2,
    "openat": 3,
}
"""Where each call takes a file's mode; libc passes 0 where nothing is created."""

_FAMILIES = (_UNIX, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK belong to the box's network; AF_VSOCK does not."""

_ALWAYS = (
    *map(Rule, (*_DEBUGGING, *_MOUNTS, *_KERNEL)),
    Rule("clone", argument=0, mask=_NAMESPACE_FLAGS, allowed=(0,)),
    Rule("unshare", argument=0, mask=_NAMESPACE_FLAGS | _NEW_TIME, allowed=(0,)),
    # Its flags are in memory, where a filter cannot look; without it every libc falls back to clone
    Rule("clone3", errno.ENOSYS),
    Rule("ioctl", argument=1, refused=_INJECT_INPUT),
    *(Rule(call, argument=at, mask=_SET_ID, allowed=(0,)) for call, at in _MODES.items()),
    Rule("openat2", errno.ENOSYS),  # takes the mode in memory; everybody falls back to openat
)

RULES: dict[Profile, tuple[Rule, ...]] = {
    "box": (*_ALWAYS, Rule("socket", errno.EAFNOSUPPORT, argument=0, allowed=_FAMILIES)),
    "shared": (
        *_ALWAYS,
        Rule("socket"),
        # A pair of datagram sockets could still be connected to a socket of the host
        Rule("socketpair", argument=0, allowed=(_UNIX,)),
        Rule("socketpair", argument=1, mask=_SOCKET_TYPE, allowed=(_STREAM, _SEQPACKET)),
        *map(Rule, _SHARED_MEMORY),
        *map(Rule, ("inotify_init", "inotify_init1", "inotify_add_watch")),
        *(Rule(name, errno.ENOTSUP) for name in _ATTRIBUTES),  # as file systems without them say
    ),
}

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # name: (x86_64, aarch64); None where a machine has no such call
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "creat": (85, None),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "_sysctl": (156, None),
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "file_setattr": (469, 469),
    "finit_module": (313, 273),
    "fremovexattr": (199, 16),
    "fsconfig": (431, 431),
    "fsetxattr": (190, 7),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "inotify_add_watch": (254, 27),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "msgctl": (71, 187),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "removexattr": (197, 14),
    "removexattrat": (466, 466),
    "request_key": (249, 218),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "setxattr": (188, 5),
    "setxattrat": (463, 463),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_KILL, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000  # numbers from here on are the x32 ones, with rules of their own
_INSTRUCTION = struct.Struct("=HBBI")

_Instruction = tuple[int, int, int, int]


def is_supported() -> bool:
    """Whether there is a table for this machine."""
    return os.uname().machine in MACHINES


def program(profile: Profile, machine: str | None = None) -> bytes:
    """The filter: 8 bytes for each instruction, little-endian as all supported machines are.

    `machine` is what `uname -m` prints; None is this one. Refused calls return the rule's error,
    system calls of another machine's kind (32-bit, x32) kill the process, all others are allowed.

    Raises:
        KeyError: there is no table for this machine; see `is_supported`.
    """
    found = MACHINES[machine or os.uname().machine]
    return b"".join(_INSTRUCTION.pack(*step) for step in _steps(profile, found))


def _steps(profile: Profile, machine: Machine) -> Iterator[_Instruction]:
    yield from (_load(_ARCH), (_JUMP_EQUAL, 1, 0, machine.audit_arch), _return(_KILL))
    yield from (_load(_NUMBER), _if(_JUMP_AT_LEAST, _X32, otherwise=1), _return(_KILL))
    for rule in RULES[profile]:
        number = NUMBERS[rule.call][machine.column]
        if number is not None:
            yield from _rule(rule, number)
    yield _return(_ALLOW)


def _rule(rule: Rule, number: int) -> list[_Instruction]:
    verdict = _return(_ERROR | rule.error)
    body = [verdict] if rule.argument is None else [*_test(rule, verdict), _load(_NUMBER)]
    return [_if(_JUMP_EQUAL, number, otherwise=len(body)), *body]


def _test(rule: Rule, verdict: _Instruction) -> Iterator[_Instruction]:
    """Reach `verdict` if the argument is refused, else go on behind it."""
    values = rule.allowed or rule.refused
    yield _load(_ARGUMENTS + 8 * (rule.argument or 0))
    yield (_AND, 0, 0, rule.mask)
    for left, value in zip(reversed(range(len(values))), values, strict=True):
        if rule.allowed:
            yield (_JUMP_EQUAL, left + 1, 0, value)  # over the verdict
        else:
            yield (_JUMP_EQUAL, left, 0 if left else 1, value)  # to the verdict
    yield verdict


def _load(offset: int) -> _Instruction:
    return (_LOAD, 0, 0, offset)


def _if(jump: int, value: int, *, otherwise: int) -> _Instruction:
    """Go on with the next instruction if the test holds, else leave out that many."""
    return (jump, 0, otherwise, value)


def _return(verdict: int) -> _Instruction:
    return (_RETURN, 0, 0, verdict)
