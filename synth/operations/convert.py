"""convert: write the same content in another format."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, Slot, differing
from synth.values import ROW_KINDS, Config, RowSet, Value
from synth.values.settings import Setting, Settings, WebNotes
from synth.values.texts import Texts
from synth.world import Source, World
from synth.world.notebook import make_notes

_WHOLE = re.compile(r"-?\d+")
_SWITCHES = {"yes": True, "no": False}
_MAKES: dict[ArtifactKind, tuple[tuple[ArtifactKind, str], ...]] = {
    ArtifactKind.TABLE: (
        (ArtifactKind.RECORDS, "json"),
        (ArtifactKind.RECORDS, "jsonl"),
    ),
    ArtifactKind.RECORDS: ((ArtifactKind.TABLE, "csv"), (ArtifactKind.TABLE, "tsv")),
    ArtifactKind.CONFIG: ((ArtifactKind.CONFIG, "json"),),
    ArtifactKind.DOCUMENT: ((ArtifactKind.DOCUMENT, "html"),),
}


class Convert(GroundedOperation):
    """Rows in another row format, settings as JSON, notes as a page."""

    name = "convert"
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
        """The events, the settings, or the notes."""
        if kind is ArtifactKind.CONFIG:
            return (world.config_source(),)
        if kind is ArtifactKind.DOCUMENT:
            path = world.input_path("notes", "md")
            return (Source(kind, path, make_notes(world, folder=False)),)
        return world.feed_source(kind)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """Another format."""
        return _MAKES[kind]

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Always possible, but dull on rows that still hold duplicates."""
        first = inputs[0]
        if isinstance(first, RowSet):
            return None if first.duplicated else {}
        if isinstance(first, Config) and not first.sections:
            return None
        return {} if isinstance(first, Config | Texts) else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """The input itself; settings with numbers and switches as such."""
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
        return first

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The last one lost; all values as text; items run together."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        truth = self.apply(params, inputs)
        if isinstance(truth, RowSet):
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
        """Which way it is said: for settings and for notes in words of their own."""
        if isinstance(inputs[0], Config):
            return {"variant": "settings", "section": next(iter(inputs[0].sections))}
        return {"variant": "page"} if isinstance(inputs[0], Texts) else {}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem."""
        return stems[0]


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
