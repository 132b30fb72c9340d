"""Questions: every one that is written down fits the data that it is asked of."""

import pytest

from clawgym.errors import UsageError
from synth.taxonomy import domains
from synth.taxonomy.question import (
    DAYS,
    Figure,
    Grouping,
    Lookup,
    Overview,
    Page,
    Part,
    Pick,
    Questions,
    Ranking,
    Term,
    every_problem,
    problems,
    question_files,
    read_condition,
    read_figure,
    read_grouping,
)

WHY = "I phone these customers on Thursday."


def test_every_question_of_every_file_fits_its_domain() -> None:
    assert not list(every_problem())


def test_no_domain_has_its_questions_in_two_files() -> None:
    names = [domain for found in question_files().values() for domain in found]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "domain", [domain for found in question_files().values() for domain in found]
)
def test_a_domain_with_questions_has_enough_of_them(domain: str) -> None:
    asked = next(found[domain] for found in question_files().values() if domain in found)
    assert len(asked.picks) >= 4
    assert len(asked.overviews) >= 3
    assert asked.rankings
    assert asked.joins


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("status is overdue", Term("status", "is", ("overdue",))),
        ("status is not paid", Term("status", "is not", ("paid",))),
        ("status is one of open, in review", Term("status", "is one of", ("open", "in review"))),
        ("status is not one of a, b", Term("status", "is not one of", ("a", "b"))),
        ("amount >= 1000", Term("amount", ">=", ("1000",))),
        ("due_on before {today}", Term("due_on", "before", ("{today}",))),
    ],
)
def test_conditions_are_read_as_they_are_written(text: str, term: Term) -> None:
    assert read_condition(text) == term


def test_figures_and_groups_are_read_as_they_are_written() -> None:
    assert read_figure("count") == Figure("count")
    assert read_figure("sum amount") == Figure("sum", "amount")
    assert read_grouping("customer") == Grouping("customer")
    assert read_grouping("weekday due_on") == Grouping("due_on", "weekday")


@pytest.mark.parametrize("text", ["status = open", "status is", "amount > 5", ""])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no condition"):
        read_condition(text)


@pytest.mark.parametrize("text", ["amount", "count amount", "total amount"])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no figure"):
        read_figure(text)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Pick(where=("colour is red",), why=WHY), "no column `colour`"),
        (Pick(where=("activity is sleeping",), why=WHY), "never 'sleeping'"),
        (Pick(where=("billable is one of yes, no",), why=WHY), "all or nothing"),
        (Pick(where=("project is Falcon",), why=WHY), "nobody can know"),
        (Pick(where=("hours >= 50",), why=WHY), "parts nothing"),
        (Pick(where=("date before {today}",), why=WHY), "never lies behind today"),
        (Pick(where=("activity before {mid_period}",), why=WHY), "no date"),
        (Pick(where=("billable is no",), keep=("date", "hours"), why=WHY), "lacks the id"),
        (
            Pick(where=("billable is no",), keep=("entry_id", "hours", "date"), why=WHY),
            "order of the file",
        ),
        (Pick(where=("billable is no",), name="Not billed", why=WHY), "snake_case"),
        (Pick(where=("billable is no",), why="Too short."), "words"),
        (Overview(by=("entry_id",), figures=("count",), why=WHY), "no fixed values"),
        (Overview(by=("month date",), figures=("count",), why=WHY), "one group"),
        (Overview(by=("activity",), figures=("sum billable",), why=WHY), "no numbers"),
        (Ranking(by="billable", first="largest", why=WHY), "no numbers"),
        (Part(by="person", why=WHY), "no fixed values"),
        (Lookup(columns=("country",), why=WHY), "dimension has no country"),
        (Page(reader="everybody", measure="hours", title="Hours", why=WHY), "needs `the`"),
    ],
)
def test_a_question_that_does_not_fit_is_named_with_its_place(
    entry: Pick | Overview | Ranking | Part | Lookup | Page, said: str
) -> None:
    places = {
        Pick: "picks",
        Overview: "overviews",
        Ranking: "rankings",
        Part: "parts",
        Lookup: "joins",
        Page: "pages",
    }
    domain = next(domain for domain in domains() if domain.name == "timesheets")
    place = places[type(entry)]
    found = list(problems(domain, Questions.model_validate({place: (entry,)})))
    assert any(fault.startswith(f"{place}[1]: ") and said in fault for fault in found)


def test_levels_are_not_added_up() -> None:
    domain = next(
        domain
        for domain in domains()
        if any(column.measure == "level" and column.high for column in domain.columns)
    )
    column = next(c for c in domain.columns if c.measure == "level" and c.high)
    page = Page(reader="the board", measure=column.name, title="A page", why=WHY)
    assert any("do not add up" in fault for fault in problems(domain, Questions(pages=(page,))))


def test_the_same_why_is_not_given_twice() -> None:
    domain = next(domain for domain in domains() if domain.name == "timesheets")
    asked = Questions(
        parts=(Part(by="activity", why=WHY),),
        overviews=(Overview(by=("activity",), figures=("count",), why=WHY),),
    )
    assert any("once more" in fault for fault in problems(domain, asked))


def test_days_are_those_that_conditions_may_name() -> None:
    assert DAYS == ("{mid_period}", "{last_week}", "{today}")
