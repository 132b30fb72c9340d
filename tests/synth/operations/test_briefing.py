"""Briefings say what a reader wants to know, in words of one's own, above a short table."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clawgym.artifact import ArtifactKind, ColumnType
from synth.operations.briefing import Briefing, choose_briefing, opening_of, table_of
from synth.operations.report import Report, ReportParams
from synth.values import Field, Role, RowSet, plain
from synth.values import Report as Page
from synth.values.base import Step
from synth.values.wordings import to_the_cent, wordings
from tests.synth.operations.one_node import Made, explain, make, solve
from tests.verify.grader import judge

_FIELDS = (
    Field("invoice", ColumnType.TEXT, Role.ID),
    Field("sent", ColumnType.DATE, Role.DATE),
    Field("customer", ColumnType.TEXT, Role.LINK),
    Field("terms", ColumnType.TEXT, Role.CATEGORY),
    Field("status", ColumnType.TEXT, Role.CATEGORY),
    Field("email", ColumnType.TEXT, Role.TEXT),
    Field("amount", ColumnType.NUMBER, Role.MEASURE),
)


def invoices(number: int, topic: str = "invoices") -> RowSet:
    """Every third one is from Ilves, and they get larger and larger."""
    rows = tuple(
        (
            f"I-{at}",
            "2026-03-02",
            ("Ilves", "Marsh", "Ono")[at % 3],
            "30 days",
            ("open", "paid")[at % 2],
            "a@example.org",
            100.5 + at,
        )
        for at in range(number)
    )
    return RowSet(_FIELDS, rows, key=("invoice",), topic=topic)


def chosen(rows: RowSet, measure: str, groups: tuple[str, ...]) -> Iterator[Briefing]:
    for seed in range(40):
        found = choose_briefing(random.Random(seed), rows, measure, groups)
        if found:
            yield found


def test_a_table_for_a_reader_has_few_columns_and_few_rows() -> None:
    rows = invoices(60)
    found = list(chosen(rows, "amount", ("customer",)))
    assert {one.listed for one in found} == {"rows", "groups"}
    for one in found:
        table = table_of(rows, one)
        assert len(table.names) <= 5
        assert len(table.rows) <= 12
        assert "email" not in table.names


def test_the_largest_rows_stand_in_order_and_none_larger_is_left_out() -> None:
    rows = invoices(60)
    for one in chosen(rows, "amount", ()):
        amounts = table_of(rows, one).values("amount")
        assert amounts == sorted(map(float, rows.values("amount")), reverse=True)[: one.top]


def test_nothing_is_said_of_a_few_rows() -> None:
    assert not list(chosen(invoices(5), "amount", ("customer",)))


def test_nobody_is_first_where_two_are_equal() -> None:
    rows = invoices(12)
    even = rows.with_rows([(*row[:-1], 10) for row in rows.rows])
    assert not list(chosen(even, "amount", ("customer",)))


def test_a_short_list_of_what_is_counted_is_shown_whole() -> None:
    rows = invoices(16).with_rows([*invoices(15).rows, invoices(60).rows[57]])
    for one in chosen(rows, "", ("customer",)):
        assert (one.listed, one.top) == ("rows", 0)
        assert [fact.value for fact in opening_of(rows, one, "the board").facts] == [16, "Ilves", 6]


def test_a_reader_may_ask_for_two_numbers_and_not_for_the_most_frequent_value() -> None:
    rows = invoices(15)
    one = choose_briefing(random.Random(1), rows, "", ("status",), named=("paid", "open"))
    assert one
    opening = opening_of(rows, one, "the board")
    assert [fact.value for fact in opening.facts] == [15, 7, 8]
    assert "`paid`" in opening.facts[1].asked
    wrong = opening_of(rows, one, "the board", place=1)
    assert [fact.value for fact in wrong.facts] == [15, 8, 7]
    assert "8 are paid, 7 open" in wrong.text


def test_a_named_value_may_have_vanished_from_what_somebody_has_overlooked() -> None:
    rows = invoices(15)
    one = choose_briefing(random.Random(1), rows, "", ("status",), named=("paid", "open"))
    assert one
    kept = rows.with_rows([row for row in rows.rows if row[4] == "paid"])
    assert [fact.value for fact in opening_of(kept, one, "the board").facts] == [7, 7, 0]
    params = ReportParams(title="Bills", briefing=one, audience="the board").model_dump()
    odd = rows.with_rows([*kept.rows, rows.rows[0]])  # the last row is the only open one
    assert list(Report().mistakes(random.Random(1), params, [odd]))


def test_numbers_that_are_equal_or_nothing_are_not_asked_for() -> None:
    for number, named in ((16, ("paid", "open")), (15, ("paid", "disputed"))):
        rows = invoices(number)
        assert not choose_briefing(random.Random(1), rows, "", ("status",), named=named)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1234.5, ("1234.50", "1,234.50", "1234.5", "1.234,50", "1 234.50")),
        (12000, ("12000", "12,000", "12000.00")),
        (7, ("7", "seven")),
        ("rolled_back", ("rolled_back", "rolled back")),
    ],
)
def test_figures_and_names_are_known_as_people_write_them(
    value: float | str, said: tuple[str, ...]
) -> None:
    assert set(said) <= set(wordings(value))


@pytest.mark.parametrize(("value", "other"), [(1234, "1.234"), (1.234, "1,234"), (-1234, "-1.234")])
def test_no_figure_is_written_like_another_one(value: float, other: str) -> None:
    assert other not in wordings(value)


def test_an_amount_to_the_cent_has_two_decimals_in_any_notation() -> None:
    assert set(to_the_cent(1234.5)) == {
        "1234.50", "1,234.50", "1 234.50", "1'234.50", "1.234,50", "1 234,50"
    }  # fmt: skip
    assert "1234" not in to_the_cent(1234)


# As it is graded


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("Of 15 bills, 7 are paid and 8 open.", True),
        ("15 in all; open: 8, paid: 7.", True),
        ("15 bills. Seven have been paid, which leaves eight.", True),
        ("Of 15 bills, 8 are paid and 7 open.", False),
        ("15 in all; open: 7, paid: 8.", False),
        ("15 bills. Eight have been paid, which leaves seven.", False),
    ],
)
def test_two_numbers_that_are_asked_for_may_not_be_taken_for_each_other(
    tmp_path: Path, said: str, right: bool
) -> None:
    rows = invoices(15)
    one = choose_briefing(random.Random(1), rows, "", ("status",), named=("paid", "open"))
    assert one
    truth = Page("Bills", table_of(rows, one), opening=opening_of(rows, one, "the board"))
    made = briefings()[0]
    step = Step(made.node, ArtifactKind.DOCUMENT, "r.md", (rows,))
    opening = replace(opening_of(rows, one, "the board"), text=said)
    for name, data in replace(truth, opening=opening).files(step.kind, step.path).items():
        (tmp_path / name).write_bytes(data)
    results = [judge(tmp_path, check)["passed"] for check in truth.checks(step)]
    assert sum(map(bool, results)) == len(results) - (0 if right else 2)


def briefings(seeds: int = 24) -> list[Made]:
    made = (make("report", ArtifactKind.TABLE, seed, level=seed % 5 + 1) for seed in range(seeds))
    return [one for one in made if one and one.node.params["briefing"]]


def test_any_words_will_do_that_say_the_facts_and_no_others() -> None:
    found = briefings()
    assert found
    for made in found:
        wanted = ReportParams.model_validate(made.node.params)
        truth = Report().apply(made.node.params, made.inputs)
        assert wanted.briefing
        assert truth.opening
        path = made.scene.slots[made.node.output].path
        page = solve(made)[path].data.decode()
        total, name, size = (wordings(fact.value)[-1] for fact in truth.opening.facts)
        head, _, rest = page.partition(f"## {wanted.briefing.heading}\n")
        below = f"## {wanted.briefing.below}\n" + rest.partition(f"## {wanted.briefing.below}\n")[2]
        head += f"## {wanted.briefing.heading}\n\n"
        told = f"{head}It is mostly **{name}** ({size} of {total}).\n\n"
        assert graded(made, path, told + below) == 1.0
        silent = f"{head}{'Please read the table below. ' * 12}\n\n"
        assert graded(made, path, silent + below) <= 0.5


def test_nobody_passes_by_saying_every_figure_and_every_name() -> None:
    for made in briefings():
        wanted = ReportParams.model_validate(made.node.params).briefing
        truth = Report().apply(made.node.params, made.inputs)
        assert wanted
        assert truth.opening
        names = [name for fact in truth.opening.facts for name in fact.others]
        path = made.scene.slots[made.node.output].path
        figures = " ".join(plain(fact.value) for fact in truth.opening.facts)
        dump = " ".join([*map(str, range(1, 60)), figures, *names])
        honest = replace(truth, opening=replace(truth.opening, text=dump))
        page = honest.files(ArtifactKind.DOCUMENT, path)[path].decode()
        assert graded(made, path, page) <= 0.4 + 1e-9


def test_an_answer_of_long_sentences_with_a_few_comparisons_is_well_within_bounds() -> None:
    for made in briefings():
        truth = Report().apply(made.node.params, made.inputs)
        assert truth.opening
        total, name, size = (plain(fact.value) for fact in truth.opening.facts)
        others = list(truth.opening.facts[1].others[:3])
        first = f"{name} comes first with {size}"
        if truth.opening.facts[1].of:
            one, two = (fact.of for fact in truth.opening.facts[1:])
            first = f"{name} of them are {one}, as against {size} that are {two}"
        text = (
            f"Taken together, what you asked about comes to {total} for the whole of the period "
            f"from 2026-01-02 to 2026-03-31, which is about 12% more than was expected of it. "
            f"{first}, ahead of {', '.join(others) or 'the rest'} with 4.50, 3.25 and 2.75 each. "
            "The remaining ones are far behind and need no attention before the next meeting."
        )
        page = replace(truth, opening=replace(truth.opening, text=text))
        path = made.scene.slots[made.node.output].path
        assert graded(made, path, page.files(ArtifactKind.DOCUMENT, path)[path].decode()) == 1.0


def graded(made: Made, path: str, page: str) -> float:
    entries = {**made.task.workspace, path: page}
    return explain(made.task, type(made.task.workspace)(entries))[1]


def test_figures_on_a_page_about_other_rows_earn_nothing() -> None:
    made = [make("report", ArtifactKind.TABLE, seed, level=2) for seed in range(12)]
    pages = [one for one in made if one and not one.node.params["by"]]
    assert pages
    for one in pages:
        slot = one.scene.slots[one.node.output]
        assert isinstance(slot.value, Page)
        fewer = slot.value.table.with_rows(list(slot.value.table.rows[1:]))
        path = slot.path
        page = replace(slot.value, table=fewer).files(slot.kind, path)[path].decode()
        assert graded(one, path, page) == 0.0
