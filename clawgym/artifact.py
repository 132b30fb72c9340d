"""Artifacts: the typed files that task graphs pass from node to node."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from clawgym.paths import WorkspacePath


class ArtifactKind(StrEnum):
    """What a file *is*, independent of its encoding."""

    TABLE = "table"
    RECORDS = "records"
    DOCUMENT = "document"
    LOG = "log"
    CONFIG = "config"
    MAILBOX = "mailbox"
    CALENDAR = "calendar"
    CODE = "code"
    ARCHIVE = "archive"


class ColumnType(StrEnum):
    """The value type of one column of a table or one key of a record."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"


class Column(BaseModel):
    """One named, typed field of a row artifact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: ColumnType = ColumnType.TEXT


class Artifact(BaseModel):
    """A typed file in a workspace.

    `path` is relative to the workspace root. Two artifacts may share a path when an operation
    edits a file in place: the later one is the file as that operation leaves it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: ArtifactKind
    path: WorkspacePath
    columns: tuple[Column, ...] = ()
