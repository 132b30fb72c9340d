"""Unified diffs, and what becomes of the files that they are for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.text import Tree
from verify.checks import Check

Mode = Literal["apply", "reverse", "series"]


@dataclass(frozen=True)
class PatchSet(Value):
    """Diffs by their file names.

    `after` are the files of the target once all diffs that fit are applied (or taken back),
    by their paths in it; a target that is one file has the path "". `skipped` do not fit. Of a
    project with tests, `project` is what it is then.
    """

    diffs: Mapping[str, str]
    mode: Mode
    after: Mapping[str, str]
    skipped: tuple[str, ...] = ()
    project: Tree | None = None

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """One diff as a file, several as a folder."""
        if kind is not ArtifactKind.ARCHIVE:
            [text] = self.diffs.values()
            return {path: text.encode()}
        return {f"{path}/{name}": text.encode() for name, text in self.diffs.items()}

    def checks(self, step: Step) -> list[Check]:
        """None: nobody is asked to write one.

        Raises:
            TypeError: always.
        """
        raise TypeError("patches are given, and never asked for")
