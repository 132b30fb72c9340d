"""How people write columns and cells on pages and forms."""

from datetime import date

from clawgym.artifact import ColumnType
from synth.values.plain import Cell, plain
from synth.values.rows import Field

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def heading(name: str) -> str:
    """A column as it is called there."""
    return name.replace("_", " ").capitalize()


def shown(field: Field, cell: Cell) -> str:
    """A cell as it stands there: dates spelled out, figures with thousands commas."""
    if field.type is ColumnType.DATE and cell:
        return spelled(str(cell))
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.2f}" if isinstance(cell, float) else plain(cell)


def spelled(day: str) -> str:
    """An ISO date as `5 March 2026`."""
    when = date.fromisoformat(day)
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
