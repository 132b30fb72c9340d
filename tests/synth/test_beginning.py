"""How requests begin: with whose files these are and why, whatever the work starts from."""

import random

import pytest

from synth.beginning import _beginnings  # pyright: ignore[reportPrivateUsage]
from synth.operations import OPERATIONS
from synth.routes import Recipe, draw
from synth.taxonomy import make_setting
from synth.taxonomy.opening import is_private, words_of
from synth.world.config import services_at

_WORDS = words_of(make_setting(random.Random(1))) | {"service": "the monitor"}


@pytest.mark.parametrize("name", sorted(_beginnings()))
def test_a_beginning_belongs_to_an_operation(name: str) -> None:
    assert name.partition("-")[0] in OPERATIONS


@pytest.mark.parametrize("name", sorted(_beginnings()))
def test_a_beginning_is_whole_sentences(name: str) -> None:
    words = _beginnings()[name]
    for line in (*words.brief, *words.spec):
        said = line.format(**_WORDS)
        assert said.endswith(".")
        assert "`" not in said


@pytest.mark.parametrize("name", sorted(_beginnings()))
def test_there_are_enough_beginnings_for_thousands_of_tasks(name: str) -> None:
    words = _beginnings()[name]
    assert min(len(words.brief), len(words.spec)) >= 8


def test_no_beginning_stands_twice() -> None:
    lines = [line for words in _beginnings().values() for line in (*words.brief, *words.spec)]
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", sorted(_beginnings()))
def test_a_household_has_something_to_say(name: str) -> None:
    """So have people whose line of work is not code, logs and settings."""
    words = _beginnings()[name]
    assert len(list(filter(is_private, words.brief))) >= 5
    assert len(list(filter(is_private, words.spec))) >= 5


def test_work_on_files_of_its_own_says_nothing_of_other_files() -> None:
    """Only where a domain's feed is worked on are its facts and its months there."""
    for index in range(40):
        candidate = draw(Recipe(skills=(), seed=8, mixture=0.0), index)
        assert candidate.task is not None
        graph = candidate.task.graph
        assert graph is not None
        if [node.operation for node in graph.nodes] == ["schedule"]:
            sources = {artifact.path for artifact in graph.sources}
            others = [path for path in candidate.task.workspace if path not in sources]
            assert all("_20" not in path or "/archive/" in path for path in others)


def test_settings_belong_to_a_service_of_the_place() -> None:
    assert "sensor-hub" in {service.name for service in services_at("devices")}
    assert "sensor-hub" not in {service.name for service in services_at("delivery")}
    for service in services_at("routing"):
        for change in service.changes:
            values = [int(value) for value in service.keys[change.key]]
            assert all((value * change.factor).is_integer() for value in values)
