"""join: bring two row files together on a shared column."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.asking import about, asked_of
from synth.operations.base import (
    AskedParams,
    GroundedOperation,
    Params,
    Slot,
    listing,
    told_if,
)
from synth.operations.tidying import demote_gaps
from synth.taxonomy.question import Lookup, Questions
from synth.values import Cell, Role, RowSet, Value
from synth.world import Source, World
from synth.world.directory import directory_source

Keys = Literal["exact", "loose"]


_RESTS = {
    "inner": "leave out the rows that have no match",
    "left": "keep the rows without a match as well, with those cells empty",
    "missing": "list the rows without a match, and only these",
}
"""What becomes of rows without a partner."""

_ALL_MATCH = "keep every row"

_STRAY = {"upper and lower case": "", "blanks": r"\s", "dots": r"\.", "commas": ","}
"""What may be ignored in a comparison, and what is taken out for that."""


class JoinParams(AskedParams):
    """Left rows with their partner's columns, by `on` on the left and `right_on` on the right.

    `how`: "inner" drops left rows without a partner, "left" keeps them with empty cells, "missing"
    lists only them. `keys`: "loose" does not tell case, dots, commas and blanks apart. `columns`
    are those of the right that are wanted, none for all.
    """

    on: str
    right_on: str
    how: Literal["inner", "left", "missing"] = "inner"
    keys: Keys = "exact"
    columns: tuple[str, ...] = ()


class Join(GroundedOperation):
    """Left rows with the columns of their partner on the right."""

    name = "join"
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The events and the facts about their links, at times with names typed carelessly."""
        feed = world.feed_source(kind)
        if not feed:
            return None
        loose = rng.random() < world.knobs.mess * 0.7
        return (*feed, directory_source(world) if loose else world.dimension_source())

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Each row file with each file of facts."""
        for left, right in product(slots, slots):
            if left.kind is kind and not left.side and right.side and right.kind in self.kinds:
                yield (left.id, right.id)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """A table, or the kind of the left."""
        return tuple(made for made in super().makes(kind) if made[0] in (kind, ArtifactKind.TABLE))

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """The linking column, where both sides have one and nothing was joined yet."""
        sides = _sides(inputs)
        if sides is None:
            return None
        shared = _link(sides)
        if shared is None:
            return None
        on, right_on = shared
        asked = asked_of(sides.left)
        lookups = [] if asked is None else _lookups(sides, asked)
        hows = ("inner", "left") if knobs.level < 3 else ("inner", "left", "left", "missing")
        if lookups:  # what is told of these rows later must not miss those without a partner
            hows = ("left",)
        exact = set(sides.left.values(on)) & set(sides.right.values(right_on))
        loose = {_loose(cell) for cell in sides.left.values(on)} & {
            _loose(cell) for cell in sides.right.values(right_on)
        }
        wanted = JoinParams(
            on=on,
            right_on=right_on,
            how=rng.choice(hows),
            keys="exact" if len(exact) == len(loose) else "loose",
        )
        if asked is not None and wanted.how != "missing":
            if not lookups:
                return None
            lookup = rng.choice(lookups)
            wanted = wanted.model_copy(update={"columns": lookup.columns, "why": lookup.why})
        params = wanted.model_dump(mode="json")
        joined = self.apply(params, inputs)
        made, told = joined.rows, [joined.values(name) for name in wanted.columns]
        if any(len(set(cells)) == 1 for cells in told):
            return None  # the same for all of them: nobody learns anything
        enough = 1 if params["how"] == "missing" else 4
        return params if enough <= len(made) and len(made) < 200 else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """Columns of the left, then the other columns of the right."""
        sides, wanted = _sides(inputs), JoinParams.model_validate(params)
        assert sides is not None
        left, right = sides.left, sides.right
        key = _key(wanted)
        place, partner_place = left.index(wanted.on), right.index(wanted.right_on)
        extra = [right.index(name) for name in _added(right, wanted)]
        partners = {key(row[partner_place]): [row[at] for at in extra] for row in right.rows}
        if wanted.how == "missing":
            alone = left.with_rows([r for r in left.rows if key(r[place]) not in partners])
            subject = left.subject and replace(left.subject, picked=(wanted.on,))
            return replace(alone, subject=subject)
        blank = [""] * len(extra)
        rows = [
            (*row, *partners.get(key(row[place]), blank))
            for row in left.rows
            if wanted.how == "left" or key(row[place]) in partners
        ]
        fields = (*left.fields, *(right.fields[at] for at in extra))
        joined = tuple(right.fields[at].name for at in extra)
        subject = left.subject and replace(left.subject, joined=joined)
        made = replace(left, fields=fields, subject=subject).with_rows(rows)
        return _without_blank_groups(made)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Another kind of join; names compared letter by letter."""
        right = self.apply(params, inputs)
        wrong = [{**params, "keys": "exact"}]
        if params["how"] != "missing":
            wrong.append({**params, "how": "inner" if params["how"] == "left" else "left"})
        for changed in wrong:
            result = self.apply(changed, inputs)
            if result.rows != right.rows:
                yield result
        if len(right.rows) > 1 and len(set(right.rows)) > 1:
            yield right.with_rows([*right.rows[1:], right.rows[1]])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{on}`, `{added}` (the columns that come from the right) and `{keys}`; or a variant.

        `gaps` says that there are rows without a match.
        """
        sides, wanted = _sides(inputs), JoinParams.model_validate(params)
        assert sides is not None
        added = listing([f"`{name}`" for name in _added(sides.right, wanted)])
        on, right_on = f"`{wanted.on}`", f"`{wanted.right_on}`"
        known = {_key(wanted)(cell) for cell in sides.right.values(wanted.right_on)}
        gaps = any(_key(wanted)(cell) not in known for cell in sides.left.values(wanted.on))
        words = {
            "on": on if on == right_on else f"{on} (there it is called {right_on})",
            "added": added,
            "keys": _say_keys(sides, wanted) if wanted.keys == "loose" else "",
            "gaps": told_if(gaps),
            "rest": _RESTS[wanted.how] if gaps else _ALL_MATCH,
        }
        return {**words, "variant": "" if wanted.how == "inner" else wanted.how}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed and the dimension."""
        word = "without" if params["how"] == "missing" else "with"
        return f"{base}_{word}_{stems[1].removesuffix('_directory')}"


@dataclass(frozen=True)
class _Pair:
    left: RowSet
    right: RowSet


def _sides(inputs: Sequence[Value]) -> _Pair | None:
    left, right = inputs
    if isinstance(left, RowSet) and isinstance(right, RowSet):
        return _Pair(left, right)
    return None


def _link(sides: _Pair) -> tuple[str, str] | None:
    """The link column of the left, and the key of the right whose values it refers to."""
    left, right = sides.left, sides.right
    if left.grouped or left.duplicated or right.duplicated or not right.key:
        return None
    others = [name for name in right.names if name != right.key[0]]
    if set(others) & set(left.names) or len(left.rows) < 4:
        return None
    known = {_loose(cell) for cell in right.values(right.key[0])}
    for field in left.of_role(Role.LINK):
        if len({_loose(cell) for cell in left.values(field.name)} & known) > 1:
            return field.name, right.key[0]
    return None


def _added(right: RowSet, wanted: JoinParams) -> list[str]:
    """The columns that come from the right, in their order there."""
    others = [name for name in right.names if name != wanted.right_on]
    return [name for name in others if not wanted.columns or name in wanted.columns]


def _lookups(sides: _Pair, asked: Questions) -> list[Lookup]:
    """What somebody looks up there for such rows, once."""
    if about(sides.left).joined:
        return []
    return [entry for entry in asked.joins if set(entry.columns) <= set(sides.right.names)]


def _loose(cell: Cell) -> str:
    return re.sub(r"[\s.,]+", "", str(cell)).casefold()


def _key(wanted: JoinParams) -> Callable[[Cell], str]:
    return _loose if wanted.keys == "loose" else str


def _say_keys(sides: _Pair, wanted: JoinParams) -> str:
    """What has to be ignored to find the same partners, and a pair of names that shows it."""
    left = sides.left.values(wanted.on)
    right = [str(cell) for cell in sides.right.values(wanted.right_on)]
    partners = [{name for name in right if _loose(name) == _loose(cell)} for cell in left]
    ignored = next(
        some
        for count in range(1, len(_STRAY) + 1)
        for some in combinations(_STRAY, count)
        if [{n for n in right if _less(n, some) == _less(cell, some)} for cell in left] == partners
    )
    pairs = [
        (str(cell), name)
        for cell, names in zip(left, partners, strict=True)
        for name in sorted(names)
        if name != str(cell)
    ]
    cell, name = max(pairs, key=lambda pair: _shows(*pair))
    where = " in places" if wanted.on == wanted.right_on else ""
    return (
        f" `{wanted.right_on}` was typed carelessly{where}, so ignore {listing(ignored)} when you "
        f"compare: `{name}` is `{cell}`."
    )


def _shows(one: str, other: str) -> bool:
    """Whether two names differ in more than blanks, which nobody sees."""
    return "".join(one.split()) != "".join(other.split())


def _less(cell: Cell, ignored: Sequence[str]) -> str:
    """A name without what is ignored."""
    said = str(cell).casefold() if "upper and lower case" in ignored else str(cell)
    stray = "|".join(_STRAY[one] for one in ignored if _STRAY[one])
    return re.sub(stray, "", said) if stray else said


def _without_blank_groups(rows: RowSet) -> RowSet:
    """Categories of which some are blank are no good to group by any more."""
    fields = tuple(
        replace(field, role=Role.TEXT)
        if field.role is Role.CATEGORY and "" in rows.values(field.name)
        else field
        for field in rows.fields
    )
    return demote_gaps(replace(rows, fields=fields))
