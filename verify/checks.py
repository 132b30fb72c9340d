"""What a verifier compares: typed checks, written to `tests/checks.json` beside `grade.py`."""

from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clawgym.files import File, Files
from clawgym.paths import WorkspacePath
from clawgym.reward import CheckRole

Cell = str | int | float


class _Check(BaseModel):
    """What all checks share.

    `node` is the graph node that the check hangs off, None for the whole task. `requirement` is
    the sentence of the instruction that it enforces, `expected` what a person reads as evidence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    node: str | None
    role: CheckRole
    weight: Annotated[float, Field(ge=0)] = 1.0
    requirement: str
    expected: str


class RowsCheck(_Check):
    """A CSV, TSV, JSON or JSONL file against expected rows.

    `rows_parse` is the gate: the file parses and has these columns. `row_keys` compares the
    multiset of key cells, `row_cells` every cell, numbers within half a cent.
    """

    type: Literal["rows_parse", "row_keys", "row_cells", "document_table"]
    path: WorkspacePath
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    key: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    ordered: bool


class TitleCheck(_Check):
    """A Markdown document that begins with `# title`."""

    type: Literal["document_title"] = "document_title"
    path: WorkspacePath
    title: str


class FigureCheck(_Check):
    """A line `label: value` in a Markdown document."""

    type: Literal["document_figure"] = "document_figure"
    path: WorkspacePath
    label: str
    value: float


class ConfigCheck(_Check):
    """An INI file: `values` are to be set, `kept` and `comments` must stay."""

    type: Literal["config_kept", "config_values"]
    path: WorkspacePath
    values: dict[str, dict[str, str]]
    kept: dict[str, dict[str, str]]
    comments: tuple[str, ...]


class UnchangedCheck(_Check):
    """Files that must be byte for byte as given; `digests` are SHA-256 in hexadecimal."""

    type: Literal["unchanged"] = "unchanged"
    digests: dict[WorkspacePath, str]


Check = Annotated[
    RowsCheck | TitleCheck | FigureCheck | ConfigCheck | UnchangedCheck, Field(discriminator="type")
]


class CheckSet(BaseModel):
    """`tests/checks.json`.

    Raises:
        ValueError: no core check carries weight, so that nothing could be earned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    checks: tuple[Check, ...]

    @model_validator(mode="after")
    def _can_be_earned(self) -> Self:
        if not any(check.role is CheckRole.CORE and check.weight > 0 for check in self.checks):
            raise ValueError("at least one core check must carry weight")
        return self


def verifier_files(checks: CheckSet) -> Files:
    """The `tests/` folder of a task: a self-contained verifier for these checks."""
    runtime = files("verify").joinpath("task_runtime")
    return Files(
        {
            "checks.json": checks.model_dump_json(indent=1) + "\n",
            "grade.py": runtime.joinpath("grade.py").read_bytes(),
            "test.sh": File(runtime.joinpath("test.sh").read_bytes(), executable=True),
        }
    )
