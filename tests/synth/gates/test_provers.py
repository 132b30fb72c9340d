"""The warm prover says exactly what `verify` says, however much it leaves out."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest

from clawgym.errors import SandboxError, TaskFormatError
from clawgym.files import File, Files
from clawgym.reward import Graded
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.gates.box_prover import BoxProver
from synth.gates.proving import Grade
from synth.gates.surroundings import SURROUNDINGS
from synth.gates.warm_prover import WarmProver, is_ours
from synth.routes import Recipe, choose_skills, draw
from synth.sources import skill_sources
from tests.clawgym.sandbox.test_keeper import keepers
from tests.synth.gates.examples import SOLVE, task, with_solution, with_tests
from tests.verify.examples import EXAMPLES, Example, check
from verify.attempts import failed_cores
from verify.checks import CheckSet, verifier_files
from verify.fuzz import fuzz
from verify.grading import grade_code
from verify.mutants import breed
from verify.probes import LAZY
from verify.tampering import tampering

MEMORY_AND_TIME = ("huge", "deep", "one-line")  # how far these get depends on the limits of the box


async def told_by_verify(task: Task, files: Files, backend: Backend) -> Grade:
    verdict = await grade_code(task, files, backend)
    if not isinstance(verdict, Graded):
        return Grade(None)
    assert verdict.score == verdict.code
    return Grade(verdict.score, failed_cores(verdict), Grade.write_details(as_json(verdict)))


def as_json(verdict: Graded) -> object:
    return [one.model_dump(mode="json") for one in verdict.checks]


def in_the_same_words(grade: Grade) -> Grade:
    """Without what cannot be the same: results that leave out what is a default, error texts."""
    checks = [one.model_dump(mode="json") for one in grade.checks]
    details = Grade.write_details(checks) if grade.details else ""
    return replace(grade, details=details, problem="")


def attempts_at(task: Task, solved: Files) -> list[Files]:
    """A sample of every family that `verify` knows."""
    found = [task.workspace, solved]
    found += [probe.finished(task) for probe in LAZY if probe.finished]
    for mutant in breed(task, solved, limit=5).mutants:
        spoilt = {path: file for path, file in solved.items() if path != mutant.path}
        if mutant.data is not None:
            spoilt[mutant.path] = File(mutant.data)
        found.append(Files(spoilt))
    found += [attempt.files for attempt in list(tampering(task, solved))[::9]]
    damaged = [a for a in fuzz(task, solved) if a.name.split(":")[1] not in MEMORY_AND_TIME]
    return found + [attempt.files for attempt in damaged[::3]]


@cache
def composed() -> list[Task]:
    recipe = Recipe(choose_skills(skill_sources(None), []), seed=1, mixture=0.5)
    drawn = [draw(recipe, index).task for index in range(60)]
    return [task for task in drawn if task and is_ours(task)][:40]


async def test_every_attempt_at_composed_tasks_gets_the_same_verdict(
    warm: WarmProver, backend: Backend
):
    tasks = composed()
    assert len(tasks) > 30
    for number, one in enumerate(tasks):
        attempts = attempts_at(one, warm.solve(one))[number % 8 :: 8]
        grades = warm.grade(one, attempts, explain=True)
        for files, grade in zip(attempts, grades, strict=True):
            assert in_the_same_words(grade) == await told_by_verify(one, files, backend)


def needs_no_more_than_files(example: Example) -> bool:
    return not (example.logs or example.wrong_logs or hasattr(example.check, "program"))


@pytest.mark.parametrize(
    "example",
    [one for one in EXAMPLES if needs_no_more_than_files(one)],
    ids=lambda e: e.check.type,
)
async def test_every_type_of_check_says_the_same(
    example: Example, warm: WarmProver, backend: Backend
):
    core = check("document_title", path="never.md", title="Never").model_copy(
        update={"id": "n2.core", "node": "n2"}
    )
    one = with_tests(task(), verifier_files(CheckSet(checks=(example.check, core))))
    answers = [Files(answer) for answer in (example.right, *list(example.wrong.values())[:3])]
    attempts = [one.workspace | answer for answer in answers]
    for files, grade in zip(attempts, warm.grade(one, attempts, explain=True), strict=True):
        assert in_the_same_words(grade) == await told_by_verify(one, files, backend)


def test_a_verdict_does_not_depend_on_what_was_graded_before(warm: WarmProver):
    for index in range(4):
        one = task(index)
        attempts = attempts_at(one, warm.solve(one))
        forwards = warm.grade(one, attempts, explain=True)
        backwards = warm.grade(one, attempts[::-1], explain=True)
        alone = [warm.grade(one, [files], explain=True)[0] for files in attempts]
        assert forwards == backwards[::-1] == alone


def test_both_provers_find_the_same_solution(warm: WarmProver, careful: BoxProver):
    one = task()
    for script in ("solve.sh", "alternative.sh"):
        assert warm.solve(one, script) == careful.solve(one, script)


def test_an_attempt_that_replaces_a_folder_by_a_file_leaves_no_trace(warm: WarmProver):
    one = task()
    solved = warm.solve(one)
    odd = Files({"input": "a file", "output": "another"})
    before, _, after = warm.grade(one, [solved, odd, solved], explain=True)
    assert before == after
    assert before.score == 1.0


def test_a_solution_sees_the_surroundings_that_it_is_to_be_proven_in(warm: WarmProver):
    told = "import os, sys, time\nsys.exit(repr((hash('x'), time.tzname, os.getcwd())))"
    said: set[str] = set()
    for number in range(len(SURROUNDINGS)):
        with pytest.raises(TaskFormatError) as error:
            warm.solve(with_solution(task(), solve__py=told), surroundings=number)
        said.add(str(error.value))
    assert len(said) == len(SURROUNDINGS)
    assert {zone for one in said for zone in ("UTC", "NST", "+0545") if zone in one} == {
        "UTC",
        "NST",
        "+0545",
    }


def test_the_hash_seed_is_the_same_for_every_worker(warm: WarmProver, backend: Backend):
    shown = SOLVE + "open('output/hash.txt', 'w').write(str(hash('a text')))"
    one = with_solution(task(), solve__py=shown)
    other = WarmProver(backend)
    try:
        for number in range(len(SURROUNDINGS)):
            assert warm.solve(one, surroundings=number) == other.solve(one, surroundings=number)
    finally:
        other.close()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit(4)", "exited with 4"),
        ("import os; os._exit(5)", "exited with 5"),
        ("raise SystemExit('no more')", "no more"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exited with 137"),
        ("import shutil; shutil.rmtree('input'); 1/0", "ZeroDivisionError"),
    ],
)
def test_a_solution_that_fails_is_told_and_harms_nobody(warm: WarmProver, program: str, said: str):
    with pytest.raises(TaskFormatError, match=said):
        warm.solve(with_solution(task(), solve__py=program))
    assert warm.grade(task(), [warm.solve(task())])[0].score == 1.0


def within(one: Task, seconds: float) -> Task:
    agent = one.config.agent.model_copy(update={"timeout_sec": seconds})
    return replace(one, config=one.config.model_copy(update={"agent": agent}))


def test_a_solution_that_hangs_is_killed_with_what_it_started(warm: WarmProver):
    hanging = "import os, time\nif not os.fork(): time.sleep(60)\nwhile True: pass"
    with pytest.raises(TaskFormatError, match="ran out of time"):
        warm.solve(within(with_solution(task(), solve__py=hanging), 0.5))
    assert warm.solve(task())["output/totals.csv"].data.startswith(b"region")


ONCE = """\
import os, time
if not os.path.exists({mark!r}):
    open({mark!r}, "w").close()
    time.sleep(60)
"""  # stands still as if the machine had other things to do


def test_a_solution_that_the_machine_kept_waiting_is_run_once_more(warm: WarmProver):
    mark = f"/tmp/{os.getpid()}-waited"  # in the box, and gone with it
    kept_waiting = with_solution(task(), solve__py=ONCE.format(mark=mark) + SOLVE)
    assert warm.solve(within(kept_waiting, 0.5)) == warm.solve(task())


def test_a_machine_that_is_too_busy_twice_costs_no_task(warm: WarmProver):
    waiting = with_solution(task(), solve__py="import time\ntime.sleep(60)")
    with pytest.raises(SandboxError, match=r"too busy.* run the same command again"):
        warm.solve(within(waiting, 0.3))
    assert warm.solve(task())["output/totals.csv"].data.startswith(b"region")


def test_a_verifier_that_the_machine_kept_waiting_costs_no_task(
    warm: WarmProver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("synth.gates.warm_prover._GRADE_SECONDS", 0.3)
    waiting = with_tests(task(), {"grade.py": "import time\ntime.sleep(60)"})
    with pytest.raises(SandboxError, match="too busy"):
        warm.grade(waiting, [waiting.workspace])
    hanging = with_tests(task(), {"grade.py": "while True: pass"})
    assert warm.grade(hanging, [hanging.workspace])[0].score is None
    assert warm.grade(task(), [task().workspace])[0].score == 0.0


def test_a_verifier_that_breaks_leaves_work_ungraded(warm: WarmProver):
    broken = with_tests(task(), {"checks.json": '{"checks": [{"type": "unheard-of"}]}'})
    grade = warm.grade(broken, [broken.workspace])[0]
    assert grade.score is None
    assert grade.problem


def test_a_verifier_that_dies_leaves_work_ungraded_and_the_host_alive(warm: WarmProver):
    dying = with_tests(task(), {"grade.py": "import os\nos._exit(9)"})
    assert (
        warm.grade(dying, [dying.workspace] * 2) == [Grade(None, problem="it ran out of time")] * 2
    )
    assert warm.grade(task(), [task().workspace])[0].score == 0.0


def test_hosts_that_were_killed_are_replaced(backend: Backend, caplog: pytest.LogCaptureFixture):
    if backend.name != "bwrap":
        pytest.skip("only bwrap's boxes hang by a process that can be killed alone")
    prover = WarmProver(backend)
    try:
        finished = prover.solve(task())
        for keeper in keepers():
            with suppress(ProcessLookupError):  # one ends with the other
                os.kill(keeper, signal.SIGKILL)
        for _ in range(30):
            time.sleep(0.3)  # for a moment, the hosts outlive the keeper
            assert prover.solve(task()) == finished
            if "it is replaced" in caplog.text:
                break
        assert "it is replaced" in caplog.text
        assert [grade.score for grade in prover.grade(task(), [finished])] == [1.0]
    finally:
        prover.close()


def test_a_program_that_kills_its_host_each_time_is_told(warm: WarmProver):
    killer = with_solution(task(), solve__py="import os; os.kill(os.getppid(), 9)")
    with pytest.raises(SandboxError, match="died: exit code 137"):
        warm.solve(killer)
    assert warm.solve(task())


def test_what_somebody_else_wrote_is_not_for_the_warm_prover():
    assert not is_ours(task())  # its solve.py is this test's own
    assert all(not is_ours(with_tests(one, {"checklib/more.py": "1"})) for one in composed()[:3])
    assert all(not is_ours(with_tests(one, {"run.txt": "1"})) for one in composed()[:3])
