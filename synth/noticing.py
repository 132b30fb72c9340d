"""Noticing: how somebody sees that a result is wrong, without knowing what is behind it."""

from collections import Counter
from typing import Literal

from synth.values import RowSet, Value

Sign = Literal["more", "fewer", "order", "values", "other"]


def sign_of(wrong: Value, right: Value) -> tuple[Sign, str]:
    """What strikes one about a wrong result, and the column in which it does, if in one."""
    if not (isinstance(wrong, RowSet) and isinstance(right, RowSet)):
        return "other", ""
    if len(wrong.rows) != len(right.rows):
        return ("more" if len(wrong.rows) > len(right.rows) else "fewer"), ""
    if wrong.names != right.names:
        return "other", ""
    if _cells(wrong) == _cells(right):
        return "order", ""
    off = [name for name in right.names if _column(wrong, name) != _column(right, name)]
    return ("values", off[0]) if off else ("other", "")


def _cells(rows: RowSet) -> Counter[str]:
    return Counter(repr(row) for row in rows.rows)


def _column(rows: RowSet, name: str) -> Counter[str]:
    return Counter(map(repr, rows.values(name)))
