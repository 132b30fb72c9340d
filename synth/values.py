"""What artifacts hold, in memory: the truth that files are rendered from and checks are made of."""

from dataclasses import dataclass, replace
from enum import StrEnum

from clawgym.artifact import Column, ColumnType

Cell = str | int | float
Row = tuple[Cell, ...]


class Role(StrEnum):
    """What a column is good for."""

    ID = "id"
    DATE = "date"
    LINK = "link"
    CATEGORY = "category"
    MEASURE = "measure"
    TEXT = "text"


@dataclass(frozen=True)
class Field:
    """A column with its type and its role."""

    name: str
    type: ColumnType
    role: Role

    @property
    def numeric(self) -> bool:
        """Whether its cells are numbers."""
        return self.type in (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True)
class RowSet:
    """Rows of a table or of records.

    `key` names the columns that tell rows apart, `topic` what the rows are about. `duplicated`
    says that some ids stand twice, `sorted_rows` that the order is part of the truth.
    """

    fields: tuple[Field, ...]
    rows: tuple[Row, ...]
    key: tuple[str, ...]
    topic: str = ""
    duplicated: bool = False
    grouped: bool = False
    sorted_rows: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(field.name for field in self.fields)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns as the task graph states them."""
        return tuple(Column(name=field.name, type=field.type) for field in self.fields)

    def index(self, name: str) -> int:
        """The position of a column; `ValueError` if there is none of that name."""
        return self.names.index(name)

    def field(self, name: str) -> Field:
        """The column of that name."""
        return self.fields[self.index(name)]

    def values(self, name: str) -> list[Cell]:
        """One column, top to bottom."""
        place = self.index(name)
        return [row[place] for row in self.rows]

    def of_role(self, *roles: Role) -> list[Field]:
        """The columns that have one of these roles."""
        return [field for field in self.fields if field.role in roles]

    def with_rows(self, rows: list[Row]) -> "RowSet":
        """The same columns over other rows."""
        return replace(self, rows=tuple(rows))

    def select(self, names: tuple[str, ...]) -> "RowSet":
        """The same rows, reduced to some columns in a new order."""
        places = [self.index(name) for name in names]
        return replace(
            self,
            fields=tuple(self.fields[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
            key=tuple(name for name in self.key if name in names),
        )


@dataclass(frozen=True)
class Document:
    """A Markdown report: a title, one table, and labelled totals."""

    title: str
    table: RowSet
    totals: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Config:
    """An INI file as its lines, and as sections of keys."""

    text: str
    sections: dict[str, dict[str, str]]

    @property
    def comments(self) -> tuple[str, ...]:
        """The comment lines, stripped."""
        lines = (line.strip() for line in self.text.splitlines())
        return tuple(line for line in lines if line.startswith(("#", ";")))


Value = RowSet | Document | Config
