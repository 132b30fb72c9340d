"""What happens between the sandbox and the command: directory, limits, clean environment."""

import os
import re
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.sandbox.protocol import Limits

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
UNLIMITED = "unlimited"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PYTHON = re.compile(r"python3\.(\d+)")
_OLDEST_PYTHON = 9
_BLOCK = 512  # the unit of POSIX `ulimit -f`


@dataclass(frozen=True)
class Command:
    """One command as asked for, with every default filled in."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    stdin: bytes | None
    timeout: float
    warm: bool = False
    """Whether a warm interpreter may stand in for the `python3 -I -S -B` that `argv` starts."""


def launcher(command: Command, limits: Limits, *, processes: str) -> list[str]:
    """The command behind the shell lines that change directory and set its limits.

    A missing directory ends with exit code 126, a missing program with 127, as in any shell.
    """
    file_blocks = _capped(limits.file_bytes, resource.RLIMIT_FSIZE) // _BLOCK
    open_files = _capped(limits.open_files, resource.RLIMIT_NOFILE)
    numbers = (str(file_blocks), str(open_files), processes)
    return ["/bin/sh", "-c", _script(), "box", command.cwd, *numbers, *command.argv]


def clean_environment(
    places: Mapping[str, str], *, home: str, extra: Mapping[str, str]
) -> dict[str, str]:
    """A command's whole environment: nothing of the harness's own gets in.

    `places` maps each mount to where it stands inside; each is told as `CLAWGYM_<NAME>`.
    """
    return {
        "PATH": ":".join(inner_path()),
        "HOME": home,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **{f"CLAWGYM_{_upper(name)}": place for name, place in places.items()},
        **extra,
    }


def check_environment(env: Mapping[str, str]) -> Mapping[str, str]:
    """Return `env` if a shell can carry every variable.

    Raises:
        UsageError: a name is no identifier, or a value holds a NUL byte.
    """
    for name, value in env.items():
        if not _NAME.fullmatch(name) or "\0" in value:
            raise UsageError(f"{name!r} cannot be an environment variable; rename or drop it")
    return env


@cache
def inner_path() -> tuple[str, ...]:
    """The directories of PATH; ours come first where the system has no Python 3.9 or newer."""
    if _system_python_is_fine():
        return SYSTEM_PATH
    return (f"{sys.base_prefix}/bin", *SYSTEM_PATH)


@cache
def inner_python() -> str:
    """Where a command inside finds `python3`; the same file is there on the host."""
    candidates = (f"{folder}/python3" for folder in inner_path())
    found = (name for name in candidates if _is_inside(name) and os.access(name, os.X_OK))
    return next(found, "/usr/bin/python3")


@cache
def extra_python() -> Path | None:
    """The Python installation that a box needs beside `/usr`, if any."""
    return None if _system_python_is_fine() else Path(sys.base_prefix)


@cache
def _system_python_is_fine() -> bool:
    for folder in SYSTEM_PATH:
        real = os.path.realpath(f"{folder}/python3")
        # A link that leaves /usr dangles inside the box, and PATH moves on.
        if real.startswith("/usr/") and os.access(real, os.X_OK):
            found = _PYTHON.fullmatch(os.path.basename(real))
            return found is not None and int(found[1]) >= _OLDEST_PYTHON
    return False


def _is_inside(program: str) -> bool:
    real = os.path.realpath(program)
    return real.startswith(("/usr/", f"{os.path.realpath(sys.base_prefix)}/"))


@cache
def _script() -> str:
    return files("clawgym.sandbox").joinpath("launch.sh").read_text(encoding="utf-8")


def _capped(wanted: int, kind: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _upper(name: str) -> str:
    return name.upper().replace("-", "_")


def words(argv: Sequence[str]) -> tuple[str, ...]:
    """Return `argv` as a tuple.

    Raises:
        UsageError: there is no program to run.
        ValueError: no system can pass a word on.
    """
    if not argv:
        raise UsageError("argv is empty: name at least the program to run")
    for word in argv:
        if b"\0" in os.fsencode(word):
            raise ValueError("embedded null byte")
    return tuple(argv)
