"""Coverage: every axis counts what there is and names what is lacking."""

import pytest

from clawgym.task import Task
from synth.coverage import CoverageReport, coverage, possible_pairs, table
from synth.dataset.profile import profile_of


@pytest.fixture(scope="module")
def report(tasks: list[Task]) -> CoverageReport:
    return coverage([profile_of(task) for task in tasks])


def test_the_taxonomies_have_9_43_7_26_and_6_entries(report: CoverageReport) -> None:
    sizes = {name: axis.of for name, axis in report.axes.items()}
    assert sizes["scenario category"] == 9
    assert sizes["scenario subcategory"] == 43
    assert sizes["operation category"] == 7
    assert sizes["operation"] == 26
    assert sizes["benchmark category"] == 6


def test_what_is_found_and_what_is_missing_add_up(report: CoverageReport) -> None:
    for axis in report.axes.values():
        if axis.of is not None and axis.of - axis.found <= 40:
            assert axis.found + len(axis.missing) == axis.of
        assert 0 <= axis.evenness <= 1.0001


def test_a_few_tasks_cover_all_categories_and_no_dataset_of_none_does(
    report: CoverageReport,
) -> None:
    assert report.axes["scenario category"].found == 9
    assert not coverage([]).complete


def test_pairs_are_those_whose_kinds_fit() -> None:
    pairs = possible_pairs()
    assert "filter > report" in pairs
    assert not any(pair.startswith("report > filter") for pair in pairs)


def test_the_table_names_every_axis(report: CoverageReport) -> None:
    said = table(report)
    assert all(name in said for name in report.axes)
