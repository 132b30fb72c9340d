"""Asking: operations on a domain's data do what people really ask of them, and say why."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from clawgym.artifact import ArtifactKind
from clawgym.seeds import derive_random
from synth.knobs import Knobs
from synth.operations import OPERATIONS, Params
from synth.operations.asking import (
    asked_of,
    conditions_of,
    groups_of,
    main_figure,
    measures_of,
    uses_what_was_joined,
)
from synth.operations.conditions import meets
from synth.operations.figures import Measure
from synth.operations.report import ReportParams
from synth.taxonomy import Domain, domains
from synth.taxonomy.question import Questions, questions_of
from synth.values import RowSet, Value
from synth.world import World
from synth.world.untidy import make_untidy

ASKED = [domain for domain in domains() if questions_of(domain.name)]
every_asked = pytest.mark.parametrize("domain", ASKED, ids=[domain.name for domain in ASKED])


@cache
def world(domain: str, seed: int) -> World:
    found = next(entry for entry in domains() if entry.name == domain)
    return World(found, ArtifactKind.TABLE, Knobs(4), seed)


@cache
def feeds(domain: str) -> tuple[RowSet, ...]:
    return tuple(world(domain, seed).clean_feed for seed in range(8))


def asked(domain: Domain) -> Questions:
    found = questions_of(domain.name)
    assert found
    return found


def proposed(
    operation: str, inputs: tuple[Value, ...], level: int = 4, seeds: int = 12
) -> Iterator[Params]:
    for seed in range(seeds):
        rng = derive_random(seed, operation)
        params = OPERATIONS[operation].propose(rng, inputs, Knobs(level))
        if params:
            yield params


def made(operation: str, *inputs: Value, seed: int = 0, level: int = 4) -> RowSet | None:
    params = next(proposed(operation, inputs, level, seeds=seed + 6), None)
    value = OPERATIONS[operation].apply(params, inputs) if params else None
    assert value is None or isinstance(value, RowSet)
    return value


# How far the questions of a domain reach


def picked(domain: Domain, number: int) -> list[float]:
    """The shares of the rows that a pick keeps, one a feed."""
    pick, shares = asked(domain).picks[number], list[float]()
    for rows in feeds(domain.name):
        conditions = conditions_of(pick, rows)
        if conditions:
            tests = [(rows.index(c.column), c) for c in conditions]
            kept = sum(meets(row, tests, any_of=False) for row in rows.rows)
            shares.append(kept / len(rows.rows))
    return shares


@every_asked
def test_each_pick_of_the_feed_keeps_some_rows_and_drops_some(domain: Domain) -> None:
    names = {column.name for column in domain.columns}
    for number, pick in enumerate(asked(domain).picks):
        shares = picked(domain, number)
        if shares and {text.split()[0] for text in pick.where} <= names:
            assert 0 < sum(shares) / len(shares) < 0.9, pick.where


@every_asked
def test_most_overviews_of_the_feed_have_groups_of_some_size(domain: Domain) -> None:
    fits = Counter[int]()
    for number, overview in enumerate(asked(domain).overviews):
        for rows in feeds(domain.name):
            by = groups_of(overview, rows)
            groups = {tuple(part.value(row[rows.index(part.column)]) for part in by)
                      for row in rows.rows}  # fmt: skip
            fits[number] += bool(by) and 2 <= len(groups) <= len(rows.rows) // 2
    assert sum(count > 0 for count in fits.values()) >= 3


@every_asked
def test_every_kind_of_question_can_be_answered(domain: Domain) -> None:
    here = asked(domain)
    for operation, entries in (
        ("filter", here.picks),
        ("aggregate", here.overviews),
        ("rank", here.rankings),
        ("report", here.pages),
    ):
        answers = (next(proposed(operation, (rows,)), None) for rows in feeds(domain.name))
        assert any(answers) is bool(entries), operation


# What is proposed


@every_asked
def test_what_is_asked_of_the_feed_has_a_reason_of_the_domain(domain: Domain) -> None:
    rows = feeds(domain.name)[0]
    whys = {entry.why for _, entry in asked(domain).entries()}
    for operation in ("filter", "aggregate", "rank"):
        for params in proposed(operation, (rows,), seeds=4):
            assert OPERATIONS[operation].why(params) in whys


def test_a_selection_is_called_what_its_rows_are() -> None:
    for domain in ASKED[:20]:
        for params in proposed("filter", (feeds(domain.name)[1],)):
            if params["name"]:
                stem = OPERATIONS["filter"].stem(params, domain.feed, [domain.feed])
                assert stem == params["name"]


def test_only_the_columns_of_the_question_are_kept() -> None:
    for domain in ASKED[:20]:
        kept = {pick.keep for pick in asked(domain).picks}
        for params in proposed("filter", (feeds(domain.name)[0],)):
            columns = params["columns"]
            assert isinstance(columns, (list, tuple))
            assert tuple(map(str, columns)) in kept | {()}


def test_nothing_is_picked_from_a_selection() -> None:
    for domain in ASKED[:20]:
        selection = made("filter", feeds(domain.name)[0])
        if selection:
            assert next(proposed("filter", (selection,)), None) is None


def test_a_selection_of_careless_rows_goes_by_what_they_mean() -> None:
    for seed, domain in enumerate(ASKED[:20]):
        here = world(domain.name, seed)
        untidy = make_untidy(derive_random(seed), here.clean_feed, 1.0)
        for params in proposed("filter", (untidy,), seeds=4):
            result = OPERATIONS["filter"].apply(params, [untidy])
            assert isinstance(result, RowSet)
            assert 2 <= len(result.rows) <= len(untidy.rows) - 2


def test_an_overview_is_ranked_by_what_it_is_about_and_weekdays_are_not() -> None:
    ranked = 0
    for domain in ASKED:
        overview = made("aggregate", feeds(domain.name)[0], level=1)
        for params in proposed("rank", (overview,), seeds=2) if overview else ():
            assert overview
            assert overview.subject
            assert params["column"] == overview.subject.main
            assert not {"weekday", "month"} & set(overview.key)
            ranked += 1
    assert ranked


def test_a_page_has_the_reader_and_the_title_of_a_question() -> None:
    seen = 0
    for domain in ASKED:
        pages = asked(domain).pages
        rows = feeds(domain.name)[0]
        for params in proposed("report", (rows,), seeds=3):
            seen += 1
            page = next(page for page in pages if page.title == params["title"])
            assert params["totals"] in ([page.measure], (page.measure,))
            assert OPERATIONS["report"].why(params) == page.why
            assert params["audience"] == page.reader
    assert seen > len(ASKED)


def test_a_page_on_an_overview_names_a_sum_of_the_overview_and_no_mean_of_it() -> None:
    seen = 0
    for domain in ASKED:
        for rows in feeds(domain.name)[:4]:
            overview = made("aggregate", rows, level=1)
            for params in proposed("report", (overview,), seeds=2) if overview else ():
                page = ReportParams.model_validate(params)
                assert page.totals[0].startswith("sum_")
                assert not page.briefing or (overview and page.briefing.key in overview.key)
                seen += 1
    assert seen


# What was looked up


def joined(domain: Domain, seed: int = 0) -> RowSet | None:
    here = world(domain.name, seed)
    for params in proposed("join", (here.clean_feed, here.dimension), level=2):
        value = OPERATIONS["join"].apply(params, [here.clean_feed, here.dimension])
        assert isinstance(value, RowSet)
        return value
    return None


@every_asked
def test_only_the_columns_that_somebody_needs_are_looked_up(domain: Domain) -> None:
    rows = joined(domain)
    if rows is None:
        assert not asked(domain).joins
        return
    assert rows.subject
    assert rows.subject.joined in [lookup.columns for lookup in asked(domain).joins] or set(
        rows.subject.joined
    ) in [set(lookup.columns) for lookup in asked(domain).joins]


def test_no_row_is_lost_where_something_is_looked_up() -> None:
    lookups = 0
    for domain, seed in product(ASKED, range(3)):
        rows = joined(domain, seed)
        if rows is not None:
            assert len(rows.rows) == len(world(domain.name, seed).clean_feed.rows)
            lookups += 1
    assert lookups


def test_an_overview_of_joined_rows_is_by_what_was_looked_up() -> None:
    seen = 0
    for domain, seed in product(ASKED, range(3)):
        rows = joined(domain, seed)
        for params in proposed("aggregate", (rows,), seeds=3) if rows else ():
            assert rows
            assert rows.subject
            overview = OPERATIONS["aggregate"].apply(params, [rows])
            assert isinstance(overview, RowSet)
            assert set(overview.key) & set(rows.subject.joined)
            assert all(all(row[: len(overview.key)]) for row in overview.rows)
            seen += 1
    assert seen


def test_a_question_without_use_for_what_was_looked_up_is_out() -> None:
    domain = next(domain for domain in ASKED if joined(domain))
    rows = joined(domain)
    assert rows
    assert rows.subject
    assert not uses_what_was_joined(rows, [domain.columns[0].name])
    assert uses_what_was_joined(rows, rows.subject.joined)


# On second thoughts


def test_a_selection_is_revised_within_its_reason() -> None:
    seen = 0
    for domain in ASKED:
        rows = feeds(domain.name)[2]
        for number, params in enumerate(proposed("filter", (rows,), seeds=3)):
            rng = derive_random(number, "revise")
            revised = OPERATIONS["filter"].revise(rng, params, [rows], Knobs(4))
            if revised:
                assert (revised["why"], revised["name"]) == (params["why"], params["name"])
                assert revised != params
                result = OPERATIONS["filter"].apply(revised, [rows])
                assert isinstance(result, RowSet)
                assert 2 <= len(result.rows) <= len(rows.rows) - 2
                seen += 1
    assert seen


def test_rows_of_no_domain_are_asked_nothing_in_particular() -> None:
    rows = feeds(ASKED[0].name)[0]
    assert asked_of(rows)
    assert asked_of(RowSet(rows.fields, rows.rows, rows.key)) is None


def test_an_overview_is_about_its_first_sum_or_its_count() -> None:
    count, total = Measure(function="count"), Measure(function="sum", column="amount")
    assert main_figure([count, total]) == "sum_amount"
    assert main_figure([count]) == "count"
    assert main_figure([Measure(function="mean", column="rating")]) == ""


def test_figures_of_columns_that_are_gone_are_left_out() -> None:
    for domain in ASKED[:10]:
        rows = feeds(domain.name)[0]
        for overview in asked(domain).overviews:
            few = rows.select(tuple(name for name in rows.names if not rows.field(name).numeric))
            assert all(not m.column or m.function == "distinct" for m in measures_of(overview, few))
