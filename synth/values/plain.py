"""Cells, and how a person writes them."""

Cell = str | int | float
Row = tuple[Cell, ...]


def plain(cell: Cell) -> str:
    """A cell as a person writes it: two decimals for money, no exponent."""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)
