"""split: part a file into several, by a rule that loses nothing."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.asking import about, asked_of, shuffled, uses_what_was_joined
from synth.operations.base import (
    AskedParams,
    GroundedOperation,
    Params,
    Slot,
    differing,
    told_if,
)
from synth.taxonomy.domain import domain_of
from synth.taxonomy.question import Questions
from synth.values import ROW_KINDS, Role, Row, RowSet, Value
from synth.values.pieces import Letters, Parts
from synth.values.texts import Texts
from synth.world import Source, World
from synth.world.notebook import make_notes

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]*")
_MOST = 12
_CUT = 0.05
"""How often rows are cut up by their number, whatever else is asked for."""

_LEAST_FOR_SHARES = 15
_SIZES = (5, 8, 10, 20, 25, 50)
_MOST_FILES = 6
"""What rows are cut into."""
"""How many rows there are where somebody looks at a part of them only."""


class SplitParams(AskedParams):
    """The rule, and the `format` of the parts.

    `value` makes a file for each value of `column`, `month` for each month of it; `chunks` one for
    every `size` rows; `share` puts each `size`-th row into one file and the rest into another;
    `sections` makes a file for each `## ` section of a text.
    """

    mode: Literal["value", "month", "chunks", "share", "sections"]
    column: str = ""
    size: int = 0
    format: str


class Split(GroundedOperation):
    """A folder with the parts."""

    name = "split"
    needs_order = True
    kinds = (*ROW_KINDS, ArtifactKind.DOCUMENT)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Rows, and notes."""
        for slot in slots:
            if slot.kind is kind and isinstance(slot.value, RowSet | Texts) and not slot.side:
                yield (slot.id,)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events, or the notes."""
        if kind is ArtifactKind.DOCUMENT:
            path = world.input_path("notes", "md")
            return (Source(kind, path, make_notes(world, folder=False)),)
        return world.feed_source(kind)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """A folder."""
        return ((ArtifactKind.ARCHIVE, ""),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Between two and a dozen parts."""
        rows = inputs[0]
        if isinstance(rows, Texts):
            return SplitParams(mode="sections", format="md").model_dump(mode="json")
        if not isinstance(rows, RowSet) or rows.duplicated or rows.grouped or len(rows.rows) < 6:
            return None
        if "rank" in rows.names:
            return None  # nobody takes a ranking apart
        asked = asked_of(rows)
        for params in _answers(rng, rows, asked) if asked else (_rule(rng, rows) for _ in range(6)):
            if params:
                parts = _parts(rows, params)
                if 2 <= len(parts) <= _MOST and all(part.rows for part in parts.values()):
                    return params.model_dump(mode="json")
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """The parts by the name of their file."""
        wanted, whole = SplitParams.model_validate(params), inputs[0]
        if isinstance(whole, Texts):
            return Letters(tuple(_sections(whole).items()))
        assert isinstance(whole, RowSet)
        parts = _parts(whole, wanted)
        return Parts(tuple((f"{name}.{wanted.format}", part) for name, part in parts.items()))

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """A row lost at a border; a row that lands in the part before its own."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        truth = self.apply(params, inputs)
        if isinstance(truth, Letters):
            texts = [(name, text.partition("\n")[2]) for name, text in truth.texts]
            yield Letters(tuple(texts))
            yield Letters(truth.texts[:-1])
            return
        assert isinstance(truth, Parts)
        (first, one), (second, other), *rest = truth.parts
        yield Parts(((first, one), (second, other.with_rows(list(other.rows[1:]))), *rest))
        moved = one.with_rows([*one.rows, *other.rows[:1]])
        left = other.with_rows(list(other.rows[1:]))
        yield Parts(((first, moved), (second, left), *rest))

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """`{column}`, `{size}`, the name of a part as an example, and how it comes about.

        `capitals` and `blanks` say that values have such, which names of files have not.
        """
        wanted = SplitParams.model_validate(params)
        truth, rows = self.apply(params, inputs), inputs[0]
        names = [name for name, _ in truth.parts] if isinstance(truth, Parts) else []
        cells = rows.values(wanted.column) if isinstance(rows, RowSet) and wanted.column else []
        values = [str(cell) for cell in cells]
        return {
            "variant": wanted.mode,
            "column": f"`{wanted.column}`",
            "size": str(wanted.size) if wanted.mode == "chunks" else _ordinal(wanted.size),
            "number": str(wanted.size),
            "twice": str(2 * wanted.size),
            "extension": wanted.format,
            "capitals": told_if(any(value != value.lower() for value in values)),
            "blanks": told_if(any(" " in value for value in values)),
            "example": f"`{max(names, key=lambda name: '_' in name)}`" if names else "",
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input and the rule."""
        wanted = SplitParams.model_validate(params)
        rule = {
            "value": f"by_{wanted.column}",
            "month": "by_month",
            "chunks": "parts",
            "share": "sets",
            "sections": "by_day",
        }
        return f"{stems[0]}_{rule[wanted.mode]}"


def _ordinal(size: int) -> str:
    return {3: "third", 4: "fourth", 5: "fifth"}.get(size, "")


def _answers(rng: random.Random, rows: RowSet, asked: Questions) -> Iterator[SplitParams | None]:
    """The parts that somebody asks for of such rows; else those that any list may be cut into."""
    if rng.random() < _CUT and not about(rows).picked:
        yield _cut(rng, rows, rng.choice(("chunks", "share")))
    for part in shuffled(rng, asked.parts):
        if part.by not in rows.names or not uses_what_was_joined(rows, [part.by]):
            continue
        if _are_names(rows, part.by):
            extension = _format(rng, rows)
            yield SplitParams(mode="value", column=part.by, format=extension, why=part.why)


def _format(rng: random.Random, rows: RowSet) -> str:
    """What the parts are written as: JSON lines only where programs take them."""
    domain = domain_of(rows.subject.domain) if rows.subject else None
    return rng.choice(("csv", "csv", "csv", "jsonl")) if domain and domain.technical else "csv"


def _cut(rng: random.Random, rows: RowSet, mode: Literal["chunks", "share"]) -> SplitParams | None:
    count = len(rows.rows)
    if count < _LEAST_FOR_SHARES:
        return None
    sizes = [size for size in _SIZES if size < count <= _MOST_FILES * size] or [_SIZES[-1]]
    size = rng.choice(sizes if mode == "chunks" else (3, 4, 5))
    return SplitParams(mode=mode, size=size, format=_format(rng, rows))


def _are_names(rows: RowSet, column: str) -> bool:
    """Whether files may be called after the values of a column."""
    values = [str(value) for value in rows.values(column)]
    names = {value.lower() for value in values}
    return all(_NAME.fullmatch(value) for value in values) and len(names) == len(set(values))


def _rule(rng: random.Random, rows: RowSet) -> SplitParams | None:
    mode: Literal["value", "month", "chunks", "share"]
    mode = rng.choice(("value", "value", "value", "month", "chunks", "share"))
    if mode in ("chunks", "share"):
        return _cut(rng, rows, mode)
    fields = rows.of_role(Role.CATEGORY if mode == "value" else Role.DATE)
    if not fields:
        return None
    name = rng.choice(fields).name
    if not _are_names(rows, name):
        return None
    return SplitParams(mode=mode, column=name, format=_format(rng, rows))


def _parts(rows: RowSet, wanted: SplitParams) -> dict[str, RowSet]:
    """The parts by name, in the order of their first row."""
    found: dict[str, list[Row]] = {}
    for number, row in enumerate(rows.rows, 1):
        cell = str(row[rows.index(wanted.column)]) if wanted.column else ""
        found.setdefault(_part(wanted, number, cell), []).append(row)
    return {name: replace(rows, rows=tuple(part), sorted_rows=True) for name, part in found.items()}


def _part(wanted: SplitParams, number: int, cell: str) -> str:
    """The part of one row, by its number from 1 and its cell."""
    if wanted.mode == "chunks":
        return f"part_{(number - 1) // wanted.size + 1}"
    if wanted.mode == "share":
        return "rest" if number % wanted.size else "sample"
    return cell[:7] if wanted.mode == "month" else cell.lower().replace(" ", "_")


def _sections(notes: Texts) -> dict[str, str]:
    """Each section with its heading line, under the name of the heading."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in notes.lines[0][1]:
        if line.startswith("## "):
            name = f"{line[3:].strip()}.md"
            found[name] = []
        if name:
            found[name].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}
