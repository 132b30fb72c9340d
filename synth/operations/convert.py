"""convert: write the same content in another format."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, Slot, differing, told_if
from synth.operations.exporting import (
    OUTPUTS,
    ExportParams,
    export_words,
    exported,
    propose_export,
    wrongly_exported,
)
from synth.taxonomy.domain import domain_of
from synth.values import ROW_KINDS, Config, RowSet, Value
from synth.values.settings import Setting, Settings, WebNotes
from synth.values.texts import Texts
from synth.world import Source, World
from synth.world.contacts import contacts_source
from synth.world.notebook import make_notes
from synth.world.sessions import sessions_source

_WHOLE = re.compile(r"-?\d+")
_SWITCHES = {"yes": True, "no": False}
_MAKES: dict[ArtifactKind, tuple[tuple[ArtifactKind, str], ...]] = {
    ArtifactKind.TABLE: ((ArtifactKind.RECORDS, "json"), (ArtifactKind.RECORDS, "jsonl")),
    ArtifactKind.RECORDS: ((ArtifactKind.TABLE, "csv"), (ArtifactKind.TABLE, "tsv")),
    ArtifactKind.CONFIG: ((ArtifactKind.CONFIG, "json"),),
    ArtifactKind.DOCUMENT: ((ArtifactKind.DOCUMENT, "html"),),
}

_ROWS_AS_ROWS = 0.2
"""How often rows of those who work with programs become rows of another format."""

_PEOPLE, _DATES = 0.25, 0.2
"""How often a list of people is brought, or one of dates, and no events."""


class Convert(GroundedOperation):
    """Rows in another form, settings as JSON, notes as a page."""

    name = "convert"
    needs_order = True
    kinds = (*ROW_KINDS, ArtifactKind.CONFIG, ArtifactKind.DOCUMENT)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Rows that stand once each, settings, and notes."""
        for slot in slots:
            known = slot.kind is kind and isinstance(slot.value, RowSet | Config | Texts)
            if known and (kind is ArtifactKind.CONFIG or not slot.side):
                yield (slot.id,)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events, people or dates; the settings, or the notes."""
        if kind is ArtifactKind.CONFIG:
            return (world.config_source(),)
        if kind is ArtifactKind.DOCUMENT:
            path = world.input_path("notes", "md")
            return (Source(kind, path, make_notes(world, folder=False)),)
        chance = rng.random()
        if chance < _PEOPLE:
            return (contacts_source(rng, world, kind),)
        if chance < _PEOPLE + _DATES:
            return (sessions_source(rng, world, kind),)
        return world.feed_source(kind)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """Another format."""
        forms = OUTPUTS.values() if kind in ROW_KINDS else ()
        return (*_MAKES[kind], *(made for form in forms for made in form))

    def outputs(self, params: Params, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """The form that is wanted, or another row format."""
        return OUTPUTS[ExportParams.model_validate(params).form] if params else _MAKES[kind]

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Always possible, but dull on rows that still hold duplicates."""
        first = inputs[0]
        if isinstance(first, RowSet):
            return None if first.duplicated or not first.rows else _form_of(rng, first)
        if isinstance(first, Config) and not first.sections:
            return None
        return {} if isinstance(first, Config | Texts) else None

    def revise(
        self, rng: random.Random, params: Params, inputs: Sequence[Value], knobs: Knobs
    ) -> Params | None:
        """Nothing: who wants another form wants another file."""
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """The input itself, or its export; settings with numbers and switches as such."""
        first = inputs[0]
        if isinstance(first, Config):
            return Settings(
                {
                    name: {key: _typed(said) for key, said in values.items()}
                    for name, values in first.sections.items()
                }
            )
        if isinstance(first, Texts):
            return _page(first)
        assert isinstance(first, RowSet)
        return exported(ExportParams.model_validate(params), first) if params else first

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The last one lost, one twice; all values as text; items run together."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        truth = self.apply(params, inputs)
        if params:
            assert isinstance(inputs[0], RowSet)
            yield from wrongly_exported(ExportParams.model_validate(params), inputs[0])
        elif isinstance(truth, RowSet):
            yield truth.with_rows(list(truth.rows[:-1]))
            yield truth.with_rows([*truth.rows, truth.rows[0]])
        elif isinstance(truth, Settings):
            texts: dict[str, dict[str, Setting]] = {
                name: {key: str(said) for key, said in values.items()}
                for name, values in truth.sections.items()
            }
            yield Settings(texts)
            yield Settings(dict(list(truth.sections.items())[:-1]))
        elif isinstance(truth, WebNotes):
            merged = tuple((name, (" ".join(items),)) for name, items in truth.sections)
            yield WebNotes(truth.title, merged)
            yield WebNotes(truth.title, truth.sections[:-1])

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """Which way it is said: for settings, notes and each form in words of their own."""
        if params:
            assert isinstance(inputs[0], RowSet)
            return export_words(ExportParams.model_validate(params), inputs[0])
        if isinstance(inputs[0], Config):
            return _settings_words(inputs[0])
        if isinstance(inputs[0], Texts):
            marks = any(mark in line for line in inputs[0].lines[0][1] for mark in "&<>")
            return {"variant": "page", "marks": told_if(marks)}
        assert isinstance(inputs[0], RowSet)
        return {"figures": told_if(any(field.numeric for field in inputs[0].fields))}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem."""
        return stems[0]


def _form_of(rng: random.Random, rows: RowSet) -> Params:
    """A form, or none for another row format."""
    asked = propose_export(rng, rows)
    domain = domain_of(rows.subject.domain) if rows.subject else None
    for_programs = domain is not None and domain.technical
    plain = asked is None or (asked.name and for_programs and rng.random() < _ROWS_AS_ROWS)
    return {} if asked is None or plain else asked.model_dump(mode="json", exclude_defaults=True)


def _settings_words(config: Config) -> dict[str, str]:
    """A section as an example; what kinds of values there are, and whether there are comments."""
    said = [value for keys in config.sections.values() for value in keys.values()]
    return {
        "variant": "settings",
        "section": next(iter(config.sections)),
        "switches": told_if(any(value in _SWITCHES for value in said)),
        "others": told_if(any(isinstance(_typed(value), str) for value in said)),
        "comments": told_if(bool(config.comments)),
    }


def _typed(said: str) -> Setting:
    if said in _SWITCHES:
        return _SWITCHES[said]
    return int(said) if _WHOLE.fullmatch(said) else said


def _page(notes: Texts) -> WebNotes:
    title, sections = "", list[tuple[str, list[str]]]()
    for line in notes.lines[0][1]:
        if line.startswith("# "):
            title = line[2:].strip()
        elif line.startswith("## "):
            sections.append((line[3:].strip(), []))
        elif line.startswith("- "):
            sections[-1][1].append(line[2:].strip())
    return WebNotes(title, tuple((name, tuple(items)) for name, items in sections))
