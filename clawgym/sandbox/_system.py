"""The read-only system that a bubblewrap box sees: `/usr`, a small `/etc`, `/proc`, `/dev`."""

import os
import shutil
from pathlib import Path

from clawgym.sandbox._launch import extra_python
from clawgym.sandbox.protocol import Limits

_RUN_BYTES = 16 * 1024**2

NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"),
    *("--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--as-pid-1", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000"),
    *("--hostname", "box", "--clearenv"),
)

_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC_COPIED = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "mime.types")
_ALTERNATIVES = "/etc/alternatives"
"""Hundreds of links: bound, as copying them would cost every process 60 ms."""

_ETC_WRITTEN = {
    "passwd": "user:x:1000:1000::/workspace:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "group": "user:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost box\n::1 localhost\n",
    "hostname": "box\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def write_system(directory: Path) -> None:
    """Write the files of a box's system that are not the host's own."""
    directory.mkdir(mode=0o755)
    etc = directory / "etc"
    etc.mkdir(mode=0o755)
    for name, text in _ETC_WRITTEN.items():
        (etc / name).write_text(text, encoding="utf-8")
    for name in _ETC_COPIED:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, etc / name, symlinks=True)
        elif source.exists():
            shutil.copyfile(source, etc / name)
    if os.path.isdir(_ALTERNATIVES):
        (etc / "alternatives").mkdir(mode=0o755)


def temporary_sizes(limits: Limits) -> dict[str, int]:
    """The temporary directories of a box by name, and how many bytes each may hold."""
    return {"tmp": limits.tmp_bytes, "shm": limits.tmp_bytes, "run": _RUN_BYTES}


def system_arguments(system: str, python: str, temporary: str) -> list[str]:
    """The bubblewrap options for a box's system.

    The clock is UTC on every machine: the host's time zone stays outside.

    Args:
        system: where the directory of `write_system` stands when bubblewrap starts.
        python: where the Python that the host's `/usr` lacks stands then, if it does.
        temporary: where the directories of `temporary_sizes` stand then.
    """
    prefix = extra_python()
    return [
        *("--ro-bind", "/usr", "/usr"),
        *_system_links(),
        *("--ro-bind", f"{system}/etc", "/etc"),
        *(("--ro-bind", _ALTERNATIVES, _ALTERNATIVES) if os.path.isdir(_ALTERNATIVES) else ()),
        *(("--ro-bind", python, str(prefix)) if prefix else ()),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--bind", f"{temporary}/shm", "/dev/shm"),  # noqa: S108
        *("--bind", f"{temporary}/tmp", "/tmp"),  # noqa: S108 - the one inside
        *("--dir", "/var", "--symlink", "../tmp", "/var/tmp"),  # noqa: S108
        *("--bind", f"{temporary}/run", "/run"),
    ]


def closing_arguments() -> list[str]:
    """The options that come after every mount point exists: nothing else can be written."""
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
