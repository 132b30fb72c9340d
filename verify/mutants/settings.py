"""INI files: mistakes in single settings, and changes to what should have been left alone."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from random import Random

from verify.mutants.cells import meaning_of, off_by_one, stale_for
from verify.mutants.mutant import Site, Surroundings

_Mistake = tuple[str, str, Callable[[], list[str]]]
_Entry = tuple[int, str, str, str]
"""Line, section, key, value."""


class SettingsFormat:
    """`[section]`, `key = value`, comments after `#` or `;`."""

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """Settings by section and key, the comments, and how often each stands there."""
        del ordered
        lines = data.decode("utf-8-sig").splitlines()
        entries = [(s, key, meaning_of(value)) for _, s, key, value in _entries(lines)]
        others = [line.strip() for line in lines if line.strip() and "=" not in line]
        return frozenset(Counter([*entries, *others]).items())

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Mistakes at every setting and every comment."""
        lines = data.decode("utf-8-sig").splitlines()

        def site(operator: str, where: str, spoil: Callable[[], list[str]]) -> Site:
            def make() -> bytes:
                return ("\n".join(spoil()) + "\n").encode()

            return Site(operator, where, make)

        return [site(*mistake) for mistake in _mistakes(lines, around, rng)]


def _entries(lines: list[str]) -> list[_Entry]:
    section, found = "", list[_Entry]()
    for at, line in enumerate(lines):
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
        elif text and not text.startswith(("#", ";")) and "=" in text:
            key, _, value = text.partition("=")
            found.append((at, section, key.strip(), value.strip()))
    return found


def _mistakes(lines: list[str], around: Surroundings, rng: Random) -> Iterator[_Mistake]:
    entries = _entries(lines)
    before = {
        (section, key): value
        for _, section, key, value in _entries((around.before or b"").decode().splitlines())
    }
    for number, (at, section, key, value) in enumerate(entries):
        where = f"{section}.{key}"
        spoilt = {
            "off-by-one": off_by_one(value),
            "empty-cell": "",
            "stale-value": before.get((section, key))
            or stale_for(value, around.stale.get(key) or around.stale.get("", ()), rng),
            "swapped-fields": entries[number - 1][3],
        }
        for operator, wrong in spoilt.items():
            if wrong is not None:
                yield operator, where, partial(_put, lines, at, f"{key} = {wrong}")
        yield "drop-key", where, partial(_put, lines, at)
        yield "duplicate-key", where, partial(_put, lines, at, lines[at], f"{key} = other")
        yield "add-key", where, partial(_put, lines, at, lines[at], f"{key}_2 = 1")
    for at, line in enumerate(lines):
        if line.strip().startswith(("#", ";")):
            yield "drop-comment", f"line {at + 1}", partial(_put, lines, at)
        if line.strip().startswith("["):
            yield "rename-section", line.strip(), partial(_put, lines, at, "[other]")
    kept = len(lines) * 2 // 3
    yield "truncated", f"after line {kept}", lambda: lines[:kept]


def _put(lines: list[str], at: int, *instead: str) -> list[str]:
    return [*lines[:at], *instead, *lines[at + 1 :]]
