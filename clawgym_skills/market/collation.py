"""The order in which ClawHub sorts paths: JavaScript's `localeCompare`, which is ICU's root order.

Letters sort before case and accents count, so `README.md < references/a.md < SKILL.md`, which no
order by code points gives. The fingerprint of a skill is a hash over its paths in this order, so a
wrong order is a wrong fingerprint. Where PyICU is installed it decides; otherwise three levels of
weights from `collation.txt` do: exact for printable ASCII, and for other scripts as far as the
tests hold vectors that Node produced. What the table lacks goes by code
point, as Chinese does in ICU.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import Protocol, cast

_EXPANSIONS = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
_EXPANDED = 1
"""The tertiary weight of a letter that stands for two, which comes after the two."""

_GAP = 0x400
"""Between the weights of the table, which leaves room for the Korean letters."""

_BEYOND = 1 << 32
"""Above every weight of the table: what the table does not know, by code point."""

_MARK = 1_000

SortKey = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str] | tuple[bytes, str]


@dataclass(frozen=True)
class _Weights:
    """Primary, secondary and tertiary weight; a primary of 0 is an accent on what precedes."""

    primary: int
    secondary: int = 0
    tertiary: int = 0


class _Collator(Protocol):
    def getSortKey(self, text: str) -> bytes: ...  # noqa: N802 - the name is PyICU's


def sorted_as_clawhub(paths: Iterable[str]) -> list[str]:
    """`paths` as `[...].sort((a, b) => a.localeCompare(b))` orders them; ties by code point."""
    return sorted(paths, key=locale_key)


def locale_key(text: str) -> SortKey:
    """A key that sorts as `localeCompare` does in `en-US`; ties by code point."""
    if (collator := _icu()) is not None:
        return collator.getSortKey(text), text
    return table_key(text)


def table_key(text: str) -> SortKey:
    """`locale_key` by our own table, also where PyICU is installed."""
    weights = [weight for character in _decomposed(text) for weight in _weights(character)]
    return (
        tuple(weight.primary for weight in weights if weight.primary),
        tuple(weight.secondary for weight in weights),
        tuple(weight.tertiary for weight in weights),
        text,
    )


@cache
def _icu() -> _Collator | None:
    if find_spec("icu") is None:
        return None
    icu = import_module("icu")
    return cast("_Collator", icu.Collator.createInstance(icu.Locale("en_US")))


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@cache
def _weights(character: str) -> tuple[_Weights, ...]:
    if known := _table().get(character):
        return (known,)
    if pair := _EXPANSIONS.get(character):
        return tuple(_variant(_table()[letter], _EXPANDED) for letter in pair)
    plain = unicodedata.normalize("NFKD", character)
    if plain != character:
        inner = [weight for part in plain for weight in _weights(part)]
        return tuple(_variant(weight, _EXPANDED) for weight in inner)
    if unicodedata.category(character) in ("Cc", "Cf", "Mn", "Me"):
        return ()
    return (_unknown(character),)


def _variant(weight: _Weights, tertiary: int) -> _Weights:
    return _Weights(weight.primary, weight.secondary, weight.tertiary + tertiary)


def _unknown(character: str) -> _Weights:
    """Korean letters come right before kana; everything else follows its code point."""
    lower = character.lower()
    point = ord(lower[0])
    if 0x1100 <= point <= 0x11FF:
        return _Weights(_table()["ァ"].primary - _GAP + 1 + point - 0x1100)
    return _Weights(_BEYOND + point, 0, int(character != lower))


@cache
def _table() -> dict[str, _Weights]:
    """From the data files: a line a primary weight, a tab between secondary weights."""
    table: dict[str, _Weights] = {}
    folder = files("clawgym_skills.market")
    lines = folder.joinpath("collation.txt").read_text("utf-8").splitlines()
    for primary, line in enumerate(lines, 1):
        for secondary, group in enumerate(line.split("\t")):
            for tertiary, character in enumerate(group):
                table[character] = _Weights(primary * _GAP, secondary, tertiary * 2)
    marks = folder.joinpath("collation_marks.txt").read_text("ascii").split()
    for order, point in enumerate(marks):
        table[chr(int(point, 16))] = _Weights(0, _MARK + order)
    return table
