"""Ignore files: the patterns of `.gitignore`, read the way git reads them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    negated: bool
    directories_only: bool


class IgnoreRules:
    """Patterns in order; the last one that matches decides, and a `!` brings a path back.

    As in git, nothing below an ignored directory can be brought back.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = tuple(_rules(lines))

    def ignores(self, path: str) -> bool:
        """Whether the file at this relative path, or a directory above it, is ignored."""
        parts = path.split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return any(self._matches(parent, directory=True) for parent in above) or self._matches(
            path, directory=False
        )

    def _matches(self, path: str, *, directory: bool) -> bool:
        ignored = False
        for rule in self._rules:
            if rule.directories_only and not directory:
                continue
            if rule.pattern.fullmatch(path):
                ignored = not rule.negated
        return ignored


def _rules(lines: Iterable[str]) -> Iterator[_Rule]:
    for line in lines:
        text = re.sub(r"(?<!\\)[ \t]+$", "", line)
        if not text or text.startswith("#"):
            continue
        negated = text.startswith("!")
        text = text[negated:]
        body = text.strip("/") if text.endswith("/") else text.lstrip("/")
        if body:
            anchored = "/" in text.rstrip("/")
            yield _Rule(_compile(body, anchored=anchored), negated, text.endswith("/"))


def _compile(body: str, *, anchored: bool) -> re.Pattern[str]:
    pieces = list(_translate(body))
    prefix = "" if anchored else "(?:.*/)?"
    # The npm package that ClawHub's tools use ignores case, and so do we.
    return re.compile(prefix + "".join(pieces), re.IGNORECASE | re.DOTALL)


_TOKEN = re.compile(
    r"(?P<deep_start>\A\*\*/)|(?P<deep_end>/\*\*\Z)|(?P<deep>/\*\*(?=/))|(?P<star>\*+)|(?P<one>\?)"
    r"|(?P<set>\[[!^]?\]?[^\]/]*\])|\\(?P<escaped>.)|(?P<plain>.)",
    re.DOTALL,
)
_FIXED = {
    "deep_start": "(?:.*/)?",
    "deep_end": "/.+",
    "deep": "(?:/.*)?",
    "star": "[^/]*",
    "one": "[^/]",
}


def _translate(body: str) -> Iterator[str]:
    for found in _TOKEN.finditer(body):
        kind = found.lastgroup or "plain"
        if kind in _FIXED:
            yield _FIXED[kind]
        elif kind == "set":
            yield _character_set(found["set"])
        else:
            yield re.escape(found[kind])


def _character_set(text: str) -> str:
    inner = text[1:-1]
    negated = inner[:1] in ("!", "^")
    inner = inner[negated:].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    candidate = f"[{'^/' if negated else ''}{inner}]"
    try:
        re.compile(candidate)
    except re.error:  # such as a range that runs backwards, which matches nothing in git
        return "(?!)"
    return candidate
