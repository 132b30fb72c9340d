"""What was edited in place: rows of which some cells changed, and notes."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Head, Step, Value
from synth.values.plain import plain
from synth.values.rows import Row, RowSet
from synth.values.texts import Texts
from verify.checks import Check, TableCheck, TableColumn, TextCheck


@dataclass(frozen=True)
class EditedRows(Value):
    """The rows now, and the one column in which some have changed."""

    rows: RowSet
    column: str

    @property
    def taken(self) -> Value:
        """The rows; not where a figure may be rounded in two ways."""
        cells = self.rows.values(self.column)
        exact = all(isinstance(cell, str) or round(cell, 2) == cell for cell in cells)
        return self.rows if exact else self

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The rows as they are now."""
        return self.rows.files(kind, path)

    def checks(self, step: Step) -> list[Check]:
        """All other columns and rows as gates, then the cells that were to change."""
        before = step.inputs[0]
        assert isinstance(before, RowSet)
        place, rows = self.rows.index(self.column), self.rows.rows
        changed = [
            row for row, old in zip(rows, before.rows, strict=True) if row[place] != old[place]
        ]
        rest = [row for row in rows if row not in changed]
        others = [name for name in self.rows.names if name != self.column]
        path, new = step.path, ", ".join(plain(row[place]) for row in changed[:5])
        kept = step.gate(
            "kept",
            f"the other columns, the rows and their order in {path} are as before",
            "all others",
        )
        checks: list[Check] = [self._table(kept, path, others, rows, whole=True)]
        pair = [*self.rows.key, self.column]
        if rest:
            same = step.gate(
                "others", f"`{self.column}` of the other rows in {path} is as before", "as before"
            )
            checks.append(self._table(same, path, pair, rest))
        core = step.core("changed", 1.0, f"{path} has the new values of `{self.column}`", new)
        checks.append(self._table(core, path, pair, changed))
        return checks

    def _table(
        self,
        head: Head,
        path: str,
        names: list[str],
        rows: "tuple[Row, ...] | list[Row]",
        *,
        whole: bool = False,
    ) -> Check:
        places = [self.rows.index(name) for name in names]
        columns = tuple(
            TableColumn(name=name, type="number", absolute=0.005)
            if self.rows.field(name).numeric
            else TableColumn(name=name)
            for name in names
        )
        return TableCheck(
            **head,
            path=path,
            columns=columns,
            key=self.rows.key,
            rows=tuple(tuple(row[place] for place in places) for row in rows),
            ordered=whole,
            extra_columns=True,
            extra_rows=not whole,
        )


@dataclass(frozen=True)
class EditedText(Value):
    """Notes as they are now."""

    texts: Texts

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The notes."""
        return self.texts.files(kind, path)

    def checks(self, step: Step) -> list[Check]:
        """The whole text, but for blanks at the ends of lines."""
        text = "\n".join(self.texts.lines[0][1]) + "\n"
        said = f"{step.path} has the change, wherever it applies, and is otherwise as before"
        head = step.core("text", 1.0, said, text)
        return [TextCheck(**head, path=step.path, text=text, blanks="trim")]
