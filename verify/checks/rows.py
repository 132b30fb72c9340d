"""Rows of a file against the truth, as generated tasks hang them off their nodes."""

from typing import ClassVar, Literal

from clawgym.paths import WorkspacePath
from verify.checks.base import BaseCheck, Cell


class RowsCheck(BaseCheck):
    """A CSV, TSV, JSON or JSONL file against expected rows.

    `rows_parse` is the gate: the file parses and has these columns. `row_keys` compares the
    multiset of key cells, `row_cells` every cell, numbers within half a cent. `document_table`
    looks for the rows in a table of a Markdown document, `document_keys` for their keys alone.
    """

    modules: ClassVar = ("rows",)
    type: Literal["rows_parse", "row_keys", "row_cells", "document_table", "document_keys"]
    path: WorkspacePath
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    key: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    ordered: bool

    def needed_modules(self) -> tuple[str, ...]:
        """`reports` for the table of a document."""
        return ("reports",) if self.type.startswith("document_") else self.modules


class RowLayoutCheck(BaseCheck):
    """A CSV, TSV, JSON or JSONL file has its rows, and its columns, in the order that was stated.

    `columns` are those that rows are told apart by, `rows` their cells. All rows must be there, so
    that nothing is earned by the order of other rows. `header` is the order of all columns, empty
    where none was stated.
    """

    modules: ClassVar = ("rows",)
    type: Literal["row_layout"] = "row_layout"
    path: WorkspacePath
    header: tuple[str, ...] = ()
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    key: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    ordered: bool


class TitleCheck(BaseCheck):
    """A Markdown document that begins with `# title`."""

    modules: ClassVar = ("reports",)
    type: Literal["document_title"] = "document_title"
    path: WorkspacePath
    title: str


class FigureCheck(BaseCheck):
    """A line `label: value` in a Markdown document."""

    modules: ClassVar = ("reports",)
    type: Literal["document_figure"] = "document_figure"
    path: WorkspacePath
    label: str
    value: float


class ConfigCheck(BaseCheck):
    """An INI file: `values` are to be set, `kept` and `comments` must stay."""

    modules: ClassVar = ("ini",)
    type: Literal["config_kept", "config_values"]
    path: WorkspacePath
    values: dict[str, dict[str, str]]
    kept: dict[str, dict[str, str]]
    comments: tuple[str, ...]
