"""draft: prepare messages for people from facts, ready to be sent by a person."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot
from synth.values import Cell, Row, RowSet, Value
from synth.values.drafts import Draft, Drafts
from synth.values.minutes import Notes
from synth.world import Source, World
from synth.world.accounts import make_accounts
from synth.world.cast import Person, make_cast
from synth.world.meetings import STEMS, make_notes

_COLUMNS = ("invoice", "contact", "email", "due", "status", "amount")


class DraftParams(ParamsModel):
    """A reminder for each invoice, one for each person with all of theirs, or tasks by owner.

    Invoices count that are open and were due before `today`.
    """

    way: Literal["each", "person", "tasks"]
    today: str = ""
    sender: str = ""
    year: int = 0
    people: tuple[tuple[str, str], ...] = ()


class DraftMessages(GroundedOperation):
    """One message a row, or one a person."""

    name = "draft"
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS, ArtifactKind.DOCUMENT)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Accounts, or notes."""
        for slot in slots:
            known = isinstance(slot.value, RowSet) and slot.value.names == _COLUMNS
            if slot.kind is kind and (known or isinstance(slot.value, Notes)):
                yield (slot.id,)

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """Accounts, or the minutes of a meeting."""
        if kind is ArtifactKind.DOCUMENT:
            notes = make_notes(world.rng(f"meeting-{kind}"), world, kind)
            stem = f"{STEMS[kind]}-{notes.day.isoformat()}"
            return (Source(kind, world.input_path(stem, world.extension(kind), "meetings"), notes),)
        value = make_accounts(world.rng("accounts"), world)
        return (
            Source(kind, world.input_path("invoices_sent", world.extension(kind), "books"), value),
        )

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """A mailbox of drafts."""
        return ((ArtifactKind.MAILBOX, "mbox"),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Reminders, where two at least are due; tasks, from notes."""
        sender = next(person for person in make_cast(rng, 24) if not _is_known(person, inputs[0]))
        if isinstance(inputs[0], Notes):
            people = {item.owner: item.email for item in inputs[0].items if item.kind == "action"}
            params = DraftParams(
                way="tasks",
                sender=sender.first,
                year=inputs[0].day.year,
                people=tuple(sorted(people.items())),
            )
            return params.model_dump(mode="json")
        assert isinstance(inputs[0], RowSet)
        days = sorted(str(day) for day in inputs[0].values("due"))
        if len(days) < 6:
            return None
        today = days[int(len(days) * rng.uniform(0.5, 0.8))]
        params = DraftParams(way="person", today=today, sender=sender.first)
        drafts = _reminders(params, inputs[0], overdue=True)
        each = params.model_copy(update={"way": "each"})
        if len(drafts.drafts) == len(_reminders(each, inputs[0], overdue=True).drafts):
            params = each  # nobody gets several mails
        return params.model_dump(mode="json") if len(drafts.drafts) > 1 else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Drafts:
        """The messages, by the order of the facts."""
        wanted, facts = DraftParams.model_validate(params), inputs[0]
        if isinstance(facts, Notes):
            return _task_mails(wanted, facts)
        assert isinstance(facts, RowSet)
        return _reminders(wanted, facts, overdue=True)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Whoever is not due yet gets one too; one is forgotten; everybody gets the same text."""
        wanted, facts, truth = (
            DraftParams.model_validate(params),
            inputs[0],
            self.apply(params, inputs),
        )
        if isinstance(facts, RowSet):
            eager = _reminders(wanted, facts, overdue=False)
            if eager != truth:
                yield eager
        yield Drafts(tuple(replace(draft, body="Please see above.") for draft in truth.drafts))
        if len(truth.drafts) > 1:
            yield Drafts(truth.drafts[:-1])
            first = truth.drafts[0]
            others = (Draft(d.to, d.subject, first.body, d.says) for d in truth.drafts[1:])
            yield Drafts((first, *others))

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{today}`, `{sender}`, `{people}`, `{year}` and the variant."""
        wanted = DraftParams.model_validate(params)
        people = "; ".join(f"{name} <{address}>" for name, address in wanted.people)
        return {
            "variant": wanted.way,
            "today": wanted.today,
            "sender": wanted.sender,
            "people": people,
            "year": str(wanted.year),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """What the drafts are for."""
        way = DraftParams.model_validate(params).way
        return "task_mails" if way == "tasks" else "payment_reminders"


def _is_known(person: Person, facts: Value) -> bool:
    """Whether somebody of that first name turns up in the facts already."""
    if isinstance(facts, Notes):
        return person.first in facts.text
    assert isinstance(facts, RowSet)
    return any(str(name).startswith(f"{person.first} ") for name in facts.values("contact"))


def _reminders(params: DraftParams, rows: RowSet, *, overdue: bool) -> Drafts:
    due = [
        _fact(row)
        for row in rows.rows
        if row[4] == "open" and (not overdue or str(row[3]) < params.today)
    ]
    if params.way == "each":
        return Drafts(tuple(_reminder(params, [fact], due) for fact in due))
    addresses = dict.fromkeys(fact["email"] for fact in due)
    groups = [[fact for fact in due if fact["email"] == address] for address in addresses]
    return Drafts(tuple(_reminder(params, group, due) for group in groups))


def _fact(row: Row) -> dict[str, Cell]:
    return dict(zip(_COLUMNS, row, strict=True))


def _reminder(
    params: DraftParams, mine: list[dict[str, Cell]], every: list[dict[str, Cell]]
) -> Draft:
    first = str(mine[0]["contact"]).split(" ", 1)[0]
    lines = [f"{fact['invoice']}, due {fact['due']}: {fact['amount']:.2f}" for fact in mine]
    says = [str(fact["invoice"]) for fact in mine] + [str(fact["due"]) for fact in mine]
    says += [f"{fact['amount']:.2f}" for fact in mine]
    subject = f"Reminder: invoice {mine[0]['invoice']}"
    if params.way == "person":
        total = math.fsum(float(fact["amount"]) for fact in mine)
        subject = f"Reminder: {len(mine)} open {'invoice' if len(mine) == 1 else 'invoices'}"
        lines.append(f"Total: {total:.2f}")
        says.append(f"{total:.2f}")
    body = "\n".join(
        (
            f"Dear {first},",
            "",
            "we are still waiting for:",
            *lines,
            "",
            f"Kind regards,\n{params.sender}",
        )
    )
    lacks = tuple(str(fact["invoice"]) for fact in every if fact not in mine)
    return Draft(str(mine[0]["email"]), subject, body, (first, params.sender, *says), lacks)


def _task_mails(params: DraftParams, notes: Notes) -> Drafts:
    actions = [item for item in notes.items if item.kind == "action"]
    drafts: list[Draft] = []
    for name, address in params.people:
        mine = [item for item in actions if item.owner == name]
        first = name.split(" ", 1)[0]
        says = [part for item in mine for part in (item.ref, str(item.due))]
        lines = [f"{item.ref}: {item.text}, by {item.due}" for item in mine]
        body = "\n".join((f"Hello {first},", "", *lines, "", "Thanks,", params.sender))
        lacks = tuple(item.ref for item in (*actions, *notes.dropped) if item not in mine)
        subject = f"Your action items ({len(mine)})"
        drafts.append(Draft(address, subject, body, (first, params.sender, *says), lacks))
    return Drafts(tuple(drafts))


__all__ = ["DraftMessages", "DraftParams"]
