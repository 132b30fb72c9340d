"""Every gate lets a sound task through, and catches one that was made to fail there."""

from dataclasses import replace

import pytest

from clawgym.files import File, Files
from clawgym.task import Task
from synth.gates import FULL, QUICK, Candidate, Lost, Passage, pass_gates
from synth.gates.plausibility import implausible
from synth.gates.warm_prover import WarmProver
from tests.synth.gates.examples import SECOND, SOLVE, checks, task, with_solution, with_tests
from verify.checks import CheckSet, verifier_files


def passage(warm: WarmProver, one: Task, **about: object) -> Passage:
    return pass_gates(Candidate(0, one, **about), FULL.gates(), warm)


def with_checks(one: Task, **changes: object) -> Task:
    """The task with the same changes in each of its core checks."""
    changed = [
        check.model_copy(update=changes) if check.role == "core" else check
        for check in checks(0, one.workspace).checks
    ]
    return with_tests(one, verifier_files(CheckSet(checks=tuple(changed))))


def without_checks(one: Task, *ids: str) -> Task:
    kept = tuple(c for c in checks(0, one.workspace).checks if c.id not in ids)
    return with_tests(one, verifier_files(CheckSet(checks=kept)))


def test_a_sound_task_passes_all(warm: WarmProver):
    found = passage(warm, task())
    assert found.lost is None
    assert found.attempts["mutants"] == FULL.mutants
    assert found.attempts["oracle"] == 3
    assert list(found.seconds) == [gate.name for gate in FULL.gates()]


def test_the_gates_stand_in_the_order_of_the_issue():
    assert [gate.name for gate in FULL.gates()] == [
        "schema", "lint", "leak", "no-op", "lazy", "oracle",
        "second", "mutants", "tamper", "matrix", "necessity", "plausibility",
    ]  # fmt: skip
    assert [gate.name for gate in QUICK.gates()] == ["oracle", "no-op"]


OPEN = 'open("output/totals.csv", "w", encoding'
SPOILT = {
    "no-instruction": (task(instruction=" "), ("schema", "no-instruction")),
    "no-solution": (task(solution=Files()), ("schema", "no-solution")),
    "bad-checks": (with_tests(task(), {"checks.json": "{"}), ("schema", "checks")),
    "no-input": (task(workspace=Files({"other.txt": "1"})), ("schema", "source-missing")),
    "unnamed-input": (
        task(instruction=task().instruction + " Read `input/prices.csv` for the prices."),
        ("lint", "missing-input"),
    ),
    "foreign-code": (
        with_tests(task(), {"checklib/extra.py": "import requests\n"}),
        ("lint", "network"),
    ),
    "hidden-file": (
        task(instruction=task().instruction + " It must pass tests/grade.py of mine."),
        ("leak", "hidden-file"),
    ),
    "failing-oracle": (with_solution(task(), solve__py="1/0"), ("oracle", "fails")),
    "wrong-oracle": (
        with_solution(task(), solve__py=SOLVE.replace("int(row", "1 + int(row")),
        ("oracle", "below-one"),
    ),
    "hash-seed": (
        with_solution(
            task(),
            solve__py=SOLVE.replace(
                "sorted(totals.items())",
                "sorted(totals.items()) if min({'a','b','c','d','e'}, key=hash) == 'FIRST' else []",
            ),
        ),
        ("oracle", "below-one"),
    ),
    "time-zone": (
        with_solution(
            task(), solve__py="import time\nassert time.timezone == 0, time.tzname\n" + SOLVE
        ),
        ("oracle", "unsteady"),
    ),
    "directory": (
        with_solution(task(), solve__py="import os\nassert ' ' not in os.getcwd()\n" + SOLVE),
        ("oracle", "unsteady"),
    ),
    "failing-second": (
        with_solution(task(), second__py="1/0"),
        ("second", "fails"),
    ),
    "rejected-second": (
        with_solution(task(), second__py=SECOND.replace("region", "area", 1)),
        ("second", "fails"),
    ),
    "no-second": (task(second=False), ("second", "missing")),
    "wrong-second": (
        with_solution(task(), second__py=SOLVE.replace("int(row", "2 * int(row")),
        ("second", "rejected"),
    ),
    "blind-to-cells": (without_checks(task(), "n1.cells"), ("mutants", "mutant:off-by-one")),
    "blind-to-inputs": (without_checks(task(), "inputs"), ("mutants", "mutant:edited-input")),
    "no-requirement": (with_checks(task(), requirement=" "), ("lint", "no-requirement")),
    "unnamed-output": (
        task(instruction=task().instruction.replace("output/totals.csv", "totals.csv")),
        ("matrix", "output-unsaid"),
    ),
    "idle-skill": (
        task(skills=Files({"csv-analysis/SKILL.md": "# CSV\n"})),
        ("necessity", "idle-skill"),
    ),
    "double-space": (
        task(instruction=task().instruction.replace("Add up", "Add  up")),
        ("plausibility", "double-space"),
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_task_is_lost_at_its_gate(warm: WarmProver, name: str):
    one, expected = SPOILT[name]
    lost = passage(warm, one).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == expected, lost


def test_people_may_name_files_of_theirs_as_seen_from_their_folder(warm: WarmProver):
    said = task().instruction + " Mind what tests/test_prices.py says."
    files = {**task().workspace, "projects/shop/tests/test_prices.py": File(b"")}
    assert passage(warm, task(instruction=said)).lost == Lost("leak", "hidden-file", "tests/t")
    assert passage(warm, task(instruction=said, workspace=Files(files))).lost is None


def test_an_oracle_that_depends_on_the_hash_seed_is_unsteady(warm: WarmProver):
    """It is right under the seed of the first host, and wrong under another's."""
    word = "min(['a', 'b', 'c', 'd', 'e', 'f', 'g'], key=hash)"
    shown = with_solution(task(), solve__py=f"import sys\nsys.exit({word})")
    seen: list[str] = []
    for number in range(3):
        with pytest.raises(Exception, match="exited with 1") as error:
            warm.solve(shown, surroundings=number)
        seen.append(str(error.value).strip()[-1])
    assert len(set(seen)) > 1
    unsteady = with_solution(task(), solve__py=f"assert {word} == {seen[0]!r}\n" + SOLVE)
    lost = passage(warm, unsteady).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == ("oracle", "unsteady")


GRADE = """
import json, sys
{body}
results = [{{"id": "c", "node": "n1", "role": "core", "weight": 1.0, "requirement": "r",
            "expected": "e", "found": "f", "where": "", "passed": score == 1.0}}]
def load(name):
    class Verdict:
        Unable = ZeroDivisionError
    return Verdict
def open_library():
    return None
def grade_directory(workspace, logs, specs, checks):
    return results, score
"""


@pytest.mark.parametrize(
    ("score", "expected"), [(0.0, ("oracle", "below-one")), (1.0, ("no-op", "noop"))]
)
def test_a_verifier_that_always_says_the_same_is_caught(warm, score, expected):
    verifier = with_tests(task(), {"grade.py": GRADE.format(body=f"score = {score}")})
    gates = [gate for gate in FULL.gates() if gate.cost != "reads"]
    lost = pass_gates(Candidate(0, verifier), gates, warm).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == expected


def test_a_verifier_that_lazy_work_passes_is_caught(warm: WarmProver):
    weak = """
import os
class Verdict:
    Unable = ZeroDivisionError
def load(name): return Verdict
def open_library(): return None
def grade_directory(workspace, logs, specs, checks):
    return [], float(os.path.exists(workspace + "/output/totals.csv"))
"""
    gates = [gate for gate in FULL.gates() if gate.cost != "reads"]
    lost = pass_gates(Candidate(0, with_tests(task(), {"grade.py": weak})), gates, warm).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == ("lazy", "lazy:touch")


def test_a_verifier_that_planted_files_reach_is_caught(warm: WarmProver):
    """It believes a reward that stands in the workspace."""
    gullible = """
import os, json
class Verdict:
    Unable = ZeroDivisionError
def load(name): return Verdict
def open_library(): return None
def grade_directory(workspace, logs, specs, checks):
    if os.path.exists(workspace + "/reward.json"):
        return [], 1.0
    with open(workspace + "/output/totals.csv") as stream:
        text = stream.read()
    return [], float(text == EXPECTED)
"""
    one = task()
    expected = warm.solve(one)["output/totals.csv"].data.decode()
    program = gullible.replace("EXPECTED", repr(expected)).replace(
        'with open(workspace + "/output/totals.csv")',
        'if not os.path.exists(workspace + "/output/totals.csv"): return [], 0.0\n'
        '    with open(workspace + "/output/totals.csv")',
    )
    tamper = next(gate for gate in FULL.gates() if gate.name == "tamper")
    lost = pass_gates(
        Candidate(0, with_tests(one, {"grade.py": program})), [replace(tamper, every=1)], warm
    ).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == ("tamper", "planted:reward")


def test_a_figure_that_only_the_truth_knows_may_not_be_told(warm: WarmProver):
    leaking = task(instruction=task().instruction + " North should come to 1,234.50 or so.")
    lost = passage(warm, leaking, figures=frozenset({"1234.5"})).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == ("leak", "figure")


def test_a_mistake_that_people_make_may_not_pass(warm: WarmProver):
    one = task()
    solved = warm.solve(one)
    harmless = solved | Files({"output/notes.txt": "Done.\n"})
    lost = passage(warm, one, mistakes={"left-notes": harmless}).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == ("mutants", "mistake:left-notes")


def test_a_profile_may_do_without_second_solutions(warm: WarmProver):
    lenient = FULL.model_copy(update={"second_required": False})
    assert pass_gates(Candidate(0, task(second=False)), lenient.gates(), warm).lost is None


def test_a_judge_is_asked_where_there_is_one(warm: WarmProver):
    gates = FULL.gates(lambda one: "unrealistic")
    lost = pass_gates(Candidate(0, task()), gates, warm).lost
    assert lost is not None
    assert (lost.gate, lost.reason) == ("plausibility", "judge-unrealistic")


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        (" Use {column} for it.", "unfilled"),
        (" The sum is None of it.", "no-value"),
        (" It is due on 2026-13-40.", "date-out-of-range"),
        (" It is due on 2026-02-30.", "date-out-of-range"),
        (" It was due on 1026-02-03.", "date-out-of-range"),
        (" Then send the the file.", "word-twice"),
        (" Send it ,please.. Now.", "punctuation"),
        (" Keep every word as it was written there." * 2, "repeated-sentence"),
        (" More." * 2000, "instruction-length"),
    ],
)
def test_implausible_words_are_found(added: str, reason: str):
    spoilt = task(instruction=task().instruction + added)
    assert reason in {found for found, _ in implausible(spoilt)}


def test_plausible_words_are_left_alone():
    text = (
        "In `a  b.csv` set `${HOME}` and `{x}`... He said that that was fine; see `output/x.md`.\n"
        "| a  |  b |\n|----|----|\n"
    )
    assert not list(implausible(task(instruction=text * 1 + "And write `output/totals.csv`.")))
