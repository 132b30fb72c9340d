"""fill: a letter or a card for each row, from a template."""

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import AskedParams, GroundedOperation, Params, Slot, differing
from synth.values import ROW_KINDS, Cell, Role, Row, RowSet, Value, plain
from synth.values.pieces import Letters
from synth.values.template import Template
from synth.world import Source, World

_MOST = 24


class FillParams(AskedParams):
    """Rows with `only_value` in `only_column`, or all; `name` is the column that names the files.

    `figures` are columns whose numbers have two decimals in the letters.
    """

    name: str
    only_column: str = ""
    only_value: str = ""
    figures: tuple[str, ...]


class _Letter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    text: str
    whys: tuple[str, ...]
    to_somebody: bool = False


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    letter: tuple[_Letter, ...]


@cache
def _letters() -> tuple[_Letter, ...]:
    text = files("synth").joinpath("data", "letters.toml").read_text(encoding="utf-8")
    return _Data.model_validate(tomllib.loads(text)).letter


class Fill(GroundedOperation):
    """A folder with one text for each row."""

    name = "fill"
    kinds = ROW_KINDS

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Rows with a template whose gaps they can fill."""
        templates = [slot for slot in slots if isinstance(slot.value, Template)]
        for slot in slots:
            if slot.kind is kind and isinstance(slot.value, RowSet) and not slot.side:
                for template in templates:
                    yield (slot.id, template.id)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events, and a template for them."""
        feed = world.feed_source(kind)
        if not feed:
            return None
        name, template = _make_template(rng, world)
        path = world.input_path(f"{name}_template", "txt")
        return (*feed, Source(ArtifactKind.DOCUMENT, path, template))

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """A folder."""
        return ((ArtifactKind.ARCHIVE, ""),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """All rows where they are few; else those of one category."""
        rows, template = inputs[0], inputs[1]
        assert isinstance(template, Template)
        if not isinstance(rows, RowSet) or not _fits(rows, template):
            return None
        figures = tuple(
            name for name in template.columns if rows.field(name).type.value == "number"
        )
        params = FillParams(name=rows.key[0], figures=figures, why=template.why)
        categories = rows.of_role(Role.CATEGORY)
        for _ in range(8):
            if categories and (len(rows.rows) > _MOST or rng.random() < 0.5):
                name = rng.choice(categories).name
                value = str(rng.choice(rows.values(name)))
                params = params.model_copy(update={"only_column": name, "only_value": value})
            if 2 <= len(_chosen(rows, params)) <= _MOST:
                return params.model_dump(mode="json")
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Letters:
        """The texts by the name of their file."""
        rows, template = inputs[0], inputs[1]
        assert isinstance(rows, RowSet)
        assert isinstance(template, Template)
        wanted = FillParams.model_validate(params)
        at = rows.index(wanted.name)
        return Letters(
            tuple(
                (f"{row[at]}.txt", template.filled(rows, row).strip("\n"))
                for row in _chosen(rows, wanted)
            )
        )

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Gaps left open; texts that are one row off; everybody gets one."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        truth = self.apply(params, inputs)
        template = inputs[1]
        assert isinstance(template, Template)
        names = [name for name, _ in truth.texts]
        yield Letters(tuple((name, template.text) for name in names))
        said = [text for _, text in truth.texts]
        yield Letters(tuple(zip(names, [*said[1:], said[0]], strict=True)))
        yield self.apply({**params, "only_column": "", "only_value": ""}, inputs)

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """`{name}`, the name of a file, which rows, and `{figures}` that are short of decimals."""
        wanted = FillParams.model_validate(params)
        which = f" where `{wanted.only_column}` is `{wanted.only_value}`"
        truth = self.apply(params, inputs)
        rows = inputs[0]
        assert isinstance(rows, RowSet)
        decimals = " and ".join(
            f"`{name}`" for name in wanted.figures if any(map(_is_short, rows.values(name)))
        )
        return {
            "name": f"`{wanted.name}`",
            "which": which if wanted.only_column else "",
            "example": f"`{truth.texts[0][0]}`",
            "figures": decimals,
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed, and what the template is for."""
        name = stems[-1].removesuffix("_template")
        return f"{base}_{name}s"


def _is_short(cell: Cell) -> bool:
    """Whether a figure has less than two decimals, unless they are written out."""
    return isinstance(cell, float) and f"{cell}" != plain(cell)


def _make_template(rng: random.Random, world: World) -> tuple[str, Template]:
    """A letter about one row, with gaps for columns that the feed has, and what it is."""
    feed = world.clean_feed
    known = world.domain.dimension.pool in ("people", "companies", "packagers")
    to_somebody = known and not world.setting.persona.private
    fitting = [one for one in _letters() if to_somebody or not one.to_somebody]
    letter = rng.choice(fitting)
    said = letter.text.replace("{about}", world.domain.singular)
    category = rng.choice(feed.of_role(Role.CATEGORY)).name
    figure = rng.choice(feed.of_role(Role.MEASURE)).name
    days = feed.of_role(Role.DATE)
    gaps = {
        "id": feed.key[0],
        "link": feed.of_role(Role.LINK)[0].name,
        "category": category,
        "figure": figure,
        "day": days[0].name if days else feed.names[0],
    }
    for gap, name in gaps.items():
        said = said.replace(f"{{{{{gap}}}}}", f"{{{{{name}}}}}")
    said = said.replace("{category_word}", category.replace("_", " "))
    said = said.replace("{figure_word}", figure.replace("_", " "))
    said = said.replace("{{sender}}", rng.choice(world.backdrop.staff))
    return letter.name, Template(said, rng.choice(letter.whys))


def _fits(rows: RowSet, template: Template) -> bool:
    if rows.duplicated or rows.grouped or len(rows.key) != 1 or rows.key[0] not in rows.names:
        return False
    keys = [str(key) for key in rows.values(rows.key[0])]
    plain = all(key.replace("-", "").replace("_", "").replace(".", "").isalnum() for key in keys)
    distinct = len({key.casefold() for key in keys}) == len(keys)
    return plain and distinct and set(template.columns) <= set(rows.names)


def _chosen(rows: RowSet, wanted: FillParams) -> list[Row]:
    if not wanted.only_column:
        return list(rows.rows)
    place = rows.index(wanted.only_column)
    return [row for row in rows.rows if str(row[place]) == wanted.only_value]
