"""Repairs and follow-ups: what was done lies there, and nothing is earned by it."""

import random
from collections.abc import Iterator

import pytest

from clawgym.files import Files
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.building import Identity, build_task, initial_workspace
from synth.gates import Provers
from synth.recalling import is_hidden
from synth.reworking import finished, told_nodes
from synth.scene import Form, Scene
from tests.synth.examples import grown


def of_form(form: Form) -> list[Scene]:
    found = [scene for seed in range(100) if (scene := grown(seed, form)) and not scene.served]
    assert len(found) > 15
    return found


@pytest.fixture(scope="module")
def repairs() -> list[Scene]:
    return of_form(Form.REPAIR)


@pytest.fixture(scope="module")
def follow_ups() -> list[Scene]:
    return of_form(Form.FOLLOW_UP)


@pytest.fixture(scope="module")
def provers(backend: Backend) -> Iterator[Provers]:
    opened = Provers(backend)
    yield opened
    opened.close()


def built(scene: Scene, number: int) -> Task | None:
    style = "brief" if number % 2 else "spec"
    return build_task(random.Random(number), scene, Identity("again", "persona", 1, style), {})


def test_the_results_of_earlier_work_lie_there(
    repairs: list[Scene], follow_ups: list[Scene]
) -> None:
    for scene in (*repairs, *follow_ups):
        assert scene.past
        there = initial_workspace(scene, scene.graph)
        for node in scene.past.scene.nodes:
            path = scene.past.scene.slots[node.output].path
            assert any(held == path or held.startswith(f"{path}/") for held in there)


def test_a_broken_result_differs_from_the_truth_and_so_does_what_was_made_of_it(
    repairs: list[Scene],
) -> None:
    for scene in repairs:
        assert scene.past
        assert scene.past.at_fault in {node.id for node in scene.nodes}
        for node in scene.nodes:
            slot = scene.slots[node.output]
            assert scene.past.found[node.output] != slot.value
            assert slot.value == scene.past.scene.slots[node.output].value


def test_a_change_of_mind_changes_parameters_and_what_follows(follow_ups: list[Scene]) -> None:
    for scene in follow_ups:
        assert scene.past
        before = {node.id: node for node in scene.past.scene.nodes}
        first, rest, new = told_nodes(scene.past, scene.graph.topological())
        assert [node.id for node in first] == [scene.past.at_fault]
        assert first[0].params != before[first[0].id].params
        assert not new
        for node in (*first, *rest):
            now, then = scene.slots[node.output], scene.past.scene.slots[node.output]
            assert now.value != then.value


def test_what_was_right_is_a_source_and_no_step(repairs: list[Scene]) -> None:
    for scene in repairs:
        assert scene.past
        todo = {node.output for node in scene.nodes}
        for artifact in scene.graph.sources:
            assert scene.slots[artifact.id].fresh
            assert artifact.id not in todo


def test_work_that_is_finished_leaves_nothing_to_do() -> None:
    scene = next(scene for seed in range(30) if (scene := grown(seed, Form.PLAIN)))
    after = finished(scene)
    assert after.nodes == []
    assert after.form is Form.FOLLOW_UP
    assert set(initial_workspace(scene, scene.graph)) <= set(
        initial_workspace(after, after.graph)
    ) | {scene.slots[node.output].path for node in scene.nodes}


def test_leaving_all_as_it_is_earns_nothing_and_the_solution_everything(
    repairs: list[Scene], follow_ups: list[Scene], provers: Provers
) -> None:
    proven = 0
    for number, scene in enumerate((*repairs[:12], *follow_ups[:12])):
        task = built(scene, number)
        if task is None:
            continue  # the mistake cannot be seen by the checks
        prover = provers.of(task)
        idle, solved = prover.grade(task, [task.workspace, prover.solve(task)])
        assert (idle.score, solved.score) == (0.0, 1.0), task.instruction
        proven += 1
    assert proven > 12


def test_a_copy_of_an_earlier_result_earns_nothing_in_place_of_a_new_one(
    follow_ups: list[Scene], provers: Provers
) -> None:
    copied = 0
    for number, scene in enumerate(follow_ups):
        assert scene.past
        task = built(scene, number) if scene.past.leftovers else None
        if task is None:
            continue
        old = scene.past.leftovers[0].path
        new = next(scene.slots[n.output].path for n in scene.nodes if n.id == scene.past.at_fault)
        work = Files({**task.workspace, new: task.workspace[old]})
        assert [grade.score for grade in provers.of(task).grade(task, [work])] == [0.0], old
        copied += 1
    assert copied


def test_what_shows_how_it_was_made_is_named_but_not_quoted(repairs: list[Scene]) -> None:
    named = 0
    for number, scene in enumerate(repairs):
        assert scene.past
        task = built(scene, number)
        if task is None or is_hidden(scene, scene.past):
            continue
        before, quoted = task.instruction.split("\n> ", 1)
        _, rest, _ = told_nodes(scene.past, scene.graph.topological())
        for node in rest:
            path = f"`{scene.slots[node.output].path}`"
            assert path in before
            plain = node.operation == "report" and not node.params.get("briefing")
            assert not (plain and path in quoted)
            named += plain
    assert named


def test_a_repair_quotes_the_earlier_request(repairs: list[Scene]) -> None:
    tasks = [built(scene, number) for number, scene in enumerate(repairs)]
    assert all("\n> " in task.instruction for task in tasks if task)


def test_the_instruction_names_what_is_to_be_done(
    repairs: list[Scene], follow_ups: list[Scene]
) -> None:
    for number, scene in enumerate((*repairs, *follow_ups)):
        task = built(scene, number)
        if task is None:
            continue
        assert task.graph
        for node in task.graph.nodes:
            assert task.graph.artifact(node.output).path in task.instruction
        assert task.clawgym.labels["form"] == scene.form
