"""Noticing: how somebody sees that a result is wrong, as far as one sees it by looking at it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.operations.base import listing
from synth.sights import Sight, masked_in, seen_in_lines
from synth.values import Cell, Report, Role, Row, RowSet, Value, plain
from synth.values.drafts import Drafts
from synth.values.folder import Folder

Sign = Literal["more", "fewer", "order", "values", "other"]

_NUMBERED = re.compile(r"(\D*)(\d+)(\D*)")
_TELLING = 2
"""By so many columns a row may be told that has no name."""

_FEW = 3
"""In so many columns a row may be wrong and still be the same one."""

_TWICE = 2
_GROUPS = (Role.CATEGORY, Role.LINK)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")

_SHORT = re.compile(r"[^`\n]{1,40}")
"""What can be said of a cell in passing."""


def seen(wrong: Value, right: Value, kind: ArtifactKind, path: str) -> Sight:
    """What somebody sees who looks at a wrong result and knows how it ought to be."""
    if isinstance(wrong, RowSet) and isinstance(right, RowSet):
        return _seen_in_rows(wrong, right)
    if isinstance(wrong, Report) and isinstance(right, Report):
        return _seen_in_report(wrong, right)
    if isinstance(wrong, Drafts) and isinstance(right, Drafts):
        return _seen_in_drafts(wrong, right)
    if isinstance(wrong, Folder) and isinstance(right, Folder) and path.endswith(".zip"):
        return replace(_seen_in_files(dict(wrong.contents), dict(right.contents)), where="")
    return _seen_in_files(wrong.files(kind, path), right.files(kind, path))


# Rows


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
    off = _columns_off(wrong, right)
    return ("values", off[0]) if off else ("other", "")


def _cells(rows: RowSet) -> Counter[str]:
    return Counter(repr(row) for row in rows.rows)


def _columns_off(wrong: RowSet, right: RowSet) -> list[str]:
    return [name for name in right.names if _column(wrong, name) != _column(right, name)]


def _column(rows: RowSet, name: str) -> Counter[str]:
    return Counter(map(repr, rows.values(name)))


def _examples(wrong: Value, right: Value) -> list[str]:
    """The rows that strike one, by their keys; those that can be named."""
    if not (isinstance(wrong, RowSet) and isinstance(right, RowSet)):
        return []
    if wrong.names != right.names or len(right.key) != 1 or right.key[0] not in right.names:
        return []
    found, known = _by_key(wrong), _by_key(right)
    if len(found) != len(wrong.rows) or len(known) != len(right.rows):
        return []
    sign, column = sign_of(wrong, right)
    if sign == "more":
        keys = [key for key in found if key not in known]
    elif sign == "fewer":
        keys = [key for key in known if key not in found]
    else:
        at = right.index(column) if column else -1
        keys = [key for key, row in known.items() if key in found and found[key][at] != row[at]]
        keys = keys if column and column not in right.key else []
    return [f"`{key[0]}`" for key in keys if all(key) and not key[0].isdigit()]


def _by_key(rows: RowSet) -> dict[tuple[str, ...], Row]:
    places = [rows.index(name) for name in rows.key]
    return {tuple(plain(row[place]) for place in places): row for row in rows.rows}


def _seen_in_rows(wrong: RowSet, right: RowSet) -> Sight:
    sign, _ = sign_of(wrong, right)
    named = _examples(wrong, right)
    if sign in ("more", "fewer"):
        return _seen_in_number(sign, wrong, right, named)
    if sign == "values":
        return _seen_in_values(wrong, right, named)
    if sign == "order":
        backwards = list(wrong.rows) == list(reversed(right.rows))
        return Sight("backwards" if backwards else "order")
    if wrong.names != right.names:
        return Sight("columns")
    mixed = [name for name in right.names if wrong.values(name) != right.values(name)]
    if 0 < len(mixed) < _FEW:
        return Sight("mixed_up", column=listing([f"`{name}`" for name in mixed]))
    return Sight("cells")


def _seen_in_number(sign: Sign, wrong: RowSet, right: RowSet, named: Sequence[str]) -> Sight:
    """Rows that lack, or are too many: which ones, as far as they can be told."""
    one = abs(len(wrong.rows) - len(right.rows)) == 1
    if sign == "fewer" and (part := _part_missing(wrong, right)):
        return part
    if named:
        return Sight(f"{sign}_named" if one else f"{sign}_named_many", example=named[0])
    if sign == "more" and (again := _again(wrong, right)):
        times = Counter(f"`{plain(cell)}`" for cell in wrong.values(right.key[0]))[again]
        off = "twice" if times == _TWICE else "more often than it should be"
        return Sight("twice" if one else "twice_many", example=again, off=off)
    if one and (said := _odd_row(wrong, right)):
        return Sight(f"{sign}_row", said=said)
    return Sight(f"{sign}_{'one' if one else 'many'}")


def _part_missing(wrong: RowSet, right: RowSet) -> Sight | None:
    """A whole part that lacks: the latest rows, one group or one folder; None where it is none."""
    if wrong.names != right.names:
        return None
    left, lost = _cells_of(wrong), _cells_of(right) - _cells_of(wrong)
    if sum(lost.values()) < _TELLING or left - _cells_of(right):
        return None
    for at, field in enumerate(right.fields):
        there, missing = ({plain(row[at]) for row in rows} for rows in (left, lost))
        column = f"`{field.name}`"
        if field.role is Role.DATE and all(map(_DAY.fullmatch, there | missing)):
            if max(there) < min(missing):
                return Sight("fewer_late", column=column, example=f"`{max(there)}`")
        elif field.role in _GROUPS and len(missing) == 1 and not missing & (there | {""}):
            return Sight("fewer_group", column=column, said=f"`{min(missing)}`")
        elif folder := _folder_missing(there, missing):
            return Sight("fewer_in", said=f"`{folder}`")
    return None


def _cells_of(rows: RowSet) -> Counter[Row]:
    return Counter(rows.rows)


def _folder_missing(there: set[str], missing: set[str]) -> str:
    """The folder of all paths that lack and of none that is there; "" where there is none."""
    heads = {path.partition("/")[0] if "/" in path else "" for path in missing}
    head = heads.pop() if len(heads) == 1 else ""
    return f"{head}/" if head and not any(p.startswith(f"{head}/") for p in there) else ""


def _odd_row(wrong: RowSet, right: RowSet) -> str:
    """The one row that is there or lacks, by its first columns; "" where they don't tell it."""
    if wrong.names != right.names:
        return ""
    odd = set(wrong.rows) ^ set(right.rows)
    names = right.names[:_TELLING]
    firsts = Counter(row[:_TELLING] for row in {*wrong.rows, *right.rows})
    rows = [row for row in odd if firsts[row[:_TELLING]] == 1 and all(map(plain, row[:_TELLING]))]
    if len(odd) != 1 or not rows:
        return ""
    said = zip(names, rows[0][:_TELLING], strict=True)
    return listing([f"{plain(cell)} as `{name}`" for name, cell in said])


def _again(wrong: RowSet, right: RowSet) -> str:
    """A row that is there more often than it should be, by its key; "" where there is none."""
    if wrong.names != right.names or len(right.key) != 1 or right.key[0] not in right.names:
        return ""
    surplus = Counter(map(plain, wrong.values(right.key[0])))
    surplus.subtract(map(plain, right.values(right.key[0])))
    keys = [key for key, times in surplus.items() if times > 0 and key and not key.isdigit()]
    there = Counter(map(plain, wrong.values(right.key[0])))
    return f"`{max(keys, key=lambda key: min(there[key], _TWICE))}`" if keys else ""


def _seen_in_values(wrong: RowSet, right: RowSet, named: Sequence[str]) -> Sight:
    off, example = _columns_off(wrong, right), named[0] if named else ""
    if set(right.key) & set(off) and (swapped := _swapped(wrong, right)):
        return swapped
    if len(off) == 1 and (shifted := _shifted(wrong, right, off[0], example)):
        return shifted
    columns = listing([f"`{name}`" for name in off])
    if not example and (paired := _off_in_pairs(wrong, right, off)):
        return paired
    if not example:
        return Sight("rows") if len(off) > _FEW else Sight("values", column=columns)
    return _seen_in_cells(wrong, right, off, named) or Sight(
        "values_named" if len(named) == 1 else "values_named_many", column=columns, example=example
    )


def _off_in_pairs(wrong: RowSet, right: RowSet, off: Sequence[str]) -> Sight | None:
    """A figure that is too high or too low for what two columns tell apart; None for all else."""
    found, known = _by_key(wrong), _by_key(right)
    pairs = len(right.key) == _TELLING and set(found) == set(known) and len(off) == 1
    if not pairs or len(known) != len(right.rows):
        return None
    at = right.index(off[0])
    steps = {key: _step(found[key][at], row[at]) for key, row in known.items()}
    wrongly = {key: step for key, step in steps.items() if step}
    if len({step > 0 for step in wrongly.values()}) != 1 or None in steps.values():
        return None
    key, step = next(iter(wrongly.items()))
    return Sight(
        "off_pair" if len(wrongly) == 1 else "off_pair_many",
        f"`{off[0]}`",
        " with ".join(f"`{part}`" for part in key),
        "too high" if step > 0 else "too low",
    )


def _seen_in_cells(
    wrong: RowSet, right: RowSet, off: Sequence[str], named: Sequence[str]
) -> Sight | None:
    """What stands in the cells of the first row that is wrong; None where it is too much to say."""
    old, new = (_by_key(rows)[named[0].strip("`"),] for rows in (wrong, right))
    cells = {name: (old[at], new[at]) for at, name in enumerate(right.names) if old[at] != new[at]}
    masked = [masked_in(plain(one), plain(other)) for one, other in cells.values()]
    if found := next((sight for sight in masked if sight), None):
        return found
    if len(named) == 1:
        return None
    for name, (one, other) in cells.items():
        said, meant = plain(one), plain(other)
        if not right.field(name).numeric and all(map(_SHORT.fullmatch, (said, meant))):
            column, said, meant = f"`{name}`", f"`{said}`", f"`{meant}`"
            return Sight("values_told", column, named[0], said=said, meant=meant)
    steps = [_step(*pair) for pair in cells.values()]
    higher = {step > 0 for step in steps if step is not None}
    told = None not in steps and set(cells) == set(off) and "rank" not in cells
    if len(higher) != 1 or not told:
        return None
    columns = listing([f"`{name}`" for name in off])
    return Sight("off_many", columns, named[0], off="too high" if higher.pop() else "too low")


def _swapped(wrong: RowSet, right: RowSet) -> Sight | None:
    """A row that is there in place of another one; None where they cannot be named."""
    missing, surplus = _again(right, wrong), _again(wrong, right)
    if not (missing and surplus):
        return None
    lacking = Counter(right.rows) - Counter(wrong.rows)
    way = "swapped" if lacking.total() == 1 else "swapped_many"
    return Sight(way, example=missing, said=surplus)


def _shifted(wrong: RowSet, right: RowSet, column: str, example: str) -> Sight | None:
    """Figures that are all too high, or too low, or one off; None where it is not so plain."""
    places = [
        place
        for place, (old, new) in enumerate(
            zip(wrong.values(column), right.values(column), strict=True)
        )
        if old != new
    ]
    pairs = [(wrong.values(column)[place], right.values(column)[place]) for place in places]
    steps = [_step(*pair) for pair in pairs]
    if not steps or None in steps:
        return None
    known = [step for step in steps if step is not None]
    said, last = f"`{column}`", list(range(places[0], len(right.rows)))
    whole = len(known) > 1 and len(set(known)) == 1 and abs(known[0]) == 1 and places == last
    off = f"one too {'high' if known[0] > 0 else 'low'}"
    if whole and places[0] == 0:
        zero = column in ("rank", "line", "row") and known[0] < 0
        return Sight("from_zero" if zero else "all_off", column=said, off=off)
    if whole and example:
        return Sight("off_from", column=said, example=example, off=off)
    same = len({step > 0 for step in known}) == 1
    if not (same and example and right.field(column).numeric):
        return None
    way = "off_named" if len(known) == 1 else "off_named_many"
    high = "too high" if known[0] > 0 else "too low"
    return Sight(way, column=said, example=example, off=high)


def _step(wrong: Cell, right: Cell) -> float | None:
    """By how much a figure is off, or the number in a text; None where that makes no sense."""
    if not isinstance(wrong, str) and not isinstance(right, str):
        return wrong - right
    old, new = _NUMBERED.fullmatch(str(wrong)), _NUMBERED.fullmatch(str(right))
    if not old or not new or old[1] != new[1] or old[3] != new[3]:
        return None
    return int(old[2]) - int(new[2])


# Messages, pages and texts


def _seen_in_drafts(wrong: Drafts, right: Drafts) -> Sight:
    there, due = ({draft.to: draft.body for draft in side.drafts} for side in (wrong, right))
    surplus, gone = sorted(set(there) - set(due)), sorted(set(due) - set(there))
    if surplus or gone:
        return Sight(
            "draft_surplus" if surplus else "draft_gone", example=f"`{(surplus or gone)[0]}`"
        )
    others = [to for to in due if there[to] != due[to] and there[to] in due.values()]
    return Sight("draft_same", example=f"`{others[0]}`") if others else Sight("other")


def _seen_in_report(wrong: Report, right: Report) -> Sight:
    if wrong.table != right.table:
        return _seen_in_rows(wrong.table, right.table)
    if wrong.sections != right.sections:
        return Sight("sections")
    if wrong.opening and right.opening and wrong.opening != right.opening:
        pairs = zip(wrong.opening.facts, right.opening.facts, strict=True)
        said = [new.asked for old, new in pairs if old != new]
        return Sight("said", said=said[0]) if said else Sight("other")
    if wrong.totals == right.totals:
        return Sight("other")
    pairs = zip(wrong.totals, right.totals, strict=True)
    off = {"too high" if old > new else "too low" for (_, old), (_, new) in pairs if old != new}
    return Sight("total", off=off.pop() if len(off) == 1 else "not right")


def _seen_in_files(wrong: dict[str, bytes], right: dict[str, bytes]) -> Sight:
    """A file that lacks or does not belong there, or else the first line that is wrong."""
    missing = sorted(set(right) - set(wrong))
    surplus = sorted(set(wrong) - set(right))
    if missing or surplus:
        paths = missing or surplus
        way = f"{'lacks' if missing else 'surplus'}_{'one' if len(paths) == 1 else 'many'}"
        return Sight(way, example=f"`{paths[0]}`")
    off = [path for path in sorted(right) if wrong[path] != right[path]]
    try:
        texts = [side[path].decode().splitlines() for path in off[:1] for side in (wrong, right)]
    except UnicodeDecodeError:
        return Sight("other")
    sight = seen_in_lines(*texts) if texts else Sight("other")
    return replace(sight, where=off[0]) if texts else sight
