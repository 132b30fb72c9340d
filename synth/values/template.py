"""Templates: texts with gaps for the columns of a row."""

import re
from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.plain import plain
from synth.values.rows import Row, RowSet
from verify.checks import Check

_GAP = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Template(Value):
    """A text in which `{{column}}` stands for that column of a row; `why` people fill it in."""

    text: str
    why: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return tuple(dict.fromkeys(_GAP.findall(self.text)))

    def filled(self, rows: RowSet, row: Row) -> str:
        """The text for one row; figures that are no whole numbers have two decimals."""
        return _GAP.sub(lambda gap: plain(row[rows.index(gap[1])]), self.text)

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The text with its gaps."""
        return {path: self.text.encode()}

    def checks(self, step: Step) -> list[Check]:
        """None: templates are given.

        Raises:
            TypeError: always.
        """
        raise TypeError("a template is no output")
