"""update: change the named values of settings, rows or notes in place, and nothing else."""

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations import update_notes, update_rows
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot, differing
from synth.values import ROW_KINDS, Config, Role, RowSet, Value
from synth.values.texts import Texts
from synth.world import Source, World
from synth.world.notebook import make_tasks

_KEY = re.compile(r"[A-Za-z][\w-]*")
_KNOWN: dict[ArtifactKind, type[Value]] = {
    ArtifactKind.TABLE: RowSet,
    ArtifactKind.RECORDS: RowSet,
    ArtifactKind.CONFIG: Config,
    ArtifactKind.DOCUMENT: Texts,
}


class ScaleParams(ParamsModel):
    """Multiply every value of one key, in all sections; halves round up to whole numbers.

    `reason` is told with it.
    """

    mode: Literal["scale"] = "scale"
    key: str
    factor: float
    reason: str = ""


class SetParams(ParamsModel):
    """Set `section.<row[key_column]> = row[value_column]` for every row, adding missing keys."""

    mode: Literal["set-from"] = "set-from"
    section: str
    key_column: str
    value_column: str


class Update(GroundedOperation):
    """Settings: scale a key, copy figures into a section. Rows and notes: see their modules."""

    name = "update"
    kinds = (*ROW_KINDS, ArtifactKind.CONFIG, ArtifactKind.DOCUMENT)
    in_place = True

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The settings, the notes, or the events."""
        if kind is ArtifactKind.CONFIG:
            return (world.config_source(),)
        if kind is ArtifactKind.DOCUMENT:
            path = world.input_path("to_do", "md")
            return (Source(kind, path, make_tasks(world)),)
        return world.feed_source(kind)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Rows, notes, or settings; those alone or with figures a group."""
        for slot in slots:
            if slot.kind is not kind or not isinstance(slot.value, _KNOWN[kind]):
                continue
            if kind is ArtifactKind.CONFIG or not slot.side:
                yield (slot.id,)
            for rows in slots if kind is ArtifactKind.CONFIG else ():
                if isinstance(rows.value, RowSet) and _is_baseline(slot.value, rows.value):
                    yield (slot.id, rows.id)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """What the inputs allow."""
        first = inputs[0]
        if isinstance(first, RowSet):
            return update_rows.propose(rng, first)
        if isinstance(first, Texts):
            return update_notes.propose(rng, first)
        if len(inputs) == 1:
            assert isinstance(first, Config)
            change = rng.choice(first.changes)
            scale = ScaleParams(key=change.key, factor=change.factor, reason=change.why)
            return scale.model_dump(mode="json")
        rows = inputs[1]
        assert isinstance(rows, RowSet)
        if not rows.grouped or len(rows.key) != 1:
            return None
        if not all(_KEY.fullmatch(str(value)) for value in rows.values(rows.key[0])):
            return None
        measures = [field.name for field in rows.of_role(Role.MEASURE)]
        value_column = "count" if "count" in measures else rng.choice(measures)
        params = SetParams(section="baseline", key_column=rows.key[0], value_column=value_column)
        proposed = params.model_dump(mode="json")
        return proposed if self.apply(proposed, inputs) != inputs[0] else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """What is there afterwards; of settings, the text is still that of the input."""
        config = inputs[0]
        if isinstance(config, RowSet):
            return update_rows.apply(params, config)
        if isinstance(config, Texts):
            return update_notes.apply(params, config)
        assert isinstance(config, Config)
        sections = {name: dict(values) for name, values in config.sections.items()}
        if params["mode"] == "scale":
            scale = ScaleParams.model_validate(params)
            for values in sections.values():
                if scale.key in values:
                    values[scale.key] = str(math.floor(int(values[scale.key]) * scale.factor + 0.5))
        else:
            wanted, rows = SetParams.model_validate(params), inputs[1]
            assert isinstance(rows, RowSet)
            pairs = zip(
                rows.values(wanted.key_column), rows.values(wanted.value_column), strict=True
            )
            sections[wanted.section] |= {str(key): str(value) for key, value in pairs}
        return replace(config, sections=sections)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Of settings: the first section forgotten, the factor the wrong way round."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        first = inputs[0]
        if isinstance(first, RowSet):
            yield from update_rows.mistakes(rng, params, first)
        elif isinstance(first, Texts):
            yield from update_notes.mistakes(rng, params, first)
        else:
            truth = self.apply(params, inputs)
            assert isinstance(first, Config)
            assert isinstance(truth, Config)
            yield first
            changed = [n for n, now in truth.sections.items() if now != first.sections.get(n)]
            if len(changed) > 1:
                kept = {changed[0]: first.sections[changed[0]]}
                yield replace(truth, sections=truth.sections | kept)
            if params["mode"] == "scale":
                factor = ScaleParams.model_validate(params).factor
                yield self.apply({**params, "factor": 1 / factor}, inputs)

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """The change in words; of settings, `{change}` as a whole."""
        if isinstance(inputs[0], RowSet):
            return update_rows.words(params, inputs[0])
        if isinstance(inputs[0], Texts):
            return update_notes.words(params, inputs[0])
        if params["mode"] == "scale":
            return _scaled(ScaleParams.model_validate(params))
        wanted = SetParams.model_validate(params)
        return {
            "variant": "rows",
            "change": f"in section `[{wanted.section}]`, set the key named by each "
            f"`{wanted.key_column}` to its `{wanted.value_column}`, adding missing keys",
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The file is edited in place."""
        return stems[0]


_FACTORS = {0.5: "halve {key}", 1.5: "raise {key} by 50 %", 2.0: "double {key}"}


def _scaled(scale: ScaleParams) -> dict[str, str]:
    """Why and how a key is changed, in words."""
    way = _FACTORS.get(scale.factor, f"multiply {{key}} by {scale.factor:g}")
    return {"why": scale.reason, "change": f"{way.format(key=f'`{scale.key}`')} in all sections"}


def _is_baseline(config: Value, rows: RowSet) -> bool:
    """Whether rows have a figure for each of the groups that the settings keep figures for."""
    return isinstance(config, Config) and rows.grouped and rows.key == (config.grouped_by,)
