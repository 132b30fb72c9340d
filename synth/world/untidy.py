"""Feeds as people type them: dates and figures in several notations, gaps, stray capitals."""

import random
import re
from datetime import date

from synth.values import Cell, Role, Row, RowSet, plain
from synth.values.written import Untidy, WrittenRows

GAPS = ("", "n/a", "-")
_CURRENCY = "EUR"
_MONEY = re.compile("amount|price|cost|fee|total|spend|revenue|budget|salary|postage|net|gross")


def make_untidy(rng: random.Random, feed: RowSet, mess: float) -> WrittenRows:
    """The feed, some of its columns written carelessly; at least one way of carelessness.

    Args:
        rng: the only source of chance.
        feed: what is meant, by and large: some figures go missing, and some words lose capitals.
        mess: how likely each kind of carelessness is, 0 to 1.
    """
    untidy = _choose(rng, feed, mess)
    meant: list[Row] = []
    written: list[Row] = []
    for row in feed.rows:
        cells = [_mean(rng, untidy, n, c) for n, c in zip(feed.names, row, strict=True)]
        meant.append(tuple(cells))
        pairs = zip(feed.names, cells, strict=True)
        written.append(tuple(_write(rng, untidy, name, cell) for name, cell in pairs))
    return WrittenRows(
        feed.fields,
        tuple(meant),
        feed.key,
        topic=feed.topic,
        subject=feed.subject,
        duplicated=True,
        written=tuple(written),
        untidy=untidy,
    )


def _choose(rng: random.Random, feed: RowSet, mess: float) -> Untidy:
    dates = [field.name for field in feed.of_role(Role.DATE)]
    measures = [field.name for field in feed.of_role(Role.MEASURE)]
    texts = [
        field.name
        for field in feed.of_role(Role.CATEGORY)
        if all(str(value).isalpha() for value in feed.values(field.name))
    ]
    money = [name for name in measures if _MONEY.search(name)]
    kinds = [("dates", dates[:1]), ("numbers", money[:1]), ("texts", texts[:1])]
    kinds.append(("gaps", measures and [rng.choice(measures)]))
    possible = [(kind, tuple(names)) for kind, names in kinds if names]
    chosen = [pair for pair in possible if rng.random() < mess] or [rng.choice(possible)]
    return Untidy(**dict(chosen))


def _mean(rng: random.Random, untidy: Untidy, name: str, cell: Cell) -> Cell:
    if name in untidy.gaps and rng.random() < 0.15:
        return ""
    return str(cell).lower() if name in untidy.texts else cell


def _write(rng: random.Random, untidy: Untidy, name: str, cell: Cell) -> Cell:
    if name in untidy.gaps and cell == "":
        return rng.choice(GAPS)
    if name in untidy.dates:
        return _write_date(rng, date.fromisoformat(str(cell)))
    if name in untidy.numbers:
        assert not isinstance(cell, str)
        return _write_number(rng, cell)
    if name in untidy.texts:
        word = str(cell)
        return rng.choice((word, word, word.upper(), word.capitalize(), f" {word}", f"{word} "))
    return cell


def _write_date(rng: random.Random, day: date) -> str:
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][
        day.month - 1
    ]
    dotted = f"{day.day:02d}.{day.month:02d}.{day.year}"
    return rng.choice((day.isoformat(), dotted, f"{day.day} {month} {day.year}"))


def _write_number(rng: random.Random, number: float) -> str:
    grouped = f"{number:,.2f}" if isinstance(number, float) else f"{number:,}"
    return rng.choice((plain(number), grouped, f"{_CURRENCY} {grouped}"))
