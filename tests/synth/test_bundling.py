"""Bundling: the steps of a request build on each other or belong to one purpose."""

from collections import Counter

import pytest

from synth.scene import Scene
from tests.synth.examples import planned_without_skills

HANDING_ON = {"convert", "draft", "fill", "redact", "split"}


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return list(planned_without_skills(300, 11, "bundling", patience=1))


def ends(scene: Scene) -> int:
    taken = {end for node in scene.nodes for end in node.inputs}
    return sum(node.output not in taken for node in scene.nodes)


def test_short_requests_lead_to_two_results_at_most(scenes: list[Scene]) -> None:
    assert all(ends(scene) <= 2 for scene in scenes if len(scene.nodes) < 4)


def test_long_requests_are_no_list_of_single_jobs(scenes: list[Scene]) -> None:
    assert all(ends(scene) <= 1 + len(scene.nodes) // 2 for scene in scenes)


def test_files_are_handed_on_to_others_once_or_twice_in_a_programme(scenes: list[Scene]) -> None:
    for scene in scenes:
        times = Counter(node.operation in HANDING_ON for node in scene.nodes)
        assert times[True] <= (2 if len(scene.nodes) >= 5 else 1)


def test_a_site_is_walked_through_or_its_tables_are_read(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert not {"crawl", "fetch"} <= {node.operation for node in scene.nodes}


def test_who_compares_or_checks_rows_asks_about_what_came_of_that(scenes: list[Scene]) -> None:
    for scene in scenes:
        made: set[str] = set()
        for node in scene.nodes:
            if made:
                assert made.intersection(node.inputs)
            if node.operation in ("compare", "validate") or made.intersection(node.inputs):
                made.add(node.output)
