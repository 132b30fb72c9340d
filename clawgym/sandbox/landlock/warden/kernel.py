"""Landlock and the other system calls that Python has no names for, with errors as `OSError`.

Landlock: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import signal
import struct

from clawgym.sandbox.landlock.warden.plan import Plan

OLDEST_ABI = 3
"""The first version of Landlock's interface that keeps files outside from being truncated."""

SCOPE_ABI = 6
"""The first one that keeps signals inside."""

_NET_ABI, _IOCTL_ABI = 4, 5
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every machine
_PATH_BENEATH = 1
_SCOPE_SIGNALS, _SCOPE_ALL = 2, 3  # the other one is abstract sockets
_TCP = 3  # bind, connect
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DEVICES = 1 << 6 | 1 << 11
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIRECTORY
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL

_SET_PDEATHSIG, _SET_SECCOMP, _CAPBSET_DROP, _SET_SECUREBITS = 1, 22, 24, 28
_SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 36, 38, 47
_SECCOMP_FILTER = 2
_AMBIENT_RAISE, _AMBIENT_CLEAR = 2, 4
_NO_SETUID_FIXUP_LOCKED = 1 << 2 | 1 << 3
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """The version of this kernel's Landlock interface.

    Raises:
        OSError: there is none: ENOSYS, EOPNOTSUPP (switched off at boot) or EPERM (filtered).
    """
    return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))


def ruleset(plan: Plan) -> int:
    """Landlock's rules for a box, as a descriptor; what no rule allows is refused.

    Raises:
        OSError: a path does not exist, or the kernel lacks `plan.abi`.
    """
    rights = (1 << (16 if plan.abi >= _IOCTL_ABI else 15)) - 1
    network = _TCP if plan.abi >= _NET_ABI else 0
    rules = _create_ruleset(rights, network, _SCOPE_ALL if plan.abi >= SCOPE_ABI else 0)
    for paths, allowed in (
        (plan.read, _READ),
        (plan.write, rights & ~(_MAKE_DEVICES | _IOCTL)),
        (plan.devices, rights & _ON_FILES & ~_EXECUTE),
    ):
        for path in paths:
            _allow(rules, path, allowed)
    return rules


def lock_in(rules: int, system_calls: bytes) -> None:
    """Bind this process and all that descend from it to a ruleset and a seccomp program."""
    _prctl(_SET_NO_NEW_PRIVS, 1)
    _restrict_self(rules)
    code = ctypes.create_string_buffer(system_calls, len(system_calls))
    head = struct.pack("@HP", len(system_calls) // 8, ctypes.addressof(code))
    _prctl(_SET_SECCOMP, _SECCOMP_FILTER, head)


def scope_signals() -> bool:
    """Give up signals to all but the descendants-to-be; whether that is really in force.

    Whatever this process starts lives in the same scope, or in one inside it.
    """
    _prctl(_SET_NO_NEW_PRIVS, 1)
    _restrict_self(_create_ruleset(0, 0, _SCOPE_SIGNALS))
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return True
    return False


def become_subreaper() -> None:
    """Adopt every descendant that loses its parent."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the parent ends; lost on a change of user, so call it after that."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)


def become(user: int, *, pass_directories: bool) -> None:
    """Turn from root into another user; `pass_directories` leaves it one capability.

    Without mounts of its own, a box finds its files where they are. Below a `/root` that lets
    nobody through it cannot without that; what it may open at all, Landlock decides. Docker does
    not grant the right capability but a wider one, which passes by the modes of files as well.
    """
    held = _permitted_capabilities()
    kept = _DAC_READ_SEARCH if held >> _DAC_READ_SEARCH & 1 else _DAC_OVERRIDE
    # Capabilities stay when the user changes, and count in access(2) as they do in open(2)
    _prctl(_SET_SECUREBITS, _NO_SETUID_FIXUP_LOCKED)
    for capability in range(_LAST_CAPABILITY + 1):
        if not (pass_directories and capability == kept):
            _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # fails where there is no such one
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    if pass_directories:
        _keep_capabilities(1 << kept)
        _prctl(_CAP_AMBIENT, _AMBIENT_RAISE, kept)
    else:
        drop_capabilities()


def drop_capabilities() -> None:
    """Give up what an ordinary user may have been granted beyond the ordinary."""
    _prctl(_CAP_AMBIENT, _AMBIENT_CLEAR)
    _keep_capabilities(0)


def _permitted_capabilities() -> int:
    data = ctypes.create_string_buffer(24)
    if _libc.capget(struct.pack("@Ii", _CAPABILITY_VERSION, 0), data):
        raise _error()
    _, permitted, _, _, more, _ = struct.unpack("@6I", data.raw)
    return permitted | more << 32


def _keep_capabilities(kept: int) -> None:
    header = struct.pack("@Ii", _CAPABILITY_VERSION, 0)
    if _libc.capset(header, struct.pack("@6I", kept, kept, kept, 0, 0, 0)):
        raise _error()


def _allow(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= _ON_FILES
        rule = struct.pack("=Qi", rights, place)
        _call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)


def _create_ruleset(files: int, network: int, scope: int) -> int:
    # An older kernel takes the longer structure as long as what it does not know is zero
    attributes = struct.pack("=QQQ", files, network, scope)
    size = ctypes.c_size_t(len(attributes))
    return _call(_CREATE_RULESET, attributes, size, ctypes.c_uint32(0))


def _restrict_self(rules: int) -> None:
    _call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise _error()
    return result


def _prctl(option: int, *arguments: int | bytes) -> None:
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in arguments]
    zeros = [ctypes.c_ulong(0)] * (4 - len(words))
    if _libc.prctl(ctypes.c_int(option), *words, *zeros):
        raise _error()


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
