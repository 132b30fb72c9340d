"""Necessity: a supporting skill is part of a task only if the task cannot be done without it.

The proof drops a skill's steps from the reference solution. What is left must fail, or earn less
than everything: each step's result is checked itself, so that no step is there for show.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.task import Task
from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from synth.gates.proving import Prover
from synth.gates.reading import Cost
from verify.attempts import EPSILON

_STEPS = "steps.json"


def without_skill(task: Task, skill: str) -> Task:
    """The task with a reference solution that lacks the steps of one skill.

    Raises:
        TaskFormatError: the task has no graph, or no steps to take away.
    """
    if task.graph is None or _STEPS not in task.solution:
        raise TaskFormatError(f"task {task.id} has no graph with a solution in steps")
    steps: list[object] = json.loads(task.solution[_STEPS].data)
    nodes = task.graph.topological()
    left = [step for step, node in zip(steps, nodes, strict=True) if node.skill != skill]
    solution = task.solution | Files({_STEPS: json.dumps(left)})
    return Task(
        id=task.id,
        instruction=task.instruction,
        config=task.config,
        workspace=task.workspace,
        skills=task.skills,
        tests=task.tests,
        solution=solution,
        graph=task.graph,
        other=task.other,
    )


def idle_skills(task: Task, prover: Prover) -> Iterator[str]:
    """The skills of a task without which its reference solution still earns everything.

    Raises:
        TaskFormatError: the task has no graph, or no steps to take away.
        SandboxError: the box is at fault.
    """
    for skill in task.graph.skills if task.graph else ():
        try:
            files = prover.solve(without_skill(task, skill))
        except TaskFormatError:
            continue  # the other steps need what these would have made
        score = prover.grade(task, [files])[0].score
        if score is not None and score >= 1 - EPSILON:
            yield skill


@dataclass(frozen=True)
class Necessity:
    """A gate: no skill of the task is idle."""

    name: str = "necessity"
    cost: Cost = "solves"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost by the first skill that does no work which is checked."""
        idle = next(idle_skills(exam.task, exam.prover), None)
        return Lost(self.name, "idle-skill", idle) if idle else None
