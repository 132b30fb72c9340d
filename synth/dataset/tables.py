"""The figures of a dataset as tables for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from synth.dataset.survey import Spread, Survey

_VALUES = 8
_HIDDEN = ("plan", "generator", "primary-skill")


def print_survey(survey: Survey, console: Console) -> None:
    """Every figure; features with many values show the most frequent ones."""
    console.print(f"{survey.name}: {survey.tasks:,} tasks", markup=False, highlight=False)
    if survey.refused:
        console.print(f"{survey.refused:,} more could not be loaded", highlight=False)
    console.print(_tallies(survey))
    console.print(_spreads(survey))
    console.print(_coverage(survey))
    console.print(two_columns(list(diversity_rows(survey))))


def two_columns(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and figures."""
    table = _table("figure", "")
    for name, figure in rows:
        table.add_row(name, figure)
    return table


def diversity_rows(survey: Survey) -> list[tuple[str, str]]:
    """Each figure of diversity with its name, as words."""
    rows = [(f"with {name}", f"{share:.1%}") for name, share in survey.shares.items()]
    if survey.differing_pairs is not None:
        rows.append(("pairs that differ in shape or operations", f"{survey.differing_pairs:.2%}"))
    if held := survey.distinct:
        rows += [
            (f"distinct-{n} over {held.words:,} words", f"{share:.3f}")
            for n, share in held.shares.items()
        ]
    if near := survey.similarity:
        of = f"of {near.sample:,} tasks"
        rows += [
            ("highest Jaccard index", f"{near.highest:.3f}"),
            ("pairs of at least 0.7", f"{near.near_duplicates:,}"),
            (f"nearest neighbour, mean Jaccard of {near.probes:,} tasks", f"{near.nearest:.3f}"),
            (f"nearest neighbour, mean TF-IDF cosine {of}", f"{near.cosine_nearest:.3f}"),
            (f"highest TF-IDF cosine {of}", f"{near.cosine_highest:.3f}"),
            (f"mean TF-IDF cosine of two {of}", f"{near.cosine_mean:.3f}"),
            (f"Vendi score of order 2 {of}", f"{near.vendi:.1f}"),
        ]
    return rows


def _tallies(survey: Survey) -> Table:
    table = _table("feature", "tasks", "distinct", "bits", "most frequent")
    for name, tally in survey.tallies.items():
        if name in _HIDDEN:
            continue
        shown = list(tally.counts.items())[:_VALUES]
        words = ", ".join(f"{value} {number:,}" for value, number in shown)
        more = tally.distinct - len(shown)
        table.add_row(
            name,
            f"{tally.tasks:,}",
            f"{tally.distinct:,}",
            f"{tally.entropy:.2f}",
            f"{words}, {more:,} more" if more > 0 else words,
        )
    return table


def _spreads(survey: Survey) -> Table:
    table = _table("number", "tasks", "p10", "median", "mean", "p90", "highest")
    for name, held in survey.spreads.items():
        table.add_row(name, *_figures(held))
    for style, held in survey.words_by_style.items():
        table.add_row(f"words, {style}", *_figures(held))
    return table


def _figures(held: Spread) -> tuple[str, ...]:
    numbers = (held.p10, held.median, held.mean, held.p90, held.highest)
    return (f"{held.tasks:,}", *(f"{number:,.4g}" for number in numbers))


def _coverage(survey: Survey) -> Table:
    table = _table("taxonomy", "occur", "of", "rarest")
    for name, found in survey.coverage.items():
        table.add_row(name, str(found.found), str(found.of), f"{found.least:,}")
    return table


def _table(*columns: str) -> Table:
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right" if column.header not in ("most frequent", "") else "left"
    return table
