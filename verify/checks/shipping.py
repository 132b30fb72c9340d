"""The `tests/` folder of a task: the checks, and only those parts of the runtime they need."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from clawgym.files import File, Files
from verify.checks.checkset import CheckSet

_IMPORT = re.compile(r"^(?:from checklib\.|from checklib import )(\w+)", re.MULTILINE)
_RUNTIME = files("verify").joinpath("task_runtime")


def verifier_files(checks: CheckSet) -> Files:
    """The `tests/` folder of a task: a self-contained verifier for these checks."""
    modules = needed_modules(name for check in checks.checks for name in check.needed_modules())
    entries: dict[str, File | bytes | str] = {
        f"checklib/{name}.py": _module(name) for name in modules
    }
    entries["checks.json"] = checks.model_dump_json(indent=1) + "\n"
    entries["grade.py"] = _RUNTIME.joinpath("grade.py").read_bytes()
    entries["test.sh"] = File(_RUNTIME.joinpath("test.sh").read_bytes(), executable=True)
    return Files(entries)


def needed_modules(names: Iterable[str]) -> list[str]:
    """These modules of `checklib`, what they import, and what `grade.py` itself needs; sorted."""
    needed: set[str] = set()
    waiting = ["case", "verdict", *names]
    while waiting:
        if (name := waiting.pop()) not in needed:
            needed.add(name)
            waiting += _imports(name)
    return sorted(needed)


@cache
def _module(name: str) -> bytes:
    return _RUNTIME.joinpath("checklib", f"{name}.py").read_bytes()


@cache
def _imports(name: str) -> tuple[str, ...]:
    return tuple(_IMPORT.findall(_module(name).decode()))
