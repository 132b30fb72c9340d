"""Computations that share no code agree on every task: truth, reference, second solution.

The truth stands in the checks. Both solutions work on the files alone, and must earn every point.
"""

from collections.abc import Iterator

import pytest

from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.gates import Provers
from verify.examination import ALTERNATIVE
from verify.probes import SOLUTION

NUMBER = 40


@pytest.fixture(scope="module")
def provers(backend: Backend) -> Iterator[Provers]:
    opened = Provers(backend)
    yield opened
    opened.close()


@pytest.mark.parametrize("script", [SOLUTION, ALTERNATIVE])
def test_every_way_to_the_result_earns_every_point(
    tasks: list[Task], provers: Provers, script: str
) -> None:
    able = [task for task in tasks[:NUMBER] if script in task.solution]
    assert len(able) > NUMBER / 2
    for task in able:
        prover = provers.of(task)
        grade = prover.grade(task, [prover.solve(task, script)], explain=True)[0]
        missed = [f"{c.id}: {c.found}, {c.where}" for c in grade.checks if not c.passed]
        assert (grade.score, missed) == (1.0, []), f"{task.id}\n{task.instruction}"


def test_doing_nothing_earns_nothing(tasks: list[Task], provers: Provers) -> None:
    for task in tasks[:NUMBER]:
        assert provers.of(task).grade(task, [task.workspace])[0].score == 0.0, task.instruction
