"""Rows of people as the cards of an address book."""

import re
from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.plain import Row, plain
from synth.values.rows import RowSet
from verify.checks import Check, TableCheck, TableColumn

_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,"})
_NOT_DIALLED = re.compile(r"[^\d+]")


@dataclass(frozen=True)
class AddressBook(Value):
    """A card for each row; `properties` names the column of each property, `FN` first."""

    rows: RowSet
    properties: tuple[tuple[str, str], ...]

    @property
    def cards(self) -> tuple[tuple[str, ...], ...]:
        """What stands on each card, by the order of the properties."""
        places = [self.rows.index(column) for _, column in self.properties]
        return tuple(tuple(plain(row[place]) for place in places) for row in self.rows.rows)

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The cards; what is missing is left out."""
        lines: list[str] = []
        for card in self.cards:
            lines += ["BEGIN:VCARD", "VERSION:3.0", f"N:{card[0].translate(_ESCAPED)};;;;"]
            lines += [
                f"{name}:{text.translate(_ESCAPED)}"
                for (name, _), text in zip(self.properties, card, strict=True)
                if text
            ]
            lines.append("END:VCARD")
        return {path: "\r\n".join([*lines, ""]).encode()}

    def checks(self, step: Step) -> list[Check]:
        """Cards as a gate, then the right people, then all that is known of them."""
        path, names = step.path, [name for name, _ in self.properties]
        every = ", ".join(column for _, column in self.properties)
        columns = tuple(TableColumn(name=name) for name in names)
        rows: tuple[Row, ...] = tuple(tuple(map(_meant, names, card)) for card in self.cards)
        gate = step.gate("parse", f"{path} is a vCard file", "cards")
        who = step.core("who", 0.4, f"{path} has one card for each person", f"{len(rows)} cards")
        cells = step.core(
            "cards", 0.6, f"the cards of {path} have {every}", " / ".join(map(str, rows[0]))
        )
        people = tuple(row[:1] for row in rows)
        return [
            TableCheck(
                **gate, path=path, columns=columns[:1], key=("FN",), rows=(), extra_rows=True
            ),
            TableCheck(**who, path=path, columns=columns[:1], key=("FN",), rows=people),
            TableCheck(**cells, path=path, columns=columns, key=("FN",), rows=rows, partial=True),
        ]


def _meant(name: str, text: str) -> str:
    """A number as it is dialled: however it is grouped, it is the same one."""
    return _NOT_DIALLED.sub("", text) if name == "TEL" else text
