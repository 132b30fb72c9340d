"""System calls that Python 3.11 has no names for, with errors as `OSError`."""

import ctypes
import os
import signal
import struct
from contextlib import suppress

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18

_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_IDMAP = 1, 0x00100000
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR, _SYS_CLOSE_RANGE = 428, 429, 442, 436

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAPABILITY_VERSION = 0x20080522
_SECCOMP_MODE_FILTER = 2
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def limit_watches(instances: int) -> None:
    """Go on in a user namespace of our own with so many inotify instances, and no more.

    The kernel counts them for each user of the host: boxes of the same user would take them from
    each other, and from the user's own programs.
    """
    user, group = os.geteuid(), os.getegid()
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")  # or /proc/self is root's
    unshare(CLONE_NEWUSER)
    map_own_user(user, group)
    limit_own_watches(instances)


def limit_own_watches(instances: int) -> None:
    """Allow so many inotify instances to all users of our own user namespace together."""
    with open("/proc/sys/user/max_inotify_instances", "w", encoding="ascii") as stream:
        stream.write(str(instances))


def map_own_user(user: int, group: int) -> None:
    """Stay who we are in a new user namespace."""
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as stream:
            stream.write(text)


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kinds: int) -> None:
    """Join namespaces of the process behind a pidfd, or the one behind a namespace descriptor."""
    _checked(_libc.setns(descriptor, kinds), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount something; the arguments are those of the system call."""
    words = [os.fsencode(word) or None for word in (source, target, kind)]
    _checked(
        _libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(options) or None), f"mount {target}"
    )


def bind(source: str, target: str, id_map: int | None = None) -> None:
    """Show a directory tree at another place, its owner translated by a user namespace.

    Args:
        source: the directory.
        target: an existing directory.
        id_map: a descriptor of a user namespace whose map leads from the owner on disk to the
            user who shall own the tree here; None leaves owners alone.
    """
    if id_map is None:
        mount(source, target, flags=MS_BIND | MS_REC)
        return
    tree = _checked(
        _libc.syscall(
            _SYS_OPEN_TREE,
            _AT_FDCWD,
            os.fsencode(source),
            _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC,
        ),
        f"open_tree {source}",
    )
    try:
        attributes = struct.pack("=QQQQ", _MOUNT_ATTR_IDMAP, 0, 0, id_map)
        _checked(
            _libc.syscall(
                _SYS_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, attributes, len(attributes)
            ),
            f"mount_setattr {source}",
        )
        _checked(
            _libc.syscall(
                _SYS_MOVE_MOUNT,
                tree,
                b"",
                _AT_FDCWD,
                os.fsencode(target),
                _MOVE_MOUNT_F_EMPTY_PATH,
            ),
            f"move_mount {target}",
        )
    finally:
        os.close(tree)


def children() -> list[int]:
    """The processes whose parent we are."""
    own, found = os.getpid(), list[int]()
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as stream:
                parent = stream.read().rpartition(b") ")[2].split()[1]
                if int(parent) == own:
                    found.append(int(name))
    return found


def close_from(lowest: int) -> None:
    """Close every descriptor from `lowest` up."""
    _checked(_libc.syscall(_SYS_CLOSE_RANGE, lowest, 0xFFFFFFFF, 0), "close_range")


def no_new_privileges() -> None:
    """From now on no program can gain privileges by its file's owner or capabilities."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def drop_bounding_capabilities() -> None:
    """Give up every capability for good, also those that a program's file could bring."""
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            return


def drop_capabilities() -> None:
    """Give up the capabilities at hand, as an ordinary user who starts a program does."""
    head = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc.capset(head, bytes(24)), "capset")


def pass_capabilities_on() -> None:
    """Let the program that we become keep our capabilities, though we are not root."""
    head = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    held = ctypes.create_string_buffer(24)
    _checked(_libc.capget(head, held), "capget")
    (low, low_permitted, _, high, high_permitted, _) = struct.unpack("=6I", held.raw)
    all_three = (low, low_permitted, low_permitted, high, high_permitted, high_permitted)
    _checked(_libc.capset(head, struct.pack("=6I", *all_three)), "capset")
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0:
            return


def make_read_only(target: str) -> None:
    """Make every mount from `target` down read-only, in our mount namespace."""
    attributes = struct.pack("=QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
    _checked(
        _libc.syscall(
            _SYS_MOUNT_SETATTR,
            _AT_FDCWD,
            os.fsencode(target),
            _AT_RECURSIVE,
            attributes,
            len(attributes),
        ),
        f"mount_setattr {target}",
    )


def die_with_parent() -> None:
    """SIGKILL us when the thread that forked us ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def hide_from_own_user() -> None:
    """Nobody but root may look into this process, not even its own user."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")


def show_to_own_user() -> None:
    """Undo `hide_from_own_user`: the process may look into itself again."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")


def filter_system_calls(program: bytes) -> None:
    """Install a seccomp program (`struct sock_filter` after `struct sock_filter`)."""
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0), "prctl seccomp")
