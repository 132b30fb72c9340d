"""Rollouts: every trial once, whatever breaks; and what a wrong command is told."""

import asyncio
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.dataset import Dataset
from clawgym.errors import ProviderError, SandboxError, SkillFormatError, UsageError
from clawgym.model import ChatReply, Message, Role, ScriptedModel, ToolRequest
from clawgym.model.endpoint import serve
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.run import RunDirectory
from clawgym.task import Task
from clawgym.trajectory import Trajectory
from graph_agents.expert import ExpertModel
from graph_agents.harness import AgentHarness, Outcome, make_harnesses
from graph_agents.rollout import roll_out
from tests.graph_agents.rollouts import first, plan, rewards, rolled_out, written


def say(text: str, *calls: ToolRequest) -> Message:
    return Message(Role.ASSISTANT, text, calls)


@pytest.fixture
def few(dataset, tmp_path) -> Dataset:
    """Three tasks of their own, that a test may break."""
    return written(tmp_path / "tasks", first(dataset, 3))


@dataclass(frozen=True)
class Breaking:
    """A harness that raises at one task and does nothing at the others."""

    at: str
    error: Exception
    name: str = "breaking"
    needs_solution: bool = False

    async def work(self, task, sandbox, seed):
        if task.id == self.at:
            raise self.error
        return Outcome()


class Dawdler:
    """An expert that never comes to its last word."""

    name = "dawdler"

    def __init__(self, task: Task, _rng: object) -> None:
        self._expert = ExpertModel(task)

    async def complete(self, messages, tools=(), *, on_delta=None) -> ChatReply:
        reply = await self._expert.complete(messages, tools, on_delta=on_delta)
        if not reply.message.tool_calls:
            await asyncio.sleep(60)
        return reply


def hurried(task: Task, seconds: float) -> Task:
    agent = task.config.agent.model_copy(update={"timeout_sec": seconds})
    return replace(task, config=task.config.model_copy(update={"agent": agent}))


async def test_every_trial_of_the_plan_is_recorded_once(calibration):
    keys = [trial.key for trial in calibration.trials()]
    assert sorted(calibration.plan.trial_keys()) == keys
    assert calibration.missing() == []


async def test_the_number_of_jobs_changes_no_reward(few, backend, tmp_path):
    harnesses = make_harnesses(["noop", "expert:flawed"])
    alone, together = [
        await rolled_out(tmp_path / f"{jobs}", few, harnesses, backend, attempts=2, jobs=jobs)
        for jobs in (1, 3)
    ]
    assert len(rewards(alone)) == 12
    assert rewards(alone) == rewards(together)
    turns = [{trial.key: trial.turns for trial in run.trials()} for run in (alone, together)]
    assert turns[0] == turns[1]


async def test_attempts_of_a_flawed_expert_differ(few, backend, tmp_path):
    harnesses = make_harnesses(["expert:flawed"])
    run = await rolled_out(tmp_path / "run", few, harnesses, backend, attempts=3)
    scores: dict[str, set[float]] = {}
    for key, reward in rewards(run).items():
        assert isinstance(reward, Graded)
        scores.setdefault(key.task_id, set()).add(reward.score)
    assert any(len(values) > 1 for values in scores.values())


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (ZeroDivisionError("division by zero"), Cause.HARNESS, "ZeroDivisionError: division"),
        (UsageError("no such option"), Cause.HARNESS, "no such option"),
        (SandboxError("no space left"), Cause.SANDBOX, "no space left"),
        (ProviderError("overloaded"), Cause.PROVIDER, "overloaded"),
        (SkillFormatError("unreadable"), Cause.TASK, "unreadable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_a_harness_that_raises_leaves_one_trial_ungraded(
    few, backend, tmp_path, error, cause, words
):
    at = few.task_ids[1]
    run = await rolled_out(tmp_path / "run", few, {"breaking": Breaking(at, error)}, backend)
    found = {key.task_id: reward for key, reward in rewards(run).items()}
    broken = found.pop(at)
    assert isinstance(broken, Ungraded)
    assert (broken.cause, broken.reason[: len(words)]) == (cause, words)
    assert [reward.score for reward in found.values()] == [0.0, 0.0]


async def test_a_box_that_breaks_is_no_zero(few, backend, tmp_path):
    class Vandal:
        name = "vandal"
        needs_solution = False

        async def work(self, task, sandbox, seed):
            if task.id == few.task_ids[0]:
                await sandbox.close()
            return Outcome()

    run = await rolled_out(tmp_path / "run", few, {"vandal": Vandal()}, backend)
    causes = [reward.cause for reward in rewards(run).values() if isinstance(reward, Ungraded)]
    assert causes == [Cause.SANDBOX]


async def test_an_ungraded_trial_is_tried_again_and_a_graded_one_is_not(few, backend, tmp_path):
    at = few.task_ids[2]
    broken = {"breaking": Breaking(at, ZeroDivisionError())}
    run = await rolled_out(tmp_path / "run", few, broken, backend)
    before = {trial.key: trial for trial in run.trials() if trial.task_id != at}
    mended = {"breaking": Breaking("none", ZeroDivisionError())}
    run = await rolled_out(tmp_path / "run", few, mended, backend)
    after = {trial.key: trial for trial in run.trials()}
    assert len(after) == 3
    assert {key: trial for key, trial in after.items() if trial.task_id != at} == before
    assert all(isinstance(trial.reward, Graded) for trial in after.values())


async def test_a_trial_out_of_time_is_graded_as_it_stands(dataset, backend, tmp_path):
    tasks = written(tmp_path / "tasks", [hurried(task, 5.0) for task in first(dataset, 1)])
    harnesses = {"langgraph": AgentHarness("langgraph", Dawdler)}
    run = await rolled_out(tmp_path / "run", tasks, harnesses, backend)
    (trial,) = run.trials()
    assert isinstance(trial.reward, Graded)
    assert trial.reward.score == 1.0
    trajectory = run.trajectory(trial.key)
    assert trajectory is not None
    assert trajectory.extra == {"stop_reason": "time"}
    assert 5 <= trial.seconds < 30


async def test_a_command_out_of_time_is_killed_and_the_trial_graded(dataset, backend, tmp_path):
    tasks = written(tmp_path / "tasks", [hurried(dataset.load(dataset.task_ids[0]), 1.0)])
    sleep = ToolRequest("c1", "exec", '{"command": "sleep 60"}')
    harness = AgentHarness("langgraph", lambda _task, _rng: ScriptedModel([say("", sleep)]))
    run = await rolled_out(tmp_path / "run", tasks, {"langgraph": harness}, backend)
    (trial,) = run.trials()
    assert isinstance(trial.reward, Graded)
    assert (trial.reward.score, trial.tool_calls) == (0.0, 1)
    assert trial.seconds < 30


async def test_what_cannot_be_recorded_stops_the_rollout_with_one_sentence(few, backend, tmp_path):
    harnesses = make_harnesses(["expert"])
    run = RunDirectory.create_or_resume(
        tmp_path / "run", plan(few, tuple(harnesses), backend, attempts=1)
    )
    (tmp_path / "run" / "trajectories").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"):
        await roll_out(few, run, harnesses, backend, jobs=2)
    (tmp_path / "run" / "trajectories").unlink()
    await roll_out(few, run, harnesses, backend, jobs=2)
    assert run.missing() == []


# The command line.


class Rollout:
    """The command `clawgym rollout` on one dataset and run directory."""

    def __init__(self, dataset, output, sandbox: str) -> None:
        self.dataset, self.output, self._sandbox = dataset, output, sandbox

    def __call__(self, *options: str, harnesses: Sequence[str] = ("noop",)):
        named = [word for name in harnesses for word in ("--harness", name)]
        places = [str(self.dataset), "-o", str(self.output), "--sandbox", self._sandbox]
        return CliRunner().invoke(app, ["rollout", *places, *named, *options])

    def run(self) -> RunDirectory:
        return RunDirectory.open(self.output)


@pytest.fixture
def rollout(few, backend, tmp_path) -> Rollout:
    return Rollout(few.path, tmp_path / "run", backend.name)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return reserved.getsockname()[1]


def test_a_finished_rollout_prints_a_line_for_each_harness(rollout):
    result = rollout(harnesses=["noop", "oracle"])
    assert result.exit_code == 0, result.output
    assert result.stdout.split("\n") == [
        "noop             0.000 (3/3 graded)",
        "oracle           1.000 (3/3 graded)",
        f"next: clawgym bench report {rollout.output}",
        "",
    ]


def test_json_prints_one_object(rollout):
    result = rollout("--json", "-n", "2")
    assert json.loads(result.stdout) == {
        "run": str(rollout.output),
        "trials": 6,
        "means": {"noop": 0.0},
        "coverage": {"noop": 1.0},
    }


def test_a_second_run_of_the_same_command_does_nothing(rollout):
    rollout()
    before = rollout.run().trials()
    result = rollout("-j", "3")
    assert result.exit_code == 0
    assert rollout.run().trials() == before


async def test_trials_of_an_endpoint_that_was_down_are_all_that_a_later_run_repeats(
    rollout, closed_port
):
    url = f"http://127.0.0.1:{closed_port}/v1"
    options = ("--model", "m", "--base-url", url, "-j", "3")

    async def run(*more: str):
        return await asyncio.to_thread(rollout, *options, *more, harnesses=["noop", "langgraph"])

    down = await run("--json")
    assert down.exit_code == 3
    assert json.loads(down.stdout)["means"] == {"noop": 0.0, "langgraph": None}
    assert "3 ungraded trials: mend the cause, then run the same command again" in down.stderr
    assert f"cannot connect to {url}" in down.stderr
    before = rollout.run().trials()
    causes = {trial.reward.cause for trial in before if isinstance(trial.reward, Ungraded)}
    assert causes == {Cause.PROVIDER}
    assert len(before) == 6

    async with serve(ScriptedModel(lambda _: say("I would rather not.")), port=closed_port):
        up = await run()
    assert up.exit_code == 0, up.output
    after = rollout.run().trials()
    assert all(isinstance(trial.reward, Graded) for trial in after)
    kept = [trial for trial in before if trial.harness == "noop"]
    assert [trial for trial in after if trial.harness == "noop"] == kept
    assert len(after) == 6


async def test_junk_from_an_endpoint_ends_graded_with_a_valid_trajectory(rollout):
    junk = say(
        "",
        ToolRequest("a", "exec", '{"command": '),
        ToolRequest("b", "teleport", "{}"),
        ToolRequest("c", "write", '{"file": "x", "text": "y"}'),
        ToolRequest("c", "exec", '{"command": ["ls"]}'),
        ToolRequest("", "", "null"),
    )

    def script(messages):
        return junk if messages[-1].role is Role.USER else say("sorry")

    async with serve(ScriptedModel(script)) as endpoint:
        options = ("--model", "m", "--base-url", endpoint.base_url)
        result = await asyncio.to_thread(rollout, *options, harnesses=["langgraph"])
    assert result.exit_code == 0, result.output
    run = rollout.run()
    for trial in run.trials():
        assert isinstance(trial.reward, Graded)
        assert (trial.reward.score, trial.tool_calls) == (0.0, 5)
        trajectory = Trajectory.load(run.trajectory_path(trial.key))
        assert [bool(found.extra) for found in trajectory.steps[2].observation.results] == [
            True
        ] * 5


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("instruction.md", None, "is missing"),
        ("instruction.md", b"Do something else.", "differs from the digest"),
        ("task.toml", b"[task]\n", "is not a valid task.toml"),
        ("graph.json", b"{", "is not a valid task graph"),
    ],
)
def test_a_broken_task_is_named_before_anything_runs(rollout, few, name, content, words):
    file = few.path / few.task_ids[2] / name
    whole = file.read_bytes()
    file.unlink() if content is None else file.write_bytes(content)
    result = rollout()
    assert result.exit_code == 2
    assert str(file.parent) in result.stderr
    assert words in result.stderr
    assert not rollout.output.exists()
    file.write_bytes(whole)
    assert rollout().exit_code == 0


def test_no_dataset_is_a_usage_error(rollout, tmp_path):
    rollout.dataset = tmp_path / "nothing"
    result = rollout()
    assert (result.exit_code, "holds no task" in result.stderr) == (2, True)
    assert not rollout.output.exists()


@pytest.mark.parametrize(
    ("harness", "words"),
    [("experts", "did you mean 'expert'?"), ("langgraph", "no model is named: give --model")],
)
def test_a_harness_that_cannot_be_made_leaves_nothing_behind(rollout, harness, words):
    result = rollout(harnesses=["noop", harness])
    assert (result.exit_code, words in result.stderr) == (2, True)
    assert not rollout.output.exists()


@pytest.mark.parametrize("place", ["/proc/run", "/dev/null/run"])
def test_an_output_that_cannot_be_written_is_a_usage_error(rollout, place):
    rollout.output = place
    result = rollout()
    assert (result.exit_code, f"cannot write {place}/run.json" in result.stderr) == (2, True)


def test_a_database_that_is_none_is_a_usage_error(rollout):
    rollout()
    (rollout.output / "trials.sqlite").write_bytes(b"no database, " * 100)
    result = rollout()
    assert (result.exit_code, "cannot use" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("options", "harnesses", "differs"),
    [
        (["--seed", "8"], ["noop"], "seed"),
        (["-n", "2"], ["noop"], "attempts"),
        ([], ["noop", "lazy"], "harnesses"),
    ],
)
def test_another_plan_in_the_same_directory_is_refused(rollout, options, harnesses, differs):
    rollout()
    before = rollout.run().trials()
    result = rollout(*options, harnesses=harnesses)
    assert (result.exit_code, f"(different {differs})" in result.stderr) == (2, True)
    assert rollout.run().trials() == before


def test_a_run_that_another_process_works_on_is_left_alone(rollout):
    rollout()
    with rollout.run().locked():
        result = rollout()
    assert (result.exit_code, "another process is working on" in result.stderr) == (2, True)
