"""The read-only system that a bubblewrap box sees: `/usr`, a small `/etc`, `/proc`, `/dev`."""

import os
import shutil
import stat
from pathlib import Path

from clawgym.errors import SandboxError
from clawgym.sandbox._launch import extra_python

TMP_BYTES = 64 * 1024**2
RUN_BYTES = 16 * 1024**2

NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"),
    *("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "box", "--clearenv"),
)

_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC_COPIED = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "mime.types")
_ETC_WRITTEN = {
    "passwd": "user:x:1000:1000::/workspace:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "group": "user:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost box\n::1 localhost\n",
    "hostname": "box\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}  # minor numbers, major 1
_HIDDEN = (
    "interrupts",
    "kallsyms",
    "kcore",
    "keys",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "mtrr",
    "slabinfo",
    "timer_list",
    "vmallocinfo",
)
_NOBODY = 65534


def system_arguments(directory: Path) -> list[str]:
    """Write what a box's system needs into `directory` and return the bubblewrap options for it.

    The clock is UTC on every machine: the host's time zone stays outside.

    Raises:
        SandboxError: the caller is root and cannot make devices of its own.
    """
    directory.mkdir(mode=0o755)
    return [
        *("--ro-bind", "/usr", "/usr"),
        *_system_links(),
        *("--ro-bind", str(_make_etc(directory / "etc")), "/etc"),
        *_python(),
        *("--proc", "/proc"),
        *_hidden(directory / "empty"),
        *("--dev", "/dev"),
        *_private_devices(directory / "dev"),
        *_tmpfs("/dev/shm", TMP_BYTES),  # noqa: S108
        *_tmpfs("/tmp", TMP_BYTES),  # noqa: S108 - the one inside
        *("--dir", "/var", "--symlink", "../tmp", "/var/tmp"),  # noqa: S108
        *_tmpfs("/run", RUN_BYTES),
    ]


def closing_arguments() -> list[str]:
    """The options that come after every mount point exists: nothing else can be written.

    Root in a user namespace keeps the host's uid 0, for which the kernel lets `/proc/sys` be
    written without any capability; a read-only `/proc` closes that.
    """
    return ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"]


def _system_links() -> list[str]:
    options: list[str] = []
    for name in _LINKED:
        path = Path("/", name)
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    return options


def _make_etc(target: Path) -> Path:
    target.mkdir(mode=0o755)
    for name, text in _ETC_WRITTEN.items():
        (target / name).write_text(text, encoding="utf-8")
    for name in _ETC_COPIED:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, target / name, symlinks=True)
        elif source.exists():
            shutil.copyfile(source, target / name)
    return target


def _python() -> list[str]:
    prefix = extra_python()
    return [] if prefix is None else ["--ro-bind", str(prefix), str(prefix)]


def _hidden(empty: Path) -> list[str]:
    """Cover the files of `/proc` that tell about the host and that the host's owner may read."""
    empty.touch(mode=0o444)
    options: list[str] = []
    for name in _HIDDEN:
        if Path("/proc", name).exists():
            options += ["--ro-bind", str(empty), f"/proc/{name}"]
    return options


def _private_devices(target: Path) -> list[str]:
    """Devices that the box cannot chmod, where bubblewrap would show those that we own.

    Only root owns the host's `/dev/null`; it makes its own set and gives it away.
    """
    if os.stat("/dev/null").st_uid != os.geteuid():
        return []
    target.mkdir(mode=0o755)
    options: list[str] = []
    for name, minor in _DEVICES.items():
        _make_device(target / name, os.makedev(1, minor))
        options += ["--dev-bind", str(target / name), f"/dev/{name}"]
    _make_device(target / "tty", os.makedev(5, 0))
    return [*options, "--dev-bind", str(target / "tty"), "/dev/tty"]


def _make_device(path: Path, number: int) -> None:
    try:
        os.mknod(path, stat.S_IFCHR, number)
        os.chmod(path, 0o666)  # noqa: S103 - as /dev/null is everywhere
        os.chown(path, _NOBODY, _NOBODY)
    except OSError as error:
        raise SandboxError(
            f"root needs devices of its own for a box, and {path} cannot be made: "
            f"{error.strerror}; run as an ordinary user"
        ) from error


def _tmpfs(place: str, size: int) -> list[str]:
    return ["--size", str(size), "--perms", "1777", "--tmpfs", place]
