"""Files and trees: what is there, what is gone, what moved, what was left alone."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from clawgym.paths import WorkspacePath
from clawgym.reward import CheckRole
from verify.checks.base import BaseCheck, Digest, Part, PartialCheck


class UnchangedCheck(BaseCheck):
    """Files that must be byte for byte as given; `digests` are SHA-256 in hexadecimal."""

    modules: ClassVar = ("trees",)
    type: Literal["unchanged"] = "unchanged"
    digests: dict[WorkspacePath, str]


class ExistsCheck(BaseCheck):
    """A file or directory that is there: a gate, as standing somewhere earns nothing.

    Raises:
        ValueError: it is to be a core check.
    """

    modules: ClassVar = ("trees",)
    type: Literal["exists"] = "exists"
    path: WorkspacePath
    kind: Literal["file", "directory"] = "file"

    @model_validator(mode="after")
    def _is_a_gate(self) -> Self:
        if self.role is not CheckRole.GATE:
            raise ValueError("an `exists` check must be a gate: existing earns nothing")
        return self


class AbsentCheck(PartialCheck):
    """Paths at which nothing stands, such as files that were to be deleted."""

    modules: ClassVar = ("trees",)
    type: Literal["absent"] = "absent"
    paths: tuple[WorkspacePath, ...] = Field(min_length=1)


class Move(Part):
    """A file that was at `source` and is now at `target` alone, with its content kept."""

    source: WorkspacePath
    target: WorkspacePath
    sha256: Digest


class MovedCheck(PartialCheck):
    """Files that were renamed or moved, content kept."""

    modules: ClassVar = ("trees",)
    type: Literal["moved"] = "moved"
    moves: tuple[Move, ...] = Field(min_length=1)


class TreeCheck(PartialCheck):
    """Exactly these files below `root` ("" is the workspace), with these digests where given.

    `ignore` are shell patterns of paths below `root` that do not matter, `empty_folders` says
    whether empty folders do.
    """

    modules: ClassVar = ("trees",)
    type: Literal["tree"] = "tree"
    root: WorkspacePath | Literal[""] = ""
    files: dict[WorkspacePath, Digest | None]
    ignore: tuple[str, ...] = ()
    empty_folders: bool = False


class ModeCheck(BaseCheck):
    """Whether a file may be executed by its owner."""

    modules: ClassVar = ("trees",)
    type: Literal["mode"] = "mode"
    path: WorkspacePath
    executable: bool = True


class TextCheck(BaseCheck):
    """A text file as a whole.

    `blanks`: `exact`; `trim` ignores blanks at the ends of lines and empty lines at the ends of
    the file; `collapse` compares word for word.
    """

    modules: ClassVar = ("trees",)
    type: Literal["text"] = "text"
    path: WorkspacePath
    text: str
    blanks: Literal["exact", "trim", "collapse"] = "trim"
