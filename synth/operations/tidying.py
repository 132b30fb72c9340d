"""How careless rows are to be read: a part of the parameters, and the words for it."""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

from clawgym.artifact import ArtifactKind
from synth.operations.base import ParamsModel, listing
from synth.values import Role, RowSet, Value
from synth.values.written import WrittenRows
from synth.world import Source, World
from synth.world.untidy import make_untidy


class Tidy(ParamsModel):
    """Columns by what is to be done with them; see `synth.values.written.Untidy`."""

    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def tidy_rows(inputs: Sequence[Value]) -> RowSet | None:
    """The first input as it is meant; None where it holds no rows, or rows that stand twice."""
    first = inputs[0]
    if isinstance(first, WrittenRows):
        return first.meant
    return first if isinstance(first, RowSet) and not first.duplicated else None


def meant(inputs: Sequence[Value]) -> RowSet:
    """The first input as it is meant, where `tidy_rows` has found something before."""
    rows = tidy_rows(inputs)
    assert rows is not None
    return rows


def tidy_of(inputs: Sequence[Value]) -> Tidy | None:
    """How the first input is to be read; None where it is tidy."""
    first = inputs[0]
    if not isinstance(first, WrittenRows):
        return None
    untidy = first.untidy
    return Tidy(dates=untidy.dates, numbers=untidy.numbers, texts=untidy.texts, gaps=untidy.gaps)


def tidy_within(tidy: Tidy | None, names: Collection[str]) -> Tidy | None:
    """What matters of it where only some columns are used."""
    if tidy is None:
        return None
    kept = {what: [name for name in said if name in names] for what, said in tidy}
    return Tidy.model_validate(kept)


def say_tidy(tidy: Tidy | None, gaps: str, *, written: bool) -> str:
    """Sentences, each after a blank, that say how to read what; "" where all is tidy.

    Args:
        tidy: how the input is to be read.
        gaps: what becomes of a row whose figure is missing, as a clause.
        written: whether the columns as such are written out.
    """
    if tidy is None:
        return ""
    out = "; write {} in the output" if written else ""
    said: list[str] = []
    if tidy.dates:
        said.append(
            f"{_names(tidy.dates)} comes as 2026-03-05, 05.03.2026 (day first) or 5 Mar 2026"
            + out.format("YYYY-MM-DD")
        )
    if tidy.numbers:
        said.append(
            f"{_names(tidy.numbers)} may have thousands commas and `EUR` in front"
            + out.format("plain numbers")
        )
    if tidy.texts:
        said.append(
            f"In {_names(tidy.texts)}, capitals and blanks at the ends don't matter; use lower "
            "case, without such blanks"
        )
    if tidy.gaps:
        names = " or ".join(f"`{name}`" for name in tidy.gaps)
        said.append(f"Where {names} is empty, `n/a` or `-`, the figure is missing: {gaps}")
    return "".join(f" {sentence}." for sentence in said)


def demote_gaps(rows: RowSet) -> RowSet:
    """Figures of which some are missing are no good to compute with any more."""
    fields = tuple(
        replace(field, role=Role.TEXT)
        if field.role is Role.MEASURE and "" in rows.values(field.name)
        else field
        for field in rows.fields
    )
    return replace(rows, fields=fields)


def _names(names: Sequence[str]) -> str:
    return listing([f"`{name}`" for name in names])


def feed_sources(rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source] | None:
    """The events, at times written carelessly; None where they come as another kind of file."""
    feed = world.feed_source(kind)
    if not feed or rng.random() >= world.knobs.mess * 0.7:
        return feed
    untidy = make_untidy(world.rng("untidy"), world.clean_feed, world.knobs.mess)
    return (Source(kind, feed[0].path, untidy),)
