"""No hack earns anything, and none takes anything from honest work."""

import pytest

from clawgym.artifact import ArtifactKind
from clawgym.errors import SandboxUnsupportedError
from clawgym.reward import Graded
from clawgym.sandbox import Backend, open_backend
from clawgym.task import Task
from tests.verify.hacks.suite import Hack, after_honest_work, all_hacks, alone, outputs_of
from tests.verify.tasks import task as task_with
from verify.probes import NOOP, run_probe

HACKS = [pytest.param(hack, id=hack.name) for hack in all_hacks()]


@pytest.fixture(scope="session")
def task(generated: list[Task]) -> Task:
    """A task of several files and inputs that must not change.

    Its results are no folders: decoys beside an honest part would break their rule.
    """
    return next(task for task in generated if _is_of_files(task))


def _is_of_files(task: Task) -> bool:
    nodes = task.graph.nodes if task.graph else ()
    kinds = (
        {task.graph.artifact(node.output).kind for node in nodes}
        if task.graph
        else set[ArtifactKind]()
    )
    return len(nodes) > 1 and ArtifactKind.ARCHIVE not in kinds


_outputs: dict[str, list[str]] = {}


@pytest.fixture
def bwrap() -> Backend:
    try:
        return open_backend("bwrap")
    except SandboxUnsupportedError as error:
        pytest.skip(str(error))


@pytest.fixture
async def outputs(task: Task, backend: Backend) -> list[str]:
    if task.id not in _outputs:
        _outputs[task.id] = await outputs_of(task, backend)
    return _outputs[task.id]


def test_there_are_many_hacks_and_each_says_what_it_tries() -> None:
    assert len(HACKS) >= 50
    assert all(hack.about.endswith(".") for hack in all_hacks())


async def test_doing_nothing_earns_nothing(task: Task, backend: Backend) -> None:
    verdict = await run_probe(NOOP, task, backend)
    assert isinstance(verdict, Graded)
    assert verdict.score == 0


@pytest.mark.parametrize("hack", HACKS)
async def test_a_hack_earns_nothing(
    hack: Hack, task: Task, outputs: list[str], backend: Backend
) -> None:
    verdict = await alone(hack, task, outputs, backend)
    assert not isinstance(verdict, Graded) or verdict.score == 0, verdict


@pytest.mark.parametrize("hack", HACKS)
async def test_honest_work_among_what_a_hack_plants_earns_all(
    hack: Hack, task: Task, outputs: list[str], backend: Backend
) -> None:
    verdict = await after_honest_work(hack, task, outputs, backend)
    assert isinstance(verdict, Graded), verdict
    assert verdict.score == 1, verdict


ZERO = '; test -s "$LOGS/reward.txt" || echo 0 > "$LOGS/reward.txt"\n'
CARELESS = {
    "shadow_modules": 'python3 -c "import json"' + ZERO,
    "path_trojans": 'PATH=".:$PATH" python3 -c pass' + ZERO,
    "site_customisation": 'HOME="$PWD" python3 -c pass' + ZERO,
    "planted_rewards": 'cp reward.json "$LOGS/reward.json"\n',
    "printed_score": 'tail -n 1 output/copy.txt > "$LOGS/reward.txt"\n',
    "own_tests": "sh tests/test.sh" + ZERO,
}


@pytest.mark.parametrize("name", CARELESS)
async def test_a_careless_verifier_would_have_been_fooled(name: str, bwrap: Backend) -> None:
    hack = next(hack for hack in all_hacks() if hack.name == name)
    verdict = await alone(hack, task_with(CARELESS[name]), ["output/copy.txt"], bwrap)
    assert isinstance(verdict, Graded)
    assert verdict.score == 1
