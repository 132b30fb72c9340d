"""What structure says of a skill, running the task without it confirms."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.task import Task
from synth.gates import Candidate
from synth.gates.exam import Exam
from synth.gates.necessity import Necessity
from synth.gates.warm_prover import WarmProver
from synth.routes import draw
from tests.synth.examples import recipe
from verify.checks import CheckSet, verifier_files


@cache
def supported() -> tuple[Task, ...]:
    """Tasks with at least one supporting skill, of every form that there is."""
    tasks = [task for index in range(90) if (task := draw(recipe(3), index).task)]
    return tuple(task for task in tasks if task.clawgym.supporting_skills)


def without_skill(task: Task, skill: str) -> Task:
    """The task with a reference solution that lacks the steps of one skill."""
    assert task.graph
    steps: list[object] = json.loads(task.solution["steps.json"].data)
    nodes = task.graph.topological()
    left = [step for step, node in zip(steps, nodes, strict=True) if node.skill != skill]
    assert len(left) < len(steps)
    return replace(task, solution=task.solution | Files({"steps.json": json.dumps(left)}))


def scores_without(task: Task, prover: WarmProver) -> Iterator[float]:
    """What the task earns without each of its skills; 0 where the other steps need its work."""
    assert task.graph
    for skill in task.graph.skills:
        try:
            files = prover.solve(without_skill(task, skill))
        except TaskFormatError:
            yield 0.0
        else:
            yield prover.grade(task, [files])[0].score or 0.0


def judged(task: Task, prover: WarmProver) -> str | None:
    lost = Necessity().judge(Exam(Candidate(0, task), task, prover))
    return lost.detail if lost else None


def test_no_skill_can_be_left_out_of_a_task(warm: WarmProver):
    assert len({task.clawgym.labels["form"] for task in supported()}) > 1
    for task in supported()[:25]:
        assert judged(task, warm) is None
        assert max(scores_without(task, warm)) < 1


def test_a_skill_without_a_step_is_idle(warm: WarmProver):
    task = supported()[0]
    more = replace(task, skills=task.skills | Files({"bystander/SKILL.md": "# Nothing\n"}))
    assert judged(more, warm) == "bystander"


def test_a_skill_whose_work_earns_nothing_is_idle(warm: WarmProver):
    task = supported()[0]
    assert task.graph
    skill = task.clawgym.supporting_skills[0]
    idle = {node.id for node in task.graph.nodes if node.skill == skill}
    checks = CheckSet.model_validate_json(task.tests["checks.json"].data).checks
    kept = CheckSet(checks=tuple(check for check in checks if check.node not in idle))
    assert judged(replace(task, tests=verifier_files(kept)), warm) == skill
