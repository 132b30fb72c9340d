"""Which files of a skill's folder do not travel with it."""

import re
from dataclasses import dataclass

from clawgym.files import Files

IGNORE_FILES = (".gitignore", ".clawhubignore")
"""Files in the skill's root whose patterns, in the notation of git, are left out."""

_NEVER = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    keeps: bool
    folders_only: bool


def shipped(files: Files) -> Files:
    """The files that are published: no dot paths, no `node_modules`, nothing that is ignored."""
    rules = [rule for name in IGNORE_FILES if name in files for rule in _rules(files[name].data)]
    return Files({path: file for path, file in files.items() if _travels(path, rules)})


def _travels(path: str, rules: list[_Rule]) -> bool:
    parts = path.split("/")
    if any(part.startswith(".") or part in _NEVER for part in parts):
        return False
    places = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return not any(_ignored(place, rules, folder=place != path) for place in places)


def _ignored(place: str, rules: list[_Rule], *, folder: bool) -> bool:
    """Git's rule: the last pattern that matches decides."""
    for rule in reversed(rules):
        if (folder or not rule.folders_only) and rule.pattern.fullmatch(place):
            return not rule.keeps
    return False


def _rules(data: bytes) -> list[_Rule]:
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    return [_rule(line.rstrip()) for line in lines if line.strip() and not line.startswith("#")]


def _rule(line: str) -> _Rule:
    keeps = line.startswith("!")
    text = line[1:] if keeps else line.removeprefix("\\")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    body = _regex(text.lstrip("/"))
    return _Rule(re.compile(body if anchored else f"(?:.*/)?{body}"), keeps, folders_only)


def _regex(pattern: str) -> str:
    """Git's globs: `*` and `?` stay within a name, `**` crosses folders, `[a-z]` is a class."""
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?|\[!?[^\]]+\])", pattern)
    return "".join(map(_part, parts))


def _part(text: str) -> str:
    fixed = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if text in fixed:
        return fixed[text]
    if text.startswith("[") and text.endswith("]"):
        inside = text[1:-1].replace("\\", r"\\").replace("^", r"\^")
        return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return re.escape(text)
