"""extract: turn the entries of what is no plain table into rows."""

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field as PydanticField

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import (
    GroundedOperation,
    Params,
    ParamsModel,
    Slot,
    differing,
    listing,
    told_if,
)
from synth.values import Role, RowSet, Value
from synth.values.forms import Form, Formed
from synth.values.shown import heading, with_commas
from synth.world import Source, World

_ENTRIES = (ArtifactKind.LOG, ArtifactKind.MAILBOX, ArtifactKind.CALENDAR)
_FORMS: dict[ArtifactKind, tuple[tuple[Form, str, str], ...]] = {
    ArtifactKind.DOCUMENT: (("cards", "overview", "md"), ("listing", "listing", "txt")),
    ArtifactKind.ARCHIVE: (("forms", "forms", ""),),
    ArtifactKind.TABLE: (("book", "export", "xlsx"),),
}
_MOST_FORMS = 40
_BY_HAND = ("cards", "forms")
"""What people write: no program that records events does."""


_SPAN = {"start", "end"}


class ExtractParams(ParamsModel):
    """The fields to extract, in the order of the output's columns.

    `form` says what they are taken from, "" for a log, a mailbox or a calendar. Elsewhere the
    fields are called as in `names`, `dates` are spelled out and `numbers` have thousands commas;
    of a workbook, `sheet` is read.
    """

    form: Literal["", "cards", "listing", "forms", "book"] = ""
    fields: tuple[str, ...]
    names: dict[str, str] = PydanticField(default_factory=dict[str, str])
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    sheet: str = ""


class Extract(GroundedOperation):
    """One row an entry."""

    name = "extract"
    kinds = (*_ENTRIES, *_FORMS)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Files of entries, and rows in some form."""
        for slot in slots:
            entries = kind in _ENTRIES and isinstance(slot.value, RowSet)
            if slot.kind is kind and (entries or isinstance(slot.value, Formed)):
                yield (slot.id,)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events, if they come as such a file; else in a form that suits the kind."""
        if kind in _ENTRIES:
            return world.feed_source(kind)
        recorded = world.domain.name in _asides()["recorded"]
        forms = [one for one in _FORMS[kind] if not (recorded and one[0] in _BY_HAND)]
        if not forms:
            return None
        form, stem, extension = rng.choice(forms)
        feed = world.clean_feed
        first = [feed.key[0], *(name for name in feed.names if name != feed.key[0])]
        rows = feed.select(tuple(first))
        if form == "forms" and not _are_names([str(row[0]) for row in rows.rows]):
            return None
        if form == "forms":
            rows = replace(rows, rows=tuple(sorted(rows.rows, key=str)[:_MOST_FORMS]))
        title = f"{world.domain.plural[0].upper()}{world.domain.plural[1:]}"
        asides = [
            said.format(plural=world.domain.plural, count=len(rows.rows))
            for said in _asides()[form]
        ]
        value = Formed(rows, form, title, tuple(asides))
        return (Source(kind, world.input_path(f"{world.domain.feed}_{stem}", extension), value),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """All fields but, sometimes, one or two that say little."""
        value = inputs[0]
        rows = value.rows if isinstance(value, Formed) else value
        if not isinstance(rows, RowSet) or rows.duplicated:
            return None
        told = {*rows.key, *_SPAN}  # when something takes place is what a list of it is for
        spare = [field.name for field in rows.of_role(Role.TEXT) if field.name not in told]
        dropped = set(rng.sample(spare, min(len(spare), rng.choice((0, 1, 2)))))
        fields = tuple(name for name in rows.names if name not in dropped)
        params = ExtractParams(fields=fields)
        if isinstance(value, Formed):
            kept = rows.select(fields).fields
            params = ExtractParams(
                form=value.form,
                fields=fields,
                names={name: name if value.form == "book" else heading(name) for name in fields},
                dates=tuple(f.name for f in kept if f.type is ColumnType.DATE),
                numbers=tuple(f.name for f in kept if f.numeric),
                sheet=value.title[:31] if value.form == "book" else "",
            )
        return params.model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The chosen columns of every entry."""
        value = inputs[0]
        rows = value.rows if isinstance(value, Formed) else value
        assert isinstance(rows, RowSet)
        return rows.select(ExtractParams.model_validate(params).fields)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The last entry forgotten; figures cut at the comma; dates of the next day."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        truth = self.apply(params, inputs)
        yield truth.with_rows(list(truth.rows[:-1]))
        yield truth.with_rows([*truth.rows, truth.rows[0]])
        for field in truth.of_role(Role.MEASURE)[:1]:
            at = truth.index(field.name)
            yield truth.with_rows(
                [(*row[:at], int(str(row[at])[0]), *row[at + 1 :]) for row in truth.rows]
            )

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """`{fields}`; of a form, `{first}`, how figures and dates are written, and `gaps`."""
        wanted = ExtractParams.model_validate(params)
        words = {"fields": ", ".join(f"`{name}`" for name in wanted.fields)}
        if not wanted.form:
            return words
        told: list[str] = []
        if wanted.dates:
            told.append(f"{listing([f'`{name}`' for name in wanted.dates])} as YYYY-MM-DD")
        rows = self.apply(params, inputs)
        if wanted.form != "book" and (grouped := with_commas(rows, wanted.numbers)):
            told.append(f"{listing([f'`{name}`' for name in grouped])} without commas")
        tidy = f" Write {', and '.join(told)}." if told else ""
        first = f"`{wanted.fields[0]}`"
        return words | {
            "variant": wanted.form,
            "tidy": tidy,
            "gaps": told_if(any("" in row for row in rows.rows)),
            "first": first,
            "sheet": wanted.sheet,
            "known": wanted.names[wanted.fields[0]],
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed."""
        return base


def _are_names(keys: Sequence[str]) -> bool:
    """Whether files can be called so."""
    known = {key.casefold() for key in keys}
    plain = all(key.replace("-", "").replace("_", "").isalnum() for key in keys)
    return plain and len(known) == len(keys)


class _Asides(dict[str, tuple[str, ...]]):
    """What else is said, by form."""


@cache
def _asides() -> _Asides:
    text = files("synth").joinpath("data", "forms.toml").read_text(encoding="utf-8")
    return _Asides({form: tuple(said) for form, said in tomllib.loads(text).items()})
