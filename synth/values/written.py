"""Rows that were written down carelessly: what stands in the file, and what is meant."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.plain import Row
from synth.values.rows import RowSet


@dataclass(frozen=True)
class Untidy:
    """What is written carelessly: columns by the kind of carelessness.

    dates    in three notations
    numbers  with thousands commas and currency codes
    texts    with stray capitals and blanks
    gaps     with missing figures, in three notations
    """

    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrittenRows(RowSet):
    """`rows` is what is meant, with "" for a missing figure; `written` stands in the file.

    They are marked as `duplicated`, for only who can say how to read them may take them.
    """

    written: tuple[Row, ...] = ()
    untidy: Untidy = Untidy()

    @property
    def meant(self) -> RowSet:
        """The rows as they are meant."""
        return RowSet(self.fields, self.rows, self.key, topic=self.topic, subject=self.subject)

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The rows as they were written down."""
        return RowSet(self.fields, self.written, self.key).files(kind, path)
