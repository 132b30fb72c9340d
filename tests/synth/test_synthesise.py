"""Making a dataset: which skills it takes, what it counts, and what it leaves when it fails."""

from pathlib import Path

import pytest

from clawgym.dataset import Dataset
from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth import Recipe, choose_skills, synthesise
from synth.routes import draw, drawing
from synth.running import recipe_source
from synth.running.run import partial
from synth.sources import skill_sources
from tests.synth.examples import bundled, invented, recipe


def test_without_names_every_usable_bundled_skill_is_taken() -> None:
    chosen = choose_skills(skill_sources(None), [])
    assert {"csv-analysis", "log-triage", "markdown-report"} <= {skill.name for skill in chosen}
    assert all(skill.groundable for skill in chosen)


def test_named_skills_come_in_the_order_of_their_names_and_once() -> None:
    names = ["record-merge", "csv-analysis", "record-merge"]
    assert [s.name for s in choose_skills(bundled(), names)] == ["record-merge", "csv-analysis"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["csv-analisys"], r"unknown skill 'csv-analisys'; did you mean 'csv-analysis'\?"),
        (["zzzzzzz"], r"unknown skill 'zzzzzzz' \(known: archive-tidy"),
        (["odd"], "none of these skills declares .*: odd; known operations: extract"),
        (["csv-analysis", "odd"], "^odd declares no operation .* leave it out"),
    ],
)
def test_skills_that_cannot_be_used_are_refused_by_name(names: list[str], message: str) -> None:
    odd = invented("odd", "filter:archive")
    with pytest.raises(UsageError, match=message):
        choose_skills([*skill_sources(None), odd], names)


def test_an_empty_catalogue_is_refused() -> None:
    with pytest.raises(UsageError, match="no skill at all"):
        choose_skills([], [])


def test_operations_on_kinds_that_nothing_grounds_are_not_used() -> None:
    odd = invented("odd", "filter:archive", "report:table", "join:document")
    assert choose_skills([odd], ["odd"]) == (odd,)
    drawn = [draw(Recipe((odd,), 1), index).task for index in range(6)]
    graphs = [task.graph for task in drawn if task and task.graph]
    assert graphs
    assert {node.operation for graph in graphs for node in graph.nodes} == {"report"}


def test_a_task_carries_all_that_it_needs(tasks: list[Task]) -> None:
    for task in tasks:
        assert task.graph
        shipped = {path.split("/")[0] for path in task.tests}
        assert shipped == {"checklib", "checks.json", "grade.py", "test.sh"}
        assert {"solve.py", "solve.sh", "steps.json"} <= set(task.solution)
        assert task.tests["test.sh"].executable
        there = [*task.workspace, *(path.removeprefix("environment/site/") for path in task.other)]
        for artifact in task.graph.sources:
            below = f"{artifact.path}/"
            assert any(path == artifact.path or path.startswith(below) for path in there)
        assert task.clawgym.difficulty in range(1, 6)


def test_the_workspace_of_plain_work_holds_no_answer(tasks: list[Task]) -> None:
    for task in tasks:
        assert task.graph
        sources = {artifact.path for artifact in task.graph.sources}
        for node in task.graph.nodes:
            path = task.graph.artifact(node.output).path
            if task.clawgym.labels["form"] == "plain" and path not in sources:
                assert path not in task.workspace


def test_a_dataset_can_be_read_back(tmp_path: Path) -> None:
    index = synthesise(recipe(4), 6, tmp_path / "set", gates="none")
    dataset = Dataset(tmp_path / "set")
    assert dataset.index == index
    assert [task.digest for task in dataset] == list(index.tasks.values())
    assert index.seed == 4
    assert set(index.skills) <= {skill.name for skill in bundled()}


def adds_up(funnel: dict[str, int]) -> bool:
    losses = {name: lost for name, lost in funnel.items() if name not in ("drawn", "accepted")}
    return funnel["drawn"] == funnel["accepted"] + sum(losses.values())


@pytest.mark.parametrize(
    "names", [(), ("csv-analysis",), ("config-edit",), ("record-merge", "markdown-report")]
)
def test_the_funnel_adds_up(tmp_path: Path, names: tuple[str, ...]) -> None:
    index = synthesise(recipe(2, *names), 40, tmp_path / "set", gates="none")
    assert index.funnel["accepted"] == len(index.tasks) == 40
    assert adds_up(index.funnel)


def test_the_funnel_adds_up_when_indices_yield_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_DRAWS", 3)
    index = synthesise(recipe(2), 60, tmp_path / "set", gates="none")
    assert index.reasons["composition"]["no-composition"] > 0
    assert len(index.tasks) == 60
    assert adds_up(index.funnel)


def test_tasks_that_repeat_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe_source, "draw", lambda recipe, index: draw(recipe, index // 2))
    index = synthesise(recipe(2), 10, tmp_path / "set", gates="none")
    assert len(index.tasks) == 10
    assert index.reasons["novelty"]["same"] >= 9
    assert adds_up(index.funnel)


def test_every_proven_task_is_reported_as_it_is_accepted(tmp_path: Path, backend: Backend) -> None:
    steps: list[int] = []
    index = synthesise(
        recipe(9), 4, tmp_path / "set", sandbox=backend.name, on_task=lambda: steps.append(1)
    )
    assert len(index.tasks) == len(steps) == 4
    assert index.graded == {"no-op": 4, "oracle": 4}
    assert adds_up(index.funnel)


def test_skills_that_yield_nothing_are_given_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_DRAWS", 0)
    with pytest.raises(UsageError, match="too few different tasks"):
        synthesise(recipe(1, "config-edit"), 3, tmp_path / "set", gates="none")
    assert not (tmp_path / "set").exists()


def refuse_to_draw(*_: object) -> None:
    raise AssertionError("work began before the place was checked")


@pytest.mark.parametrize(
    "place", ["taken", "file", "file/below", "taken/file/below"], ids=lambda place: place
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(recipe_source, "draw", refuse_to_draw)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("precious")
    (tmp_path / "file").write_text("precious")
    before = Files.read_from(tmp_path)
    with pytest.raises(UsageError, match="choose another"):
        synthesise(recipe(1), 3, tmp_path / place, gates="none")
    assert Files.read_from(tmp_path) == before


def test_an_interrupted_synthesis_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    output = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        synthesise(recipe(1), 3, output, gates="none", on_task=interrupt)
    assert not output.exists()
    index = synthesise(recipe(1), 3, output, gates="none")
    assert index.digest == synthesise(recipe(1), 3, tmp_path / "whole", gates="none").digest
    assert not partial(output).exists()
