"""How people write columns and cells on pages and forms."""

from collections.abc import Iterable
from datetime import date

from clawgym.artifact import ColumnType
from synth.values.plain import Cell, plain
from synth.values.rows import Field, RowSet

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def heading(name: str) -> str:
    """A column as it is called there."""
    return name.replace("_", " ").capitalize()


def shown(field: Field, cell: Cell) -> str:
    """A cell as it stands there: dates spelled out, figures with thousands commas, but no years."""
    if field.type is ColumnType.DATE and cell:
        return spelled(str(cell))
    if isinstance(cell, int):
        return f"{cell:,}" if field.scale != "mark" else f"{cell}"
    return f"{cell:,.2f}" if isinstance(cell, float) else plain(cell)


def with_commas(rows: RowSet, names: Iterable[str]) -> list[str]:
    """Those of some columns with figures that stand there with commas."""
    return [
        name
        for name in names
        if any("," in shown(rows.field(name), cell) for cell in rows.values(name))
    ]


def spelled(day: str) -> str:
    """An ISO date as `5 March 2026`."""
    when = date.fromisoformat(day)
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
