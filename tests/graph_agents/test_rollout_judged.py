"""Rollouts of tasks with a rubric: judged where a judge is named, ungraded where none is."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio.from_thread
import pytest
from typer.testing import CliRunner, Result

from clawgym.cli import app
from clawgym.dataset import Dataset, write_dataset
from clawgym.files import Files
from clawgym.model import Message, Role, ScriptedModel
from clawgym.model.endpoint import serve
from clawgym.reward import Graded
from clawgym.run import RunDirectory
from tests.graph_agents.rollouts import first
from verify.rubric.rubric import BANDS, Criterion, Rubric

RUBRIC = Rubric(criteria=(Criterion(id="tone", name="Tone", bands=dict.fromkeys(BANDS, "so")),))
SAID = json.dumps({"criteria": {"tone": {"reason": "plain words", "band": 0.5}}, "suspicions": []})


@pytest.fixture(scope="module")
def judge() -> Iterator[str]:
    model = ScriptedModel(lambda _: Message(Role.ASSISTANT, SAID))
    with (
        anyio.from_thread.start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(serve(model)) as served,
    ):
        yield served.base_url


@pytest.fixture
def judged(dataset: Dataset, tmp_path: Path) -> Path:
    """One synthesised task that has a rubric as well."""
    from dataclasses import replace

    [task] = first(dataset, 1)
    with_rubric = replace(task, tests=task.tests | Files({"rubric.toml": RUBRIC.dumps()}))
    write_dataset(tmp_path / "tasks", [with_rubric], name="some", generator="test", seed=0)
    return tmp_path / "tasks"


def rollout(tasks: Path, *options: str) -> Result:
    output = tasks.parent / "run"
    command = ["rollout", str(tasks), "-o", str(output), "--harness", "oracle", *options]
    env = {"CLAWGYM_JUDGE_CACHE": str(tasks.parent / "judge.sqlite")}
    return CliRunner().invoke(app, command, env=env)


def reward(tasks: Path) -> Graded:
    [trial] = RunDirectory.open(tasks.parent / "run").trials()
    assert isinstance(trial.reward, Graded)
    return trial.reward


def test_a_named_judge_scores_the_rubric(judged: Path, judge: str) -> None:
    result = rollout(judged, "--judge-model", "m", "--judge-base-url", judge, "--judge-votes", "2")
    assert result.exit_code == 0, result.output
    assert reward(judged).score == pytest.approx(0.7 + 0.3 * 0.5)
    assert [vote.reason for vote in reward(judged).criteria[0].votes] == ["plain words"] * 2
    plan = RunDirectory.open(judged.parent / "run").plan
    assert (plan.judge, plan.judge_votes, plan.code_only) == ("m", 2, False)


def test_without_a_judge_trials_stay_ungraded_and_say_what_to_do(judged: Path) -> None:
    result = rollout(judged)
    assert result.exit_code == 3
    assert "--judge-model" in result.stderr


def test_code_only_needs_no_judge(judged: Path) -> None:
    assert rollout(judged, "--code-only").exit_code == 0
    assert reward(judged) == reward(judged).model_copy(update={"score": 1.0, "rubric": None})


def test_another_judge_is_another_run(judged: Path, judge: str) -> None:
    rollout(judged, "--code-only")
    result = rollout(judged, "--judge-model", "m", "--judge-base-url", judge)
    assert result.exit_code == 2
    assert "judge" in result.stderr
