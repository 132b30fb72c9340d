"""summarize: take decisions, action items and owners out of notes."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot
from synth.values import Field, Role, Row, RowSet, Value, matter
from synth.values.minutes import Item, ItemKind, MinutesPage, Notes
from synth.world import Source, World
from synth.world.meetings import STEMS, make_notes

_REF = Field("ref", ColumnType.TEXT, Role.ID)
_KIND = Field("kind", ColumnType.TEXT, Role.CATEGORY)
_OWNER = Field("owner", ColumnType.TEXT, Role.LINK)
_DUE = Field("due", ColumnType.DATE, Role.DATE)
_READERS = ("the new chair", "our new colleague", "the managing director", "the deputy chair")
_SOON = timedelta(days=12)
"""After how many days somebody asks for what should be done by then."""


_MYSELF = re.compile(r"\bI\b")
_OWN = ' Where somebody writes for themselves ("I"), they are the owner.'


class SummarizeParams(ParamsModel):
    """Action items alone, everything, or a page; `year` is that of dates without one."""

    form: Literal["actions", "all", "page"]
    year: int
    title: str = ""
    reader: str = ""


class Summarize(GroundedOperation):
    """What holds at the end: moved dates, new owners, and nothing that was dropped."""

    name = "summarize"
    states_order = False
    kinds = (ArtifactKind.DOCUMENT, ArtifactKind.MAILBOX, ArtifactKind.LOG)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Notes."""
        return ((s.id,) for s in slots if s.kind is kind and isinstance(s.value, Notes))

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """Minutes, a thread of mails, or a chat."""
        notes = make_notes(world.rng(f"meeting-{kind}"), world, kind)
        path = world.input_path(
            f"{STEMS[kind]}-{notes.day.isoformat()}", world.extension(kind), "meetings"
        )
        return (Source(kind, path, notes),)

    def outputs(self, params: Params, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """A page, or rows."""
        if SummarizeParams.model_validate(params).form == "page":
            return ((ArtifactKind.DOCUMENT, "md"),)
        return ((ArtifactKind.RECORDS, "json"), (ArtifactKind.TABLE, "csv"))

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """One of the forms."""
        day = _notes(inputs).day
        form: Literal["actions", "all", "page"] = (
            "page" if knobs.prose else rng.choice(("actions", "actions", "all", "page"))
        )
        if form != "page":
            return SummarizeParams(form=form, year=day.year).model_dump(mode="json")
        title = f"Follow-up of {day.isoformat()}"
        params = SummarizeParams(form=form, year=day.year, title=title, reader=rng.choice(_READERS))
        return params.model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet | MinutesPage:
        """Items by kind, and action items as they were first named."""
        wanted, items = SummarizeParams.model_validate(params), _notes(inputs).items
        if wanted.form == "page":
            return MinutesPage(
                wanted.title,
                wanted.reader,
                _rows(items, with_kind=False),
                tuple((item.ref, item.text) for item in items if item.kind == "decision"),
                tuple((item.ref, item.text) for item in items if item.kind == "open"),
            )
        rows = _rows(items, with_kind=wanted.form == "all")
        soon = _notes(inputs).day + _SOON
        return rows if wanted.form == "all" else replace(rows, subject=matter("action items", soon))

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """First dates, first owners, or with what was dropped."""
        notes, truth = _notes(inputs), self.apply(params, inputs)
        others = (
            tuple(replace(item, due=item.first_due) for item in notes.items),
            tuple(replace(item, owner=item.first_owner) for item in notes.items),
            (*notes.items, *notes.dropped),
            notes.items[1:],
        )
        for items in others:
            wrong = self.apply(params, [replace(notes, items=items)])
            if wrong != truth:
                yield wrong

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{year}`, `{title}`, `{reader}`, the variant, and `{own}`, which may be ""."""
        wanted = SummarizeParams.model_validate(params)
        return {
            "own": _OWN * bool(_MYSELF.search(_notes(inputs).text)),
            "variant": wanted.form,
            "year": str(wanted.year),
            "title": wanted.title,
            "reader": wanted.reader,
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The notes, and what is taken out of them."""
        ends = {"actions": "actions", "all": "items", "page": "summary"}
        return f"{stems[0]}_{ends[SummarizeParams.model_validate(params).form]}"


def _notes(inputs: Sequence[Value]) -> Notes:
    assert isinstance(inputs[0], Notes)
    return inputs[0]


def _rows(items: Sequence[Item], *, with_kind: bool) -> RowSet:
    if with_kind:
        kinds: tuple[ItemKind, ...] = ("action", "decision", "open")
        ranked = [item for kind in kinds for item in items if item.kind == kind]
        rows: list[Row] = [(i.ref, i.kind, i.owner, str(i.due or "")) for i in ranked]
        return RowSet(
            (_REF, _KIND, _OWNER, _DUE),
            tuple(rows),
            key=("ref",),
            topic="items",
            subject=matter("items of a meeting"),
        )
    rows = [(i.ref, i.owner, str(i.due)) for i in items if i.kind == "action"]
    return RowSet((_REF, _OWNER, _DUE), tuple(rows), key=("ref",), topic="actions")
