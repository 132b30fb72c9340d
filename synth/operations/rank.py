"""rank: order rows by a figure or a score and number them, ties included."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import Literal, get_args

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.asking import about, asked_of, shuffled, uses_what_was_joined
from synth.operations.base import AskedParams, GroundedOperation, Params, ParamsModel, listing
from synth.operations.tidying import tidy_of, tidy_rows
from synth.taxonomy.domain import orders
from synth.taxonomy.question import Bucket, Questions
from synth.values import Cell, Field, Role, Row, RowSet, Value
from synth.world import Source, World

Ties = Literal["gaps", "dense"]
_TIES = {
    "gaps": "Equal ones share a rank (1, 2, 2, 4)",
    "dense": "Equal ones share a rank, and none is skipped (1, 2, 2, 3)",
}
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 10: "ten", 15: "fifteen", 20: "twenty"}
_PLACES = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 10: "tenth"}

_TO_SEE = (
    "I'd like to see at once which {by} comes first.",
    "I'll be asked which {by} is ahead of the others, and by how much.",
)
_TOP = "The meeting is only about the first few."
"""Why somebody wants an overview in order, or the first three of it."""

_MOST_OF_ALL = 0.6
"""Whose first ones are wanted does not want most of them."""

_MOST = 3
"""How many rows there may be for each rank that is wanted: more all share the last one."""

_FEW = 4
"""The most groups of which nobody wants to see only the first ones."""

_NUMBER = re.compile(r"(?i)\b(two|three|four|five|six|eight|ten|twelve|fifteen|twenty)\b")


class Weight(ParamsModel):
    """A criterion; with a negative weight, less is better."""

    column: str
    weight: int


class Points(ParamsModel):
    """Points for each value of one column, times a figure of another."""

    column: str
    points: dict[str, int]
    times: str


class RankParams(AskedParams):
    """Rank by a `column`, by the weighted sum of `weights`, or by `points`.

    `within` ranks each of its groups apart; `top` keeps ranks up to it, ties at the border
    included, 0 for all. `name` is what the rows are called.
    """

    column: str = ""
    weights: tuple[Weight, ...] = ()
    points: Points | None = None
    largest_first: bool = True
    within: str = ""
    top: int = 0
    ties: Ties = "gaps"
    name: str = ""


class Rank(GroundedOperation):
    """Rows with their `rank` in front, best first; with a score, the score comes second."""

    name = "rank"
    needs_order = True
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events."""
        return world.feed_source(kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """By one figure, within groups, or by a score; the harder the more."""
        rows = None if tidy_of(inputs) else tidy_rows(inputs)
        if rows is None or len(rows.rows) < 4 or "rank" in rows.names:
            return None
        if asked := asked_of(rows):
            ways = _of_overview(rng, rows) if about(rows).main else _of_events(rng, rows, asked)
            clear = next((params for params in ways if self._is_clear(params, rows)), None)
            return clear.model_dump(mode="json") if clear else None
        if "score" in rows.names:
            return None
        measures = [
            field
            for field in rows.of_role(Role.MEASURE)
            if field.scale != "mark" and _is_exact(rows, field.name)
        ]
        if not measures:
            return None
        makers = [_by_column] if knobs.level < 2 else [_by_column, _within, _weigh, _by_points]
        for make in rng.sample(makers, len(makers)):
            params = make(rng, rows, measures)
            if params is not None and self._is_clear(params, rows):
                return params.model_dump(mode="json")
        return None

    def revise(
        self, rng: random.Random, params: Params, inputs: Sequence[Value], knobs: Knobs
    ) -> Params | None:
        """Of a ranking that somebody has a reason for, more ranks or fewer."""
        if not self.why(params):
            return self.propose(rng, inputs, knobs)
        if _NUMBER.search(self.why(params)):
            return None  # the reason says how many
        rows, wanted = tidy_rows(inputs), RankParams.model_validate(params)
        tops = [top for top in (3, 5, 10, 15, 20) if rows and top < len(rows.rows) - 1]
        others = [top for top in tops if top != wanted.top]
        return {**params, "top": rng.choice(others)} if wanted.top and others else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The rows, best first, with rank and score."""
        rows = tidy_rows(inputs)
        assert rows is not None
        wanted = RankParams.model_validate(params)
        scored = list(zip(_scores(wanted, rows), rows.rows, strict=True))
        scored.sort(key=lambda pair: -pair[0] if wanted.largest_first else pair[0])
        if wanted.within:
            place = rows.index(wanted.within)
            scored.sort(key=lambda pair: str(pair[1][place]))
            groups = groupby(scored, key=lambda pair: pair[1][place])
            ranked = [row for _, members in groups for row in _ranked(wanted, list(members))]
        else:
            ranked = _ranked(wanted, scored)
        fields = (Field("rank", ColumnType.INTEGER, Role.TEXT), *rows.fields)
        if not wanted.column:
            score = Field("score", ColumnType.NUMBER, Role.MEASURE, "level", "high")
            fields = (fields[0], score, *rows.fields)
        subject = rows.subject and replace(rows.subject, cut=bool(wanted.top))
        return replace(
            rows,
            fields=fields,
            rows=tuple(ranked),
            sorted_rows=not wanted.within,
            subject=subject,
        )

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The wrong end first; ties numbered otherwise; groups thrown together."""
        right, wanted = self.apply(params, inputs), RankParams.model_validate(params)
        changes: list[dict[str, bool | str | int]] = [
            {"largest_first": not wanted.largest_first},
            {"ties": "dense" if wanted.ties == "gaps" else "gaps"},
            {"within": ""},
            {"top": wanted.top + 1 if wanted.top else 0},
        ]
        for change in changes:
            result = self.apply({**params, **change}, inputs)
            if set(result.rows) != set(right.rows):
                yield result
        yield right.with_rows([(number, *row[1:]) for number, row in enumerate(right.rows, 0)])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{measure}`, `{top}`, `{ties}`, if there are any, and `{rules}` (sentences)."""
        wanted, ranked = RankParams.model_validate(params), self.apply(params, inputs)
        only = _said_top(wanted) if wanted.top else "all rows"
        ties = ""
        if any(count > 1 for count in _shares(wanted, ranked).values()):
            ties = _TIES[wanted.ties]
            ties += "." if wanted.within else " and keep their order."
        tail = f" Sort by `{wanted.within}`, then by rank." if wanted.within else ""
        words = {
            "only": only,
            "top": f", keeping {only}" if wanted.top else "",
            "ties": ties,
            "first": "largest" if wanted.largest_first else "smallest",
            "within": f" within each `{wanted.within}`" if wanted.within else "",
            "rules": tail,
        }
        if wanted.column:
            return {**words, "measure": f"`{wanted.column}`"}
        return {**words, "variant": "score", "score": _say_score(wanted)}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """What the rows are called; else the feed, marked as ranked, or as the top so many."""
        wanted = RankParams.model_validate(params)
        if wanted.name:
            return wanted.name
        if wanted.top and not wanted.within:
            return f"top_{wanted.top}_{base}"
        return f"{base}_ranked_by_{wanted.column}" if wanted.column else f"{base}_scored"

    def _is_clear(self, params: RankParams, rows: RowSet) -> bool:
        """Whether no score lies between two roundings, and ranks really differ."""
        if any(_is_half(score) for score in _exact_scores(params, rows)):
            return False
        made = self.apply(params.model_dump(mode="json"), [rows])
        many = params.top and not params.within and len(made.rows) > _MOST * params.top
        return len({row[0] for row in made.rows}) > 1 and not many


def _of_events(rng: random.Random, rows: RowSet, asked: Questions) -> Iterator[RankParams]:
    """Rankings that somebody asks for of such rows; with more ranks where the first ones tie."""
    for ranking in shuffled(rng, asked.rankings):
        fits = ranking.by in rows.names and uses_what_was_joined(rows, [ranking.by])
        if not fits or not rows.field(ranking.by).numeric or not _is_exact(rows, ranking.by):
            continue
        params = RankParams(
            column=ranking.by,
            largest_first=ranking.first == "largest",
            ties="gaps" if ranking.top else rng.choice(("gaps", "dense")),
            name=ranking.name,
            why="" if about(rows).label else ranking.why,  # of all rows, it may be none for some
        )
        if ranking.top <= _MOST_OF_ALL * len(rows.rows):
            yield params.model_copy(update={"top": ranking.top})


def _of_overview(rng: random.Random, rows: RowSet) -> Iterator[RankParams]:
    """By the figure that an overview is about: nobody ranks weekdays."""
    main = about(rows).main
    if len(rows.key) != 1 or set(rows.key) & set(get_args(Bucket)):
        return
    if main and _is_exact(rows, main):
        some = len(rows.rows) > _FEW and rng.random() < 1 / 3
        why = _TOP if some else rng.choice(_TO_SEE).format(by=rows.key[0].replace("_", " "))
        name = f"{rows.key[0]}_ranking"
        yield RankParams(column=main, top=3 if some else 0, why=why, name=name)


def _by_column(rng: random.Random, rows: RowSet, measures: Sequence[Field]) -> RankParams | None:
    top, measure = rng.choice((0, 0, 3, 5, 10)), rng.choice(measures)
    return RankParams(
        column=measure.name,
        largest_first=_is_largest_first(rng, measure),
        top=top if top < len(rows.rows) - 1 else 0,
        ties="gaps" if top else rng.choice(("gaps", "dense")),
    )


def _within(rng: random.Random, rows: RowSet, measures: Sequence[Field]) -> RankParams | None:
    groups = [
        field.name
        for field in rows.of_role(Role.CATEGORY, Role.LINK)
        if 2 <= len(set(rows.values(field.name))) <= len(rows.rows) // 2
    ]
    if not groups:
        return None
    measure = rng.choice(measures)
    return RankParams(
        column=measure.name,
        largest_first=_is_largest_first(rng, measure),
        within=rng.choice(groups),
        top=rng.choice((1, 2, 3, 3)),
    )


def _weigh(rng: random.Random, rows: RowSet, measures: Sequence[Field]) -> RankParams | None:
    """A score, of figures of which everybody knows which are the good ones."""
    spread = [field for field in measures if field.better and len(set(rows.values(field.name))) > 1]
    if len(spread) < 2:
        return None
    chosen = rng.sample(spread, min(len(spread), rng.choice((2, 2, 3))))
    signs = [1 if field.better == "high" else -1 for field in chosen]
    weights = tuple(
        Weight(column=field.name, weight=sign * rng.randint(1, 5))
        for field, sign in zip(chosen, signs, strict=True)
    )
    return RankParams(weights=weights, top=rng.choice((0, 0, 5)))


def _by_points(rng: random.Random, rows: RowSet, measures: Sequence[Field]) -> RankParams | None:
    """Amounts times the points for how urgent they are, say: the more urgent, the more points."""
    amounts = [field for field in measures if field.scale == "amount" and not field.better]
    columns = [
        (field.name, values)
        for field in rows.of_role(Role.CATEGORY)
        if (values := _in_order({str(cell) for cell in rows.values(field.name)}))
    ]
    if not columns or not amounts:
        return None
    column, values = rng.choice(columns)
    given = sorted(rng.sample(range(1, len(values) + 3), len(values)))
    points = dict(zip(values, given, strict=True))
    return RankParams(
        points=Points(column=column, points=points, times=rng.choice(amounts).name),
        top=rng.choice((0, 5)),
    )


def _in_order(values: set[str]) -> list[str]:
    """The values from the least to the most; none where nobody could say which is more."""
    order = next((order for order in orders() if values <= set(order)), ())
    return [value for value in order if value in values] if len(values) > 1 else []


def _is_largest_first(rng: random.Random, measure: Field) -> bool:
    return measure.better == "high" if measure.better else rng.random() < 0.8


def _is_exact(rows: RowSet, name: str) -> bool:
    """Whether no figure is missing and all have two decimals at most, as means have not."""
    cells = rows.values(name)
    return all(not isinstance(cell, str) and round(cell, 2) == cell for cell in cells)


def _number(cell: Cell) -> Fraction:
    return Fraction(str(cell))


def _exact_scores(wanted: RankParams, rows: RowSet) -> list[Fraction]:
    if wanted.points:
        points = [wanted.points.points[str(cell)] for cell in rows.values(wanted.points.column)]
        times = [_number(cell) for cell in rows.values(wanted.points.times)]
        return [point * time for point, time in zip(points, times, strict=True)]
    if wanted.column:
        return [_number(cell) for cell in rows.values(wanted.column)]
    scores = [Fraction(0)] * len(rows.rows)
    whole = sum(abs(part.weight) for part in wanted.weights)
    for part in wanted.weights:
        cells = [_number(cell) for cell in rows.values(part.column)]
        low, high = min(cells), max(cells)
        for at, cell in enumerate(cells):
            share = (cell - low if part.weight > 0 else high - cell) / (high - low)
            scores[at] += 100 * abs(part.weight) * share / whole
    return scores


def _scores(wanted: RankParams, rows: RowSet) -> list[float]:
    return [float(round(score, 2)) for score in _exact_scores(wanted, rows)]


def _is_half(score: Fraction) -> bool:
    return (score * 100) % 1 == Fraction(1, 2)


def _ranked(wanted: RankParams, scored: Sequence[tuple[float, Row]]) -> list[Row]:
    ranked: list[Row] = []
    rank, before = 0, None
    for number, (score, row) in enumerate(scored, 1):
        if score != before:
            rank = number if wanted.ties == "gaps" else rank + 1
            before = score
        if not wanted.top or rank <= wanted.top:
            ranked.append((rank, *row) if wanted.column else (rank, score, *row))
    return ranked


def _shares(wanted: RankParams, ranked: RowSet) -> Counter[tuple[Cell, Cell]]:
    """How many rows there are of each rank, in each group."""
    groups = ranked.values(wanted.within) if wanted.within else [""] * len(ranked.rows)
    return Counter(zip(groups, ranked.values("rank"), strict=True))


def _said_top(wanted: RankParams) -> str:
    """How many are kept, and more where others tie with the last one that would be."""
    each = f" of each `{wanted.within}`" if wanted.within else ""
    many = _NUMBERS.get(wanted.top, str(wanted.top))
    said = f"only the first {many}{each}" if wanted.top > 1 else f"only the first one{each}"
    last = _PLACES.get(wanted.top, f"{wanted.top}th")
    beyond = f"tie with the {last}" if wanted.top > 1 else "tie with it"
    return f"{said} (and any that {beyond})"


def _say_score(wanted: RankParams) -> str:
    if wanted.points:
        points = [f"`{value}` {number}" for value, number in wanted.points.points.items()]
        return (
            f"the points for its `{wanted.points.column}` ({', '.join(points)}) times its "
            f"`{wanted.points.times}`"
        )
    said = [
        f"`{part.column}` (weight {abs(part.weight)}, {'more' if part.weight > 0 else 'less'} is "
        "better)"
        for part in wanted.weights
    ]
    return (
        f"the weighted mean of {listing(said)}, each brought to a scale from 0 (the worst value in "
        "the file) to 100 (the best) in proportion"
    )
