import pytest

from synth.dataset.survey import Survey, spread, survey
from tests.synth.dataset.examples import make_profile


def some() -> Survey:
    tasks = [
        make_profile("a", "Do this now.", difficulty=1, scenario="office/records", rubric=True),
        make_profile("b", "Do that, then, in full.", difficulty=3, prompt_style="spec"),
        make_profile("c", "And now this one.", difficulty=5, operations=("filter", "sort")),
        make_profile("d", "Last one.", operations=(), labels={"form": "repair"}),
    ]
    return survey(tasks, name="some", refused=1)


def test_features_are_counted_with_the_most_frequent_first():
    found = some().tallies
    assert found["operation"].counts == {"filter": 3, "aggregate": 2, "sort": 1}
    assert (found["operation"].tasks, found["operation"].distinct) == (3, 3)
    assert found["operation-pair"].counts == {"filter > aggregate": 2, "filter > sort": 1}
    assert found["subcategory"].counts == {"office/records": 1}
    assert found["label.form"].counts == {"repair": 1}
    assert "persona" not in found


def test_numbers_are_spread_over_the_tasks_that_have_them():
    difficulty = some().spreads["difficulty"]
    assert (difficulty.tasks, difficulty.mean, difficulty.median, difficulty.highest) == (
        3,
        3,
        3,
        5,
    )


def test_prompt_lengths_are_told_by_style():
    assert {style: held.median for style, held in some().words_by_style.items()} == {
        "brief": 3,
        "spec": 5,
    }


def test_shares_and_counts():
    found = some()
    assert found.shares == {"rubric": 0.25, "solution": 1, "graph": 0.75}
    assert (found.tasks, found.refused) == (4, 1)


def test_coverage_counts_what_the_taxonomies_know():
    found = some().coverage
    assert {name: (held.found, held.of) for name, held in found.items()} == {
        "scenario categories": (1, 9),
        "scenario subcategories": (1, 43),
        "operation categories": (1, 7),
        "operations": (2, 26),
        "benchmark categories": (0, 6),
    }
    assert found["operations"].least == 0


def test_differing_pairs_are_those_of_the_graphs():
    found = some()
    assert found.differing_pairs == pytest.approx(2 / 3)


def test_a_survey_is_read_as_it_was_written():
    assert Survey.model_validate_json(some().model_dump_json()) == some()


def test_comparing_texts_can_be_left_out():
    found = survey([make_profile("a")], name="one", texts=False)
    assert found.similarity is None
    assert found.distinct is None


def test_values_beyond_the_listed_ones_are_counted():
    tasks = [make_profile(f"t{n}", primary_skill=f"skill-{n:03}") for n in range(130)]
    tally = survey(tasks, name="many", texts=False).tallies["skill"]
    assert (len(tally.counts), tally.unlisted, tally.distinct) == (100, 30, 130)


def test_the_spread_of_nothing_is_none():
    assert spread([]) is None
