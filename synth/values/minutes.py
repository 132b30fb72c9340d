"""What was agreed: items with owners and dates, the notes they stand in, and a page about them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.rows import RowSet
from synth.values.text import TextFile
from verify.checks import Check, RowsCheck, SectionCheck, TitleCheck

ItemKind = Literal["action", "decision", "open"]


@dataclass(frozen=True)
class Item:
    """An agreed action with its owner and date, a decision, or an open point."""

    kind: ItemKind
    ref: str
    text: str
    owner: str = ""
    email: str = ""
    due: date | None = None
    first_owner: str = ""
    first_due: date | None = None


@dataclass(frozen=True)
class Notes(TextFile):
    """Notes, a chat or a thread; `items` is what holds at their end, `dropped` what does not."""

    items: tuple[Item, ...]
    dropped: tuple[Item, ...]
    day: date


@dataclass(frozen=True)
class MinutesPage(Value):
    """A page for somebody who was not there."""

    title: str
    reader: str
    actions: RowSet
    decisions: tuple[tuple[str, str], ...]
    questions: tuple[tuple[str, str], ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Markdown, with a first paragraph in words of its own."""
        lines = [f"# {self.title}", "", f"## For {self.reader}", "", self.digest, ""]
        lines += ["## Decisions", "", *(f"- {ref}: {text}" for ref, text in self.decisions), ""]
        names = self.actions.names
        lines += ["## Action items", "", f"| {' | '.join(names)} |", "|" + " --- |" * len(names)]
        lines += [f"| {' | '.join(map(str, row))} |" for row in self.actions.rows]
        lines += ["", "## Open points", "", *(f"- {ref}: {text}" for ref, text in self.questions)]
        return {path: ("\n".join(lines) + "\n").encode()}

    @property
    def digest(self) -> str:
        """A plain paragraph: what comes first, and what waits for an answer."""
        first = min(self.actions.rows, key=lambda row: (str(row[2]), str(row[0])))
        return (
            f"{len(self.actions.rows)} actions were agreed. The next one due is {first[0]}, "
            f"which {first[1]} has to finish by {first[2]}. {len(self.decisions)} points are "
            f"decided and need nothing more from you; {len(self.questions)} still wait for an "
            "answer and should be on the agenda of the next meeting."
        )

    def _due_next(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The codes of what is due next, several where they are due on one day, and the owners."""
        first = min(str(row[2]) for row in self.actions.rows)
        found = [row for row in self.actions.rows if str(row[2]) == first]
        return tuple(str(row[0]) for row in found), tuple(str(row[1]) for row in found)

    def checks(self, step: Step) -> list[Check]:
        """The title as a gate, the table for two fifths, each list and the paragraph for one."""
        path = step.path
        title = step.gate("title", f"{path} begins with the heading that was asked for", self.title)
        refs, owners = self._due_next()
        words = step.core(
            "digest",
            0.2,
            f"{path} tells {self.reader} which action is due next, and who has to do it",
            f"{' or '.join(refs)}, {' or '.join(owners)}",
        )
        table = step.core(
            "actions", 0.4, f"{path} has a table of the right action items", self.actions.sample
        )
        checks: list[Check] = [
            TitleCheck(**title, path=path, title=self.title),
            SectionCheck(**words, path=path, heading=f"For {self.reader}", facts=(refs, owners)),
            RowsCheck(**table, **self.actions.expected(path), type="document_table"),
        ]
        for heading, items in (("Decisions", self.decisions), ("Open points", self.questions)):
            head = step.core(
                heading.split(" ", 1)[0].lower(),
                0.2,
                f"{path} lists under `{heading}` what belongs there",
                ", ".join(ref for ref, _ in items),
            )
            others = self.questions if heading == "Decisions" else self.decisions
            checks.append(
                SectionCheck(
                    **head,
                    path=path,
                    heading=heading,
                    facts=tuple((ref,) for ref, _ in items),
                    lacks=tuple(ref for ref, _ in others),
                    most_characters=1500,
                )
            )
        return checks
