"""What of the host a Landlock box can open: a read-only system, a few devices, no process."""

import glob
import os
from pathlib import Path

from clawgym.sandbox._launch import extra_python

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = (
    *("alternatives", "fonts", "gitconfig", "inputrc", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "magic", "magic.mime", "mime.types", "nsswitch.conf", "os-release", "perl"),
    *("protocols", "python3*", "java-*", "services", "terminfo", "ssl/certs", "ssl/openssl.cnf"),
    "xattr.conf",
)
"""Neither the users nor the hosts that this machine knows, nor its time zone: the clock is UTC."""

_PROC = (
    *("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version"),
    *("sys/kernel/cap_last_cap", "sys/kernel/ngroups_max", "sys/kernel/osrelease"),
    *("sys/kernel/ostype", "sys/kernel/pid_max", "sys/kernel/random", "sys/kernel/version"),
    *("sys/vm/max_map_count", "sys/vm/overcommit_memory"),
)
"""No directory of a process: the kernel would show those of all others with it, with their command
lines. Links such as `/dev/stdin` lead through them and work all the same."""

_SYS = ("devices/system/cpu/online", "devices/system/cpu/possible")
_DEVICES = ("null", "zero", "full", "random", "urandom")


def system_paths() -> list[str]:
    """Host files and directories that every box may read and execute."""
    patterns = [
        *_SYSTEM,
        *(f"/etc/{name}" for name in _ETC),
        *(f"/proc/{name}" for name in _PROC),
        *(f"/sys/{name}" for name in _SYS),
    ]
    python = extra_python()
    found = [path for pattern in patterns for path in glob.glob(pattern)]
    return [*found, *([str(python)] if python else [])]


def device_paths() -> list[str]:
    """Devices that every box may read and write."""
    return [path for name in _DEVICES if os.path.exists(path := str(Path("/dev", name)))]
