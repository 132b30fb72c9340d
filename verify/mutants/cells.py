"""Single mistakes in single values, and the comparison of values by what they mean."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from random import Random

Cell = str | int | float | bool | None

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_COMPACT_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])([0-3]\d)(?=T|\b)")
_FIRST_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")


def number_of(cell: Cell) -> float | None:
    """The number that a cell holds, None where it holds none."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, str):
        return _number_in(cell)
    return float(cell) if math.isfinite(cell) else None


@lru_cache(maxsize=1 << 14)
def _number_in(cell: str) -> float | None:
    """Mutants of a file are compared cell by cell: the same texts come again and again."""
    text = cell.strip()
    return float(text) if len(text) < 40 and _NUMBER.fullmatch(text) else None


def meaning_of(cell: Cell) -> str:
    """A cell as text, numbers with two decimals: what two readers would agree on."""
    number = number_of(cell)
    if number is not None:
        return f"{number:.2f}"
    if cell is None:
        return ""
    return cell.strip() if isinstance(cell, str) else str(cell).lower()


def off_by_one(cell: Cell) -> Cell:
    """One more, written as before; None where there is no number to count up."""
    if isinstance(cell, bool) or number_of(cell) is None:
        return None
    if isinstance(cell, str):
        decimals = len(cell.strip().partition(".")[2])
        return f"{float(cell) + 1:.{decimals}f}"
    return cell + 1 if cell is not None else None


def wrong_date(text: str) -> str | None:
    """The first ISO date turned into day/month/year; None where there is none."""
    if _DATE.search(text):
        return _DATE.sub(r"\3/\2/\1", text, count=1)
    if _COMPACT_DATE.search(text):
        return _COMPACT_DATE.sub(r"\3\2\1", text, count=1)
    return None


def off_by_one_in(text: str) -> str | None:
    """The first number that stands by itself in a line, one up; None where there is none."""
    found = _FIRST_NUMBER.search(text)
    if not found:
        return None
    return text[: found.start()] + str(off_by_one(found[0])) + text[found.end() :]


def blank(cell: Cell) -> Cell:
    """Nothing, where something stood."""
    return "" if isinstance(cell, str) else None


def stale_for(cell: Cell, candidates: Sequence[str], rng: Random) -> Cell:
    """A value from the inputs that differs from the cell and is of its kind; None without one."""
    if cell is None or isinstance(cell, bool):
        return None
    wanted_number = number_of(cell) is not None
    fitting = [
        text
        for text in candidates
        if (number_of(text) is not None) == wanted_number
        and text.strip()
        and meaning_of(text) != meaning_of(cell)
    ]
    if not fitting:
        return None
    chosen = rng.choice(fitting)
    if isinstance(cell, str):
        return chosen
    number = float(chosen)
    return int(number) if number.is_integer() else number
