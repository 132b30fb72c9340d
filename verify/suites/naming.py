"""Ids that can be directory names, each once."""

import re
from collections.abc import Container

from clawgym.paths import check_name
from verify.suites.suite import Notes

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def safe_id(name: str, taken: Container[str], notes: Notes) -> str:
    """`name` as a directory name that is not taken yet; every change is noted."""
    safe = _UNSAFE.sub("_", name.strip()).strip(".")[:120] or "task"
    if safe != name:
        notes.add("task-id", f"the id {name[:80]!r} is no directory name; it became {safe!r}")
    free, number = safe, 2
    while free in taken:
        free, number = f"{safe}-{number}", number + 1
    if free != safe:
        notes.add("duplicate-id", f"the id {safe!r} stands twice; this one became {free!r}")
    return check_name(free)
