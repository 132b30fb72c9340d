"""Tables with typed columns, from any kind of file that holds one."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from clawgym.paths import WorkspacePath
from verify.checks.base import Part, PartialCheck, Scalar, Tolerance

_EXTENSIONS = {"markdown": "md", "htm": "html", "yml": "yaml", "sqlite": "db", "sqlite3": "db"}
TABLE_MODULES = {
    "csv": ("rows",),
    "tsv": ("rows",),
    "jsonl": ("rows",),
    "json": ("structured",),
    "yaml": ("structured", "yaml_subset"),
    "toml": ("structured",),
    "md": ("documents",),
    "html": ("documents", "pages"),
    "docx": ("documents", "docx"),
    "xlsx": ("xlsx",),
    "xml": ("xmltree",),
    "vcf": ("cards",),
    "db": ("databases",),
}
"""Which modules of the runtime read which kind of file."""


def kind_of(path: str) -> str:
    """The kind of a file by its extension: `md` for `a.markdown`, "" where there is none."""
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    return _EXTENSIONS.get(extension, extension)


class TableColumn(Part):
    """How the cells of one column are compared.

    `number` is a plain number, `quantity` one as people write them, in one of `units`; both within
    `absolute` or `relative` of the truth. `date` and `datetime` accept any common form;
    `day_first` decides what `03/04/2026` means, which else is no date. `typed` takes no text for a
    number, where the format tells them apart.
    """

    name: str
    type: Literal["text", "number", "quantity", "date", "datetime", "boolean"] = "text"
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0
    ignore_case: bool = False
    units: tuple[str, ...] = ()
    day_first: bool | None = None
    typed: bool = False


class TableCheck(PartialCheck):
    """A table against expected rows, told apart by `key`.

    `path` ends in .csv, .tsv, .jsonl; .json, .yaml, .toml (the list of objects at `at`); .md,
    .html, .docx (any one of the tables); .xlsx (`sheet`, or the first); .xml (the root and the rows
    below it are called as in `at`); .vcf (the columns are properties such as `FN`); .db, .sqlite
    (what `query` answers). `partial` earns the share of rows that are right, extra rows counted
    against it.

    Raises:
        ValueError: a row does not fit the columns, or something that the kind of file needs is
            missing.
    """

    modules: ClassVar = ("tables",)
    type: Literal["table"] = "table"
    path: WorkspacePath
    format: str | None = None
    at: tuple[str | int, ...] = ()
    sheet: str = ""
    query: str = ""
    columns: tuple[TableColumn, ...] = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    rows: tuple[tuple[Scalar, ...], ...]
    ordered: bool = False
    ignore_case: bool = False
    extra_columns: bool = False
    extra_rows: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [column.name for column in self.columns]
        kind = self.format or kind_of(self.path)
        if kind not in TABLE_MODULES:
            raise ValueError(f"{self.path} is no known kind of table; one of {list(TABLE_MODULES)}")
        if (kind == "db") != bool(self.query):
            raise ValueError(f"{self.path}: a database needs a `query`, and only a database")
        if len(set(names)) < len(names) or not set(self.key) <= set(names):
            raise ValueError("column names must differ, and the key be made of them")
        if any(len(row) != len(names) for row in self.rows):
            raise ValueError(f"every row must have {len(names)} cells")
        return self

    def needed_modules(self) -> tuple[str, ...]:
        """What reads this kind of file, and these types of columns."""
        types = {column.type for column in self.columns}
        return (
            *self.modules,
            *TABLE_MODULES[self.format or kind_of(self.path)],
            *(("quantities",) if "quantity" in types else ()),
            *(("moments",) if types & {"date", "datetime"} else ()),
        )
