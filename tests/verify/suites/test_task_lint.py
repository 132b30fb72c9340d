import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import Files
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify.suites.formats import markdown, trained_task, write
from tests.verify.tasks import BLIND, HONEST
from tests.verify.tasks import task as scripted
from verify.suites import open_suite
from verify.suites.lint import lint_suite, lint_task
from verify.suites.lint.dead import about_scores
from verify.suites.lint.duplicates import jaccard, near_duplicates, shingles
from verify.suites.lint.instruction import missing_inputs


def asking(instruction: str, **workspace: str) -> Task:
    files = {
        path.replace("__", "/").replace("_dot_", "."): text for path, text in workspace.items()
    }
    return replace(scripted(HONEST), instruction=instruction, workspace=Files(files))


def rules(task: Task) -> set[str]:
    return {finding.code for finding in lint_task(task) if finding.code.startswith("T")}


@pytest.mark.parametrize(
    "instruction",
    [
        "Read input/orders.csv and write output/sum.txt.",
        "Inputs:\n- input/orders.csv\n\nWrite output/sum.txt.",
        "Write the sum to output/sum.txt, computed from input/orders.csv.",
    ],
)
def test_an_input_that_is_named_and_absent_is_found(instruction: str):
    assert missing_inputs(asking(instruction)) == ["input/orders.csv"]
    assert missing_inputs(asking(instruction, input__orders_dot_csv="a")) == []


@pytest.mark.parametrize(
    "instruction",
    [
        "Write output/report.md and save data to output/rows.csv.",
        "Create input/new.csv with two columns.",
        "Read input/log_YYYY-MM-DD.txt for each day.",
        "Write to report.md.",
    ],
)
def test_outputs_and_placeholders_are_no_missing_inputs(instruction: str):
    assert missing_inputs(asking(instruction)) == []


@pytest.mark.parametrize(
    ("instruction", "code"),
    [
        ("Download the table from https://example.org/t.csv.", "T102"),
        ("Search the web for three sources.", "T102"),
        ("Write the report to /home/me/report.md.", "T107"),
        ("List the meetings of tomorrow.", "T108"),
    ],
)
def test_needs_that_a_box_cannot_meet_are_found(instruction: str, code: str):
    assert rules(asking(instruction)) == {code}


@pytest.mark.parametrize(
    "instruction",
    [
        "Do not access the internet, and do not scrape anything.",
        "Today's date is 2026-04-01; list the meetings of tomorrow.",
        "Put https://example.org into links.md.",
    ],
)
def test_what_only_sounds_like_such_a_need_is_not(instruction: str):
    assert rules(asking(instruction)) == set()


def figure(value: float) -> Files:
    check = {"id": "c", "type": "document_figure", "value": value, "role": "core", "weight": 1}
    return Files({"checks.json": json.dumps({"checks": [check]})})


def test_an_answer_that_the_instruction_tells_is_found():
    task = asking("Sum up the orders; it comes to 4,217.50. Write sum.md.")
    leaking = replace(task, tests=task.tests | figure(4217.5))
    assert "T103" in rules(leaking)
    assert "T103" not in rules(replace(task, tests=task.tests | figure(4218.5)))


def test_a_number_of_the_inputs_is_no_leak():
    task = asking("Orders above 4217.50 matter.", orders_dot_csv="a\n4217.50\n")
    assert "T103" not in rules(replace(task, tests=task.tests | figure(4217.5)))


def test_a_task_without_a_verifier_is_found(tmp_path: Path):
    assert "T105" in rules(scripted(None))
    write(tmp_path / "task_note.md", markdown(code="x = 1"))
    assert "T105" in {finding.code for finding in lint_suite(open_suite(tmp_path))}


def test_near_duplicates_are_found_and_others_are_not(tmp_path: Path):
    words = [f"word{number}" for number in range(200)]
    texts = {
        "a": " ".join(words),
        "b": " ".join([*words[:-3], "x", "y", "z"]),
        "c": " ".join(reversed(words)),
    }
    [(one, other, index)] = near_duplicates(texts)
    assert (one, other) == ("a", "b")
    assert index > 0.95


@given(st.lists(st.text("abc ", min_size=1, max_size=60), min_size=2, max_size=8))
def test_whatever_is_told_is_really_that_similar(texts: list[str]):
    named = {str(number): text for number, text in enumerate(texts)}
    for one, other, index in near_duplicates(named):
        assert index == jaccard(shingles(named[one]), shingles(named[other])) >= 0.7


def test_exact_duplicates_are_always_found():
    assert [pair[:2] for pair in near_duplicates({"a": "Do it.", "b": "Do it!"})] == [("a", "b")]


def test_a_refused_task_is_a_finding(tmp_path: Path):
    write(trained_task(tmp_path, "broken") / "data_entry.json", "{")
    [finding] = lint_suite(open_suite(tmp_path))
    assert (finding.task_id, finding.code) == ("broken", "T109")


async def test_a_verifier_that_does_not_look_is_dead(backend: Backend):
    [(rule, message)] = await about_scores(scripted(BLIND), backend)
    assert (rule, "all earn 1" in message) == ("dead-verifier", True)
    assert await about_scores(scripted(HONEST), backend) == []
