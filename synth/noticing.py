"""Noticing: how somebody sees that a result is wrong, without knowing what is behind it."""

from collections import Counter
from typing import Literal

from synth.values import Row, RowSet, Value, plain

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


def example_of(wrong: Value, right: Value) -> str:
    """One of the rows that strike one, by its key; "" where there is none that can be named."""
    if not (isinstance(wrong, RowSet) and isinstance(right, RowSet)):
        return ""
    if wrong.names != right.names or len(right.key) != 1 or right.key[0] not in right.names:
        return ""
    found, known = _by_key(wrong), _by_key(right)
    if len(found) != len(wrong.rows) or len(known) != len(right.rows):
        return ""
    sign, column = sign_of(wrong, right)
    if sign == "more":
        keys = [key for key in found if key not in known]
    elif sign == "fewer":
        keys = [key for key in known if key not in found]
    else:
        at = right.index(column) if column else -1
        keys = [key for key, row in known.items() if key in found and found[key][at] != row[at]]
        keys = keys if column and column not in right.key else []
    named = [key for key in keys if all(key) and not key[0].isdigit()]
    return f"`{named[0][0]}`" if named else ""


def _by_key(rows: RowSet) -> dict[tuple[str, ...], Row]:
    places = [rows.index(name) for name in rows.key]
    return {tuple(plain(row[place]) for place in places): row for row in rows.rows}
