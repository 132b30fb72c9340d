"""Three computations that share no code agree on every task: truth, solution, skills.

The truth stands in the checks. The reference solution and the scripts of the skills each work in a
sandbox on the files alone, and must earn every point.
"""

import asyncio

import pytest

from clawgym.reward import Graded
from clawgym.sandbox import Backend, Sandbox
from clawgym.task import Task
from clawgym_skills.grounding import command_for
from synth.operations import OPERATIONS
from verify.grading import grade
from verify.probes import ORACLE, Probe, finished_workspace

NUMBER = 32


async def use_the_skills(task: Task, sandbox: Sandbox) -> None:
    """Unpack the skills that the task offers, and run the script of each node's skill."""
    assert task.graph
    for path, file in task.skills.items():
        await sandbox.write(f".skills/{path}", file.data)
    for node in task.graph.topological():
        command = command_for(node, task.graph, f".skills/{node.skill}")
        assert command, node
        ran = await sandbox.exec(command)
        assert ran.exit_code == 0, (node, ran.stderr.decode())


SKILLS = Probe("skills", use_the_skills)


@pytest.fixture(scope="module")
def chosen(tasks: list[Task]) -> list[Task]:
    """Tasks of every skill, style and operation."""
    some = tasks[:NUMBER]
    used = {node.operation for task in some if task.graph for node in task.graph.nodes}
    assert used == set(OPERATIONS)
    assert {task.clawgym.prompt_style for task in some} == {"brief", "spec"}
    return some


@pytest.mark.parametrize("probe", [ORACLE, SKILLS], ids=lambda probe: probe.name)
async def test_every_way_to_the_result_earns_every_point(
    chosen: list[Task], backend: Backend, probe: Probe
) -> None:
    gate = asyncio.Semaphore(2)

    async def missed(task: Task) -> list[str]:
        async with gate:
            verdict = await grade(task, await finished_workspace(probe, task, backend), backend)
        assert isinstance(verdict, Graded), verdict
        assert (verdict.score == 1.0) is all(check.passed for check in verdict.checks)
        return [f"{task.id} {c.id}: {c.found}, {c.where}" for c in verdict.checks if not c.passed]

    found = await asyncio.gather(*(missed(task) for task in chosen))
    assert [line for lines in found for line in lines] == []
