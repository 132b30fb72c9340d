"""Agent-written code runs in a box of its own, and the verifier sees only what it did."""

import json

import pytest
from pydantic import ValidationError

from clawgym.files import Files
from clawgym.reward import CheckRole, Graded, Ungraded
from clawgym.sandbox import Backend
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from tests.verify.examples import check
from verify.checks import Call, CheckSet, Program, verifier_files
from verify.grading import grade
from verify.programs import run_programs

SUM = """import sys
print(sum(float(line) for line in sys.stdin))
"""
SUM_RUN = Program(id="p", argv=("python3", "sum.py"), stdin="1\n2.5\n")
SUM_CHECK = check("program_output", program="p", stdout="3.5\n")
LIB = """def half(x):
    print("noise")
    return x / 2
def pair(a, *, b): return (a, b)
def fail(): raise KeyError("no")
def hang():
    while True: pass
"""
CALLS = Program(
    id="p",
    file="lib.py",
    calls=(
        Call(function="half", args=(5,)),
        Call(function="pair", args=(1,), kwargs={"b": [2]}),
        Call(function="fail"),
        Call(function="hang", seconds=1),
    ),
)
CALLS_CHECK = check(
    "function_calls",
    program="p",
    results=[
        {"equals": 2.5},
        {"equals": [1, [2]]},
        {"raises": "KeyError"},
        {"raises": "TimeoutError"},
    ],
)


def task(program: Program, *checks: object) -> Task:
    checks_of = CheckSet.model_validate({"checks": checks, "programs": [program]})
    metadata = Metadata(clawgym=ClawGymMetadata(kind="skill"))
    return Task(
        id="t",
        instruction="",
        config=TaskConfig(task=TaskName(name="test/t"), metadata=metadata),
        tests=verifier_files(checks_of),
    )


async def score(asked: Task, files: dict[str, str], backend: Backend) -> float:
    graded = await grade(asked, Files(files), backend)
    assert isinstance(graded, Graded), graded
    return graded.score


async def test_a_script_is_judged_by_what_it_writes(backend: Backend) -> None:
    asked = task(SUM_RUN, SUM_CHECK)
    assert await score(asked, {"sum.py": SUM}, backend) == 1
    assert await score(asked, {"sum.py": SUM.replace("float", "int")}, backend) == 0
    assert await score(asked, {}, backend) == 0


async def test_a_script_that_does_not_end_is_data(backend: Backend) -> None:
    asked = task(SUM_RUN.model_copy(update={"timeout_sec": 0.5}), SUM_CHECK)
    graded = await grade(asked, Files({"sum.py": "while True: pass"}), backend)
    assert isinstance(graded, Graded)
    assert "ran out of its time" in graded.checks[0].found


async def test_functions_are_judged_by_hidden_calls(backend: Backend) -> None:
    asked = task(CALLS, CALLS_CHECK)
    assert await score(asked, {"lib.py": LIB}, backend) == 1
    assert await score(asked, {"lib.py": LIB.replace("/ 2", "// 2")}, backend) == 0
    assert await score(asked, {"lib.py": "import os\nos._exit(0)"}, backend) == 0


async def test_expected_values_are_not_in_the_box_of_the_code(backend: Backend) -> None:
    spy = (
        "import os\n"
        "for root, _, names in os.walk('/'):\n"
        "    if root.startswith(('/proc', '/sys', '/usr', '/lib', '/dev')): continue\n"
        "    for name in names:\n"
        "        if name in ('checks.json', 'reward.json'): print(root, name)\n"
        "print('done')\n"
    )
    program = Program(id="p", argv=("python3", "spy.py"))
    asked = task(program, check("program_output", program="p", stdout="done"))
    if backend.name != "local":
        assert await score(asked, {"spy.py": spy}, backend) == 1


async def test_the_record_of_a_run_names_what_changed(backend: Backend) -> None:
    program = Program(
        id="p", argv=("sh", "run.sh"), place={"more.txt": "x"}, env={"NAME": "new.txt"}
    )
    script = 'cp more.txt "$NAME"; rm old.txt; echo y >> kept.txt; echo oops >&2; exit 3'
    files = Files({"run.sh": script, "old.txt": "1", "kept.txt": "2", "same.txt": "3"})
    written = await run_programs(task(program, check_files()), files, backend)
    record = json.loads(written["p/result.json"].data)
    assert record["exit_code"] == 3
    assert {path: bool(digest) for path, digest in record["changed"].items()} == {
        "old.txt": False,
        "kept.txt": True,
        "new.txt": True,
    }
    assert written["p/stderr"].data == b"oops\n"


def check_files() -> object:
    return check("program_files", program="p", files={"new.txt": "0" * 64})


async def test_a_script_that_is_run_again_must_change_nothing(backend: Backend) -> None:
    program = Program(id="p", argv=("sh", "run.sh"))
    text = check("text", path="out.txt", text="a\n")
    asked = task(program, check("idempotent", program="p"), text)
    assert await score(asked, {"run.sh": "echo a > out.txt", "out.txt": "a\n"}, backend) == 1
    assert await score(asked, {"run.sh": "echo a >> out.txt", "out.txt": "a\n"}, backend) == 0


async def test_files_that_cannot_be_put_in_place_are_the_answers_fault(backend: Backend) -> None:
    program = SUM_RUN.model_copy(update={"place": {"in/data.txt": "1"}})
    graded = await grade(task(program, SUM_CHECK), Files({"in": "", "sum.py": SUM}), backend)
    assert isinstance(graded, Graded)
    assert "cannot be put in place" in graded.checks[0].found


async def test_without_the_runs_there_is_no_verdict(backend: Backend) -> None:
    asked = task(SUM_RUN, SUM_CHECK)
    bare = json.loads(asked.tests["checks.json"].data)
    bare["programs"] = []
    tests = Files({**asked.tests, "checks.json": json.dumps(bare)})
    elsewhere = Task(id="t", instruction="", config=asked.config, tests=tests)
    graded = await grade(elsewhere, Files({"sum.py": SUM}), backend)
    assert isinstance(graded, Ungraded)
    assert "needs a run of the program p" in graded.reason


async def test_without_a_trajectory_a_check_of_it_gives_no_verdict(backend: Backend) -> None:
    asked = task(SUM_RUN, check("said", pattern="x", most=0))
    graded = await grade(asked, Files({"sum.py": SUM}), backend)
    assert isinstance(graded, Ungraded)
    assert "needs agent/trajectory.json" in graded.reason


def test_a_check_of_a_program_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs a program 'p'"):
        CheckSet.model_validate({"checks": [SUM_CHECK]})


@pytest.mark.parametrize("type", ["program_exit", "idempotent", "exists"])
def test_what_doing_nothing_passes_can_only_be_a_gate(type: str) -> None:
    more = {"path": "x"} if type == "exists" else {"program": "p"}
    with pytest.raises(ValidationError, match="must be a gate"):
        CheckSet.model_validate(
            {"checks": [{**check(type, **more).model_dump(), "role": CheckRole.CORE}]}
        )


def test_a_program_runs_or_calls_but_not_both() -> None:
    for broken in ({}, {"argv": ["x"], "file": "y", "calls": [{"function": "f"}]}, {"file": "y"}):
        with pytest.raises(ValidationError, match="needs either"):
            Program.model_validate({"id": "p", **broken})
