"""Texts and rows that tell who somebody is: what is private in them is known by its words."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from synth.values.base import Step
from synth.values.plain import Cell, Row
from synth.values.rows import ROW_KINDS, RowSet
from synth.values.text import TextFile, text_checks
from verify.checks import Check, RowsCheck, TableCheck, TableColumn

PrivateKind = Literal["email", "phone", "name", "iban", "ip"]


@dataclass(frozen=True)
class Private:
    """A stretch of text that identifies somebody."""

    kind: PrivateKind
    text: str


class Redactor:
    """Replaces private stretches, in the order in which texts are given to it.

    Args:
        private: what to replace.
        numbered: whether the same stretch gets the same number, counted for each kind.
    """

    def __init__(self, private: tuple[Private, ...], *, numbered: bool) -> None:
        self._kinds = {item.text: item.kind for item in private}
        longest = sorted(self._kinds, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)")
        self._numbered = numbered
        self._numbers: dict[str, int] = {}

    def text(self, text: str) -> str:
        """The text with placeholders."""
        return self._pattern.sub(self._placeholder, text)

    def _placeholder(self, found: re.Match[str]) -> str:
        kind = self._kinds[found[0]]
        if not self._numbered:
            return f"[{kind.upper()}]"
        known = [text for text in self._numbers if self._kinds[text] == kind]
        number = self._numbers.setdefault(found[0], len(known) + 1)
        return f"[{kind.upper()}-{number}]"


@dataclass(frozen=True)
class PersonalText(TextFile):
    """A text and what is private in it."""

    private: tuple[Private, ...]

    def redacted(self, private: tuple[Private, ...], *, numbered: bool) -> "PersonalText":
        """The text without these stretches."""
        text = Redactor(private, numbered=numbered).text(self.text)
        return PersonalText(text, tuple(p for p in self.private if p not in private))


@dataclass(frozen=True)
class PersonalRows(RowSet):
    """Rows and what is private in their cells. As a log they are compared as text."""

    private: tuple[Private, ...] = ()

    def redacted(self, private: tuple[Private, ...], *, numbered: bool) -> "PersonalRows":
        """The rows without these stretches, from the top left to the bottom right."""
        redactor = Redactor(private, numbered=numbered)

        def clean(cell: Cell) -> Cell:
            return redactor.text(cell) if isinstance(cell, str) else cell

        rows: tuple[Row, ...] = tuple(tuple(clean(cell) for cell in row) for row in self.rows)
        return replace(self, rows=rows, private=tuple(p for p in self.private if p not in private))

    def checks(self, step: Step) -> list[Check]:
        """As another's output like any rows; as a copy of its input, first what changed."""
        before = step.inputs[0]
        if not isinstance(before, PersonalRows) or step.node.operation != "redact":
            return super().checks(step)
        if step.kind not in ROW_KINDS:
            [old] = before.files(step.kind, step.path).values()
            [new] = self.files(step.kind, step.path).values()
            return text_checks(step, old.decode().splitlines(), new.decode())
        return self._copy_checks(step, before)

    def _copy_checks(self, step: Step, before: "PersonalRows") -> list[Check]:
        changed = [new for new, old in zip(self.rows, before.rows, strict=True) if new != old]
        path, columns, expected = step.path, ", ".join(self.names), self.expected(step.path)
        parse = step.gate("parse", f"{path} has the columns {columns}", columns)
        keys = step.gate("keys", f"{path} has all rows of the original", f"{len(self.rows)} rows")
        some = step.core(
            "redacted",
            0.6,
            f"{path} has a placeholder wherever something was to be hidden",
            f"{len(changed)} changed rows",
        )
        all_ = step.core("cells", 0.4, f"all other cells of {path} are as before", self.sample)
        typed = tuple(
            TableColumn(name=field.name, type="number" if field.numeric else "text")
            for field in self.fields
        )
        return [
            RowsCheck(**parse, **expected, type="rows_parse"),
            RowsCheck(**keys, **expected, type="row_keys"),
            TableCheck(
                **some,
                path=path,
                columns=typed,
                key=self.key,
                rows=tuple(changed),
                extra_rows=True,
                partial=True,
            ),
            RowsCheck(**all_, **expected, type="row_cells"),
        ]
