"""Compat: imported tasks come to the score that the suite itself would give, to the last bit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clawgym.files import Files
from clawgym.reward import CheckRole, Graded
from clawgym.sandbox import Backend
from clawgym.task import Task
from clawgym.trajectory import Agent, Observation, ObservationResult, Step, ToolCall, Trajectory
from tests.verify.suites.formats import markdown, record, trained_task, write
from verify.grading import grade
from verify.suites import open_suite

TENTH = "import json; print(json.dumps({'a': 0.1, 'b': 0.2, 'c': True, 'd': 0}))"


def known(task: Task) -> Task:
    """As if its reward.sh were the trainer's usual one."""
    return settings(task, run="python", script="reward/check.py", aggregate="mean", cwd="root")


def settings(task: Task, **changed: object) -> Task:
    suite = {**json.loads(task.tests["suite.json"].data), **changed}
    return replace(task, tests=task.tests | Files({"suite.json": json.dumps(suite)}))


def checking(tmp_path: Path, check: str) -> Task:
    trained_task(tmp_path, "one", check=check)
    return known(open_suite(tmp_path).load("one"))


async def scored(task: Task, backend: Backend, files: Files | None = None) -> Graded:
    reward = await grade(task, task.workspace if files is None else files, backend, code_only=True)
    assert isinstance(reward, Graded), reward
    return reward


def grader_of(reward: Graded) -> str:
    [gate] = [check for check in reward.checks if check.role is CheckRole.GATE]
    assert gate.id == "grader"
    assert gate.passed is (not gate.found.startswith(("crashed", "timed out")))
    return gate.found


async def test_the_mean_is_of_all_values_truth_values_too(tmp_path: Path, backend: Backend):
    reward = await scored(checking(tmp_path, TENTH), backend)
    assert reward.score == (0.1 + 0.2 + 1 + 0) / 4
    core = {check.id: check.value for check in reward.checks if check.role is CheckRole.CORE}
    assert core == {"a": 0.1, "b": 0.2, "c": 1.0, "d": 0.0}


@pytest.mark.parametrize(
    ("code", "score"),
    [
        ("print(0.25)", 0.25),
        ("print('true')", 1.0),
        ("print('[1, 1]')", 0.0),
        ("print('{}')", 0.0),
        ("print('null')", 0.0),
        ("print(7)", 1.0),
        ("print(-7)", 0.0),
        ("import sys; print('{\"a\": 1}'); sys.exit(0)", 1.0),
        ("from pathlib import Path; import sys; print(float(Path(sys.argv[1]).is_dir()))", 1.0),
        ("import os; print(float(os.path.dirname(__file__).endswith('workspace/reward')))", 1.0),
        ("import atexit; atexit.register(print, 1)", 1.0),
        ("import threading; threading.Timer(0.05, print, [1]).start()", 1.0),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n a: int\nprint(A(1).a)", 1.0),
        (
            "import sys; print(float('__main__' == __name__ and sys.modules[__name__].sys is sys))",
            1.0,
        ),
        ("import os; print(float(os.path.isfile(os.environ['OPENCLAW_REWARD_PAYLOAD'])))", 1.0),
    ],
)
async def test_output_is_read_as_the_trainer_reads_it(
    tmp_path: Path, backend: Backend, code: str, score: float
):
    reward = await scored(checking(tmp_path, code), backend)
    assert reward.score == score
    assert grader_of(reward).startswith("raw score")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("raise KeyError('x')", "crashed: exit code 1: KeyError: 'x'"),
        ("print('{\"a\": 1}'); raise SystemExit(3)", "crashed: exit code 3"),
        ("print('{\"a\": 1}'); raise SystemExit('no')", "crashed: exit code 1: no"),
        ("print('working'); print('{\"a\": 1}')", "crashed: its output is no JSON"),
        ("print('')", "crashed: its output is no JSON"),
        ("print('{\"a\": null}')", "crashed: a value is no number"),
        ("print('{\"a\": NaN}')", "crashed: the score is nan"),
        ("print('1' * 9_000_000)", "crashed: it wrote more than"),
        ("import os; os.kill(os.getpid(), 9)", "crashed: exit code -9"),
        ("def broken(:", "crashed: exit code 1: SyntaxError"),
        ("import time; time.sleep(60)", "timed out after 1 s"),
    ],
)
async def test_a_grader_that_breaks_is_worth_nothing_and_says_so(
    tmp_path: Path, backend: Backend, code: str, problem: str
):
    reward = await scored(settings(checking(tmp_path, code), time_limit=1.0), backend)
    assert reward.score == 0.0
    assert grader_of(reward).startswith(problem)


async def test_what_a_grader_leaves_running_cannot_write_the_reward(
    tmp_path: Path, backend: Backend
):
    loiterer = (
        "import time; time.sleep(0.2)\n"
        "open('/logs/verifier/reward.json', 'w').write('{\"reward\": 1}')\n"
    )
    code = (
        "import os, sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        exec({loiterer!r})\n"
        "    os._exit(0)\n"
        "print(0.5)\n"
    )
    assert (await scored(checking(tmp_path, code), backend)).score == 0.5


async def test_a_grader_that_writes_the_reward_itself_is_overruled(
    tmp_path: Path, backend: Backend
):
    code = (
        "import os\n"
        "if os.path.isdir('/logs/verifier'):\n"
        "    open('/logs/verifier/reward.json', 'w').write('{\"reward\": 1}')\n"
        "print(0.25)\n"
    )
    assert (await scored(checking(tmp_path, code), backend)).score == 0.25


async def test_a_planted_reward_folder_is_set_aside(tmp_path: Path, backend: Backend):
    task = checking(tmp_path, "import json; print(json.dumps({'a': 0.5}))")
    planted = Files({"reward/json.py": "def dumps(x): return '1.0'", "reward/check.py": "print(1)"})
    reward = await scored(task, backend, task.workspace | planted)
    assert reward.score == 0.5
    assert "set aside" in grader_of(reward)


async def test_a_shell_script_is_run_with_the_workspace_where_it_now_is(
    tmp_path: Path, backend: Backend
):
    trained_task(tmp_path, "one")
    task = open_suite(tmp_path).load("one")
    assert (await scored(task, backend)).score == 0.0
    half = task.workspace | Files({"output/sum.txt": "41"})
    assert (await scored(task, backend, half)).score == 0.5
    assert (
        await scored(task, backend, task.workspace | Files({"output/sum.txt": "42"}))
    ).score == 1


async def test_a_record_takes_the_reward_of_the_last_line(tmp_path: Path, backend: Backend):
    check = 'print(\'thinking\'); print(\'{"reward": 0.25, "a": true, "b": true}\')'
    files = [{"file_path": "reward/check.py", "content": check}]
    path = write(tmp_path / "t.jsonl", json.dumps(record(reward_files=files)) + "\n")
    assert (await scored(open_suite(path).load("one"), backend)).score == 0.25


def session(*calls: tuple[str, dict[str, str]]) -> Trajectory:
    steps = [Step(step_id=1, source="user", message="go")]
    for number, (name, arguments) in enumerate(calls, 2):
        call = ToolCall(tool_call_id=str(number), function_name=name, arguments=dict(arguments))
        seen = Observation(results=[ObservationResult(source_call_id=str(number), content="ok")])
        steps.append(
            Step(step_id=number, source="agent", message="", tool_calls=[call], observation=seen)
        )
    return Trajectory(agent=Agent(name="a", version="1"), steps=steps)


async def test_pinchbench_takes_the_mean_of_what_is_a_number(tmp_path: Path, backend: Backend):
    task = open_suite(write(tmp_path / "task_note.md", markdown())).load("task_note")
    assert (await scored(task, backend)).score == 0.0
    reward = await scored(task, backend, Files({"note.txt": "hello"}))
    assert reward.score == (1 + 1.0 + 0.0) / 3
    weights = {check.id: check.weight for check in reward.checks}
    assert weights["remark"] == 0.0


async def test_pinchbench_graders_see_the_session(tmp_path: Path, backend: Backend):
    task = open_suite(write(tmp_path / "task_note.md", markdown())).load("task_note")
    told = session(("read", {"path": "in.txt"}))
    reward = await grade(task, Files(), backend, trajectory=told, code_only=True)
    assert isinstance(reward, Graded)
    assert reward.score == (0 + 0.0 + 0.5) / 3


@pytest.mark.parametrize(
    ("code", "score", "problem"),
    [
        ("def grade(t, w):\n    return 1", 0.0, ""),
        ("def grade(t, w):\n    return {'a': '1', 'b': 0.5}", 0.5, ""),
        ("def grade(t, w):\n    return {}", 0.0, ""),
        ("def grade(t, w):\n    print('noise')\n    return {'a': 1}", 1.0, ""),
        ("grade = 3", 0.0, "there is no function grade()"),
        ("def grade(t, w):\n    return {}['x']", 0.0, "crashed: exit code 1: KeyError"),
        ("def grade(t, w):\n    raise SystemExit(0)", 0.0, "crashed: its answer cannot be read"),
    ],
)
async def test_pinchbench_answers_are_read_as_pinchbench_reads_them(
    tmp_path: Path, backend: Backend, code: str, score: float, problem: str
):
    task = open_suite(write(tmp_path / "task_note.md", markdown(code=code))).load("task_note")
    reward = await scored(task, backend)
    assert reward.score == score
    found = next(check.found for check in reward.checks if check.id == "grader")
    assert found.startswith(problem or "raw score")


async def test_wildclawbench_takes_its_own_overall_score(tmp_path: Path, backend: Backend):
    code = (
        "def grade(**kwargs):\n"
        "    import os\n"
        "    secret = os.path.join(kwargs['workspace_path'], 'gt', 'answer.txt')\n"
        "    return {'found': 1.0, 'overall_score': 0.25 if os.path.exists(secret) else 0.0}\n"
    )
    write(tmp_path / "workspace/one/exec/in.txt", "given")
    write(tmp_path / "workspace/one/gt/answer.txt", "42")
    text = markdown(code=code, sections="## Workspace Path\n\n```\nworkspace/one\n```\n")
    write(tmp_path / "tasks/office/office_task_1.md", text)
    suite = open_suite(tmp_path)
    task = suite.load("task_note")
    assert suite.kind == "wildclawbench"
    assert list(task.workspace) == ["in.txt"]
    assert (await scored(task, backend)).score == 0.25
