"""Grading: the contract with a verifier, and what agents cannot do about its verdict."""

from dataclasses import replace

import pytest

from clawgym.files import File, Files
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.sandbox import Backend, Sandbox
from clawgym.task import Task
from clawgym.trajectory import Agent, Step, Trajectory
from tests.verify.tasks import HONEST, BrokenMachine, task
from verify.grading import grade, script_command
from verify.probes import NOOP, ORACLE, Probe, finished_workspace

DONE = Files({"in.txt": "hello\n", "output/copy.txt": "hello\n"})


async def test_a_foreign_task_needs_no_more_than_a_test_and_a_reward(backend: Backend) -> None:
    assert await grade(task(HONEST), DONE, backend) == Graded(score=1.0, code=1.0)
    assert await grade(task(HONEST), Files({"in.txt": "hello\n"}), backend) == Graded(
        score=0.0, code=0.0
    )


async def test_foreign_verifiers_written_for_bash_are_run_by_bash(backend: Backend) -> None:
    script = '[[ -f output/copy.txt ]] && declare -a a=(1); echo "${a[0]}" > "$LOGS/reward.txt"\n'
    foreign = task(script)
    body = foreign.tests["test.sh"].data.replace(b"#!/bin/sh", b"#!/usr/bin/env bash")
    with_bash = Task(
        id="bash", instruction="", config=foreign.config, tests=Files({"test.sh": body})
    )
    assert await grade(with_bash, DONE, backend) == Graded(score=1.0, code=1.0)


@pytest.mark.parametrize(
    ("first", "argv"),
    [
        (b"#!/bin/bash -eu\nx", ["/bin/bash", "-eu", "/tests/test.sh"]),
        (b"#! /usr/bin/env bash\n", ["/usr/bin/env", "bash", "/tests/test.sh"]),
        (b"echo", ["/bin/sh", "/tests/test.sh"]),
        (b"#!", ["/bin/sh", "/tests/test.sh"]),
        (b"", ["/bin/sh", "/tests/test.sh"]),
    ],
)
def test_a_script_is_run_by_what_its_first_line_names(first: bytes, argv: list[str]) -> None:
    assert script_command(File(first), "/tests/test.sh") == argv


@pytest.mark.parametrize(
    ("script", "score"),
    [
        ('echo \'{"reward": 0.25, "speed": 3}\' > "$LOGS/reward.json"', 0.25),
        ('echo \'{"reward": 1}\' > "$LOGS/reward.json"; echo 0 > "$LOGS/reward.txt"', 1.0),
        ('echo 7.0 > "$LOGS/reward.txt"', 1.0),
        ('echo -2 > "$LOGS/reward.txt"', 0.0),
    ],
    ids=["json", "json-wins", "too-much", "too-little"],
)
async def test_a_finite_reward_is_clamped_to_the_unit_interval(
    backend: Backend, script: str, score: float
) -> None:
    assert await grade(task(script), DONE, backend) == Graded(score=score, code=score)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo broken >&2; exit 3", "exited with 3: broken"),
        ("kill -9 $$", "exited with 137"),
        ("true", "wrote no reward"),
        ('echo good > "$LOGS/reward.txt"', "wrote no usable reward"),
        (': > "$LOGS/reward.txt"', "wrote no usable reward"),
        ('echo nan > "$LOGS/reward.txt"', "wrote the reward nan"),
        ('echo inf > "$LOGS/reward.txt"', "wrote the reward inf"),
        ('echo \'{"reward": NaN}\' > "$LOGS/reward.json"', "wrote the reward nan"),
        ('echo \'{"score": 1}\' > "$LOGS/reward.json"', "wrote no usable reward"),
        ('echo \'{"reward": "x"}\' > "$LOGS/reward.json"', "wrote no usable reward"),
        ('echo "[" > "$LOGS/reward.json"; echo 1 > "$LOGS/reward.txt"', "wrote no usable reward"),
        ('mkfifo "$LOGS/reward.json"', "wrote no reward"),
        ('ln -s /etc/hostname "$LOGS/reward.txt"', "wrote no reward"),
        ('mkdir "$LOGS/reward.json"', "wrote no reward"),
    ],
)
async def test_a_verifier_that_breaks_its_contract_leaves_the_work_ungraded(
    backend: Backend, script: str, reason: str
) -> None:
    verdict = await grade(task(script), DONE, backend)
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.VERIFIER
    assert reason in verdict.reason
    assert "copy" in verdict.reason


async def test_a_verifier_that_hangs_is_stopped_and_the_work_ungraded(backend: Backend) -> None:
    verdict = await grade(task("sleep 60", timeout=0.5), DONE, backend)
    assert isinstance(verdict, Ungraded)
    assert "ran out of its time" in verdict.reason


async def test_a_task_without_a_verifier_is_ungraded(backend: Backend) -> None:
    verdict = await grade(task(None), DONE, backend)
    assert isinstance(verdict, Ungraded)
    assert "no tests/test.sh" in verdict.reason


@pytest.mark.parametrize("ours", [True, False])
async def test_malformed_details_are_an_error_in_our_tasks_only(
    backend: Backend, ours: bool
) -> None:
    script = HONEST + 'echo \'{"checks": [{"id": 1}]}\' > "$LOGS/reward-details.json"\n'
    verdict = await grade(task(script, ours=ours), DONE, backend)
    if ours:
        assert isinstance(verdict, Ungraded)
        assert "reward-details.json of copy is malformed" in verdict.reason
    else:
        assert verdict == Graded(score=1.0, code=1.0)


async def test_a_machine_without_boxes_leaves_the_work_ungraded() -> None:
    verdict = await grade(task(HONEST), DONE, BrokenMachine())
    assert verdict == Ungraded(cause=Cause.SANDBOX, reason="no user namespaces here; enable them")


PLANTED = Files(
    {
        "json.py": "raise SystemExit(0)\n",
        "csv.py": "def reader(*a, **k): return []\n",
        "sitecustomize.py": "import os; os._exit(0)\n",
        "usercustomize.py": "import os; os._exit(0)\n",
        "conftest.py": "import os; os._exit(0)\n",
        "grade.py": "print('all good')\n",
        "reward.json": '{"reward": 1}',
        "reward.txt": "1\n",
        "verifier/reward.json": '{"reward": 1}',
        "logs/verifier/reward.json": '{"reward": 1}',
        "tests/checks.json": '{"checks": []}',
        "tests/grade.py": "print('all good')\n",
        "tests/test.sh": File(b"#!/bin/sh\nexit 0\n", executable=True),
        "python3": File(b"#!/bin/sh\nexit 0\n", executable=True),
    }
)


async def test_files_that_an_agent_plants_do_not_change_the_verdict(
    backend: Backend, generated: list[Task]
) -> None:
    one = generated[2]
    for probe, score in ((NOOP, 0.0), (ORACLE, 1.0)):
        left = await finished_workspace(probe, one, backend)
        plain = await grade(one, left, backend)
        planted = await grade(one, left | PLANTED, backend)
        assert isinstance(planted, Graded)
        assert planted.score == score
        assert planted == plain


async def test_links_that_an_agent_leaves_are_not_followed(
    backend: Backend, generated: list[Task]
) -> None:
    one = generated[2]
    output = one.graph.artifact(one.graph.nodes[0].output).path if one.graph else ""

    async def plant_links(_: Task, sandbox: Sandbox) -> None:
        await sandbox.write("output/.keep", b"")
        for target in ("/tests/checks.json", "/etc/passwd"):
            ran = await sandbox.exec(["ln", "-sfn", target, output])
            assert ran.exit_code == 0
        assert (await sandbox.exec(["ln", "-s", "/tests", "tests"])).exit_code == 0
        assert (await sandbox.exec(["mkfifo", "output/fifo"])).exit_code == 0

    left = await finished_workspace(Probe("links", plant_links), one, backend)
    assert set(left) == {*one.workspace, "output/.keep"}
    verdict = await grade(one, left, backend)
    assert isinstance(verdict, Graded)
    assert verdict.score == 0


def _answers_in_files(task: Task) -> bool:
    assert task.graph
    outputs = [task.graph.artifact(node.output).path for node in task.graph.nodes]
    return all(path.endswith((".csv", ".json", ".jsonl", ".md")) for path in outputs)


async def test_a_directory_in_place_of_an_answer_earns_nothing(
    backend: Backend, generated: list[Task]
) -> None:
    one = next(task for task in generated if _answers_in_files(task))
    assert one.graph
    paths = {one.graph.artifact(node.output).path for node in one.graph.nodes}
    left = {path: file for path, file in one.workspace.items() if path not in paths}
    verdict = await grade(one, Files(left | {f"{path}/x": b"" for path in paths}), backend)
    assert isinstance(verdict, Graded)
    assert verdict.score == 0
    assert any("not a regular file" in check.found for check in verdict.checks)


async def test_neither_tests_nor_solution_are_in_the_box_of_an_agent(
    generated: list[Task], backend: Backend
) -> None:
    if "filesystem" not in backend.capabilities:
        pytest.skip("this sandbox hides nothing")
    seen: list[str] = []

    async def look_around(_: Task, sandbox: Sandbox) -> None:
        await sandbox.write("control/checks.json", b"")
        names = ["(", "-name", "checks.json", "-o", "-name", "steps.json", ")"]
        ran = await sandbox.exec(["find", "/", "-path", "/proc", "-prune", "-o", *names, "-print"])
        seen.extend(ran.stdout.decode().split())
        listing = await sandbox.exec(["ls", "/"])
        seen.extend(set(listing.stdout.decode().split()) & {"tests", "solution", "logs"})

    await finished_workspace(Probe("look", look_around), generated[0], backend)
    assert seen == ["/workspace/control/checks.json"]


async def test_a_verifier_cannot_change_the_workspace(backend: Backend) -> None:
    if "filesystem" not in backend.capabilities:
        pytest.skip("this sandbox protects nothing")
    script = 'if echo x 2>/dev/null > in.txt; then echo 1; else echo 0; fi > "$LOGS/reward.txt"\n'
    assert await grade(task(script), DONE, backend) == Graded(score=0.0, code=0.0)


async def test_the_verifier_can_read_what_the_agent_did(backend: Backend) -> None:
    said = 'grep -c "the last word" "$LOGS/../agent/trajectory.json" > "$LOGS/reward.txt" || true\n'
    steps = [Step(step_id=1, source="agent", message="the last word")]
    trajectory = Trajectory(agent=Agent(name="test", version="1"), steps=steps)
    graded = await grade(task(said), DONE, backend, trajectory=trajectory)
    assert graded == Graded(score=1.0, code=1.0)
    assert await grade(task(said + 'echo 0 > "$LOGS/reward.txt"\n'), DONE, backend) == Graded(
        score=0.0, code=0.0
    )


async def test_what_starts_a_verifier_of_ours_makes_no_difference(
    generated: list[Task], backend: Backend
) -> None:
    ours = generated[0]
    script = ours.tests["test.sh"].data + b"# not ours to the byte\n"
    edited = replace(ours, tests=ours.tests | Files({"test.sh": script}))
    for probe in (NOOP, ORACLE):
        finished = await finished_workspace(probe, ours, backend)
        assert await grade(ours, finished, backend) == await grade(edited, finished, backend)
