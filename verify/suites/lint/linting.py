"""Lint of one task, and of all tasks of a suite."""

from collections.abc import Iterator

from clawgym.task import Task
from verify.lint import lint as lint_verifier
from verify.rules import Finding
from verify.suites.adapters import read_run
from verify.suites.lint.answers import about_answers
from verify.suites.lint.duplicates import near_duplicates
from verify.suites.lint.instruction import about_instruction
from verify.suites.lint.rules import TaskFinding, finding, of_verifier
from verify.suites.suite import Refusal, Suite, load_all


def lint_task(task: Task) -> list[TaskFinding]:
    """Everything that can be said of one task without running anything."""
    remarks = [*about_instruction(task), *about_answers(task), *_about_verifier(task)]
    return [
        *(finding(task.id, rule, message) for rule, message in remarks),
        *(of_verifier(found) for found in lint_verifier(task) if not _is_the_suites_root(found)),
    ]


def lint_suite(suite: Suite) -> Iterator[TaskFinding]:
    """The findings of every task, task by task, and then pairs of tasks that are alike."""
    texts: dict[str, str] = {}
    for task in load_all(suite):
        if isinstance(task, Refusal):
            yield finding(task.task_id, "refused", task.reason)
        else:
            texts[task.id] = task.instruction
            yield from lint_task(task)
    for one, other, index in near_duplicates(texts):
        yield finding(other, "near-duplicate", f"{index:.2f} of its phrases are those of {one}")


def _is_the_suites_root(found: Finding) -> bool:
    """Whether a path is how ClawGym names the workspace: the adapter hands the right one over."""
    return found.rule == "host-path" and found.message.endswith("/root/.openclaw")


def _about_verifier(task: Task) -> Iterator[tuple[str, str]]:
    run = read_run(task)
    if "test.sh" not in task.tests:
        yield "no-verifier", "there is no tests/test.sh"
    elif run and run.suite != "clawgym" and run.call == "none" and "rubric.toml" not in task.tests:
        yield "no-verifier", "there is neither grading code nor a rubric"
    elif "original/grade.txt" in task.tests and run and run.suite != "clawgym":
        code = task.tests["original/grade.txt"].data.strip()
        if run.call != "none" and b"def grade" not in code:
            yield "no-verifier", "the grading code defines no grade()"
