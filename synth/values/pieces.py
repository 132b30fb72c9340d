"""Folders of pieces: the parts of a row file, and texts one by one."""

from collections.abc import Iterable
from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.rows import RowSet
from verify.checks import Check, RowsCheck, TextCheck, TreeCheck


@dataclass(frozen=True)
class Parts(Value):
    """Row files by their name in the folder."""

    parts: tuple[tuple[str, RowSet], ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Each part as its name says."""
        return {
            f"{path}/{name}": data
            for name, rows in self.parts
            for data in rows.files(ArtifactKind.TABLE, name).values()
        }

    def checks(self, step: Step) -> list[Check]:
        """Just these files as a gate, then each of them."""
        checks: list[Check] = [_only(step, (name for name, _ in self.parts))]
        for number, (name, rows) in enumerate(self.parts, 1):
            path = f"{step.path}/{name}"
            expected = rows.expected(path)
            expected["ordered"] = expected["ordered"] or step.rows_stated
            head = step.core(
                f"part{number}",
                1 / len(self.parts),
                f"{path} has the rows that belong there, with all columns and in order",
                f"{len(rows.rows)} rows such as {rows.sample}",
            )
            checks.append(RowsCheck(**head, **expected, type="row_cells"))
        return checks


@dataclass(frozen=True)
class Letters(Value):
    """Texts by their name in the folder."""

    texts: tuple[tuple[str, str], ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Each text in a file."""
        return {f"{path}/{name}": f"{text.rstrip()}\n".encode() for name, text in self.texts}

    def checks(self, step: Step) -> list[Check]:
        """Just these files as a gate, then each of them, but for blanks at the ends."""
        checks: list[Check] = [_only(step, (name for name, _ in self.texts))]
        for number, (name, text) in enumerate(self.texts, 1):
            path = f"{step.path}/{name}"
            head = step.core(
                f"text{number}", 1 / len(self.texts), f"{path} has the right text", text
            )
            checks.append(TextCheck(**head, path=path, text=text, blanks="trim"))
        return checks


def _only(step: Step, names: Iterable[str]) -> Check:
    files = dict.fromkeys(names)
    said = f"{len(files)} files such as {next(iter(files), '')}"
    gate = step.gate("files", f"{step.path} holds one file for each part and nothing else", said)
    return TreeCheck(**gate, root=step.path, files=files)
