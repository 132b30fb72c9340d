"""What a name or a digest says: typosquats of known names, look-alike letters, known-bad skills."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from clawgym.errors import UsageError
from clawgym_skills.scan.collector import Collector

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SEPARATORS = re.compile(r"[-_\s.]+")


@dataclass(frozen=True)
class Names:
    """Names worth imitating: `reserved` belong to the platforms, `popular` to well-known skills."""

    reserved: frozenset[str]
    popular: frozenset[str]
    confusable: dict[str, str]
    official: frozenset[str]


def scan_name(name: str, owner: str | None, skill_file: str, found: Collector) -> None:
    """Compare the skill's name with those worth imitating."""
    known = _names()
    compact = _SEPARATORS.sub("", name.lower())
    if (owner or "").lower() in known.official:
        return
    shape = skeleton(compact)
    if not name.isascii() and shape != compact and shape in known.reserved | known.popular:
        found.add("SC601", skill_file, detail=f"{name!a} looks like {shape}")
    elif compact in known.reserved:
        if owner is not None:
            found.add("SC603", skill_file, detail=f"{name} by {owner}")
    elif imitated := _imitated(compact, known):
        found.add("SC602", skill_file, detail=f"{name} is close to {imitated}")


def _imitated(name: str, known: Names) -> str:
    if name in known.popular:
        return ""
    for target in sorted(known.reserved):
        if len(target) >= 5 and name != target and 0 < distance(name, target) <= 1:
            return target
    for target in sorted(known.popular):
        if len(target) >= 6 and distance(name, target) == 1:
            return target
    return ""


def distance(left: str, right: str, limit: int = 2) -> int:
    """How many insertions, deletions, replacements and swaps apart; `limit` if that or more."""
    if abs(len(left) - len(right)) >= limit:
        return limit
    before: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) >= limit:
            return limit
        before, last = last, row
    return min(limit, last[-1])


def skeleton(name: str) -> str:
    """A name with look-alike letters replaced by those they are taken for."""
    table = _names().confusable
    folded = unicodedata.normalize("NFKC", name)
    return "".join(table.get(character, character) for character in folded)


def scan_digests(digests: Iterable[tuple[str, str]], bad: frozenset[str], found: Collector) -> None:
    """Compare digests, each with the path it is of, with a list of known-bad ones."""
    for path, digest in digests:
        if digest in bad:
            found.add("SC604", path, detail=digest)


def read_bad_digests(path: Path) -> frozenset[str]:
    """The SHA-256 digests in a list: one a line, what follows it and lines with `#` are comments.

    Raises:
        UsageError: the list cannot be read, or a line is no digest.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the list of digests {path} cannot be read: {error}") from error
    digests: set[str] = set()
    for number, line in enumerate(lines, 1):
        word = line.partition("#")[0].strip().lower().removeprefix("sha256:").partition(" ")[0]
        if word and not _DIGEST.fullmatch(word):
            raise UsageError(f"{path}:{number}: {word[:80]!r} is no SHA-256 in hexadecimal")
        digests.update([word] if word else [])
    return frozenset(digests)


@cache
def _names() -> Names:
    text = files("clawgym_skills.scan").joinpath("data/names.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return Names(
        reserved=frozenset(table["reserved"]),
        popular=frozenset(_SEPARATORS.sub("", name) for name in table["popular"]),
        confusable={
            wrong: right for right, wrongs in table["confusable"].items() for wrong in wrongs
        },
        official=frozenset(table["official"]),
    )
