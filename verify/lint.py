"""What can be said of a task's verifier without running it."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from clawgym.task import Task
from verify.checklist import CHECKS, Checklist
from verify.grader_lint import lint_grader
from verify.rules import Finding

_PER_RULE = 5
"""The most findings of one rule that are told one by one."""


def lint(task: Task) -> list[Finding]:
    """Findings about the source of the verifier and about its list of checks.

    A task without `checks.json` or without a graph is not held to the rules about them. Programs
    that ClawGym itself ships into tasks are checked by our own tests and left out here.
    """
    remarks = [
        Finding(task_id=task.id, rule=rule, message=f"tests/{path}:{line}: {what}")
        for path, (rule, line, what) in lint_grader(task.tests, _shipped())
    ]
    return [*_shorten(remarks), *_lint_checks(task)]


@cache
def _shipped() -> frozenset[bytes]:
    runtime = files("verify").joinpath("task_runtime")
    return frozenset(file.read_bytes() for file in _walk(runtime))


def _walk(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.name.endswith((".py", ".sh")):
            yield entry


def _shorten(findings: list[Finding]) -> list[Finding]:
    """The first few of each rule; the last of them says how many more there are."""
    shown: list[Finding] = []
    counts = Counter(finding.rule for finding in findings)
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.rule] += 1
        more = counts[finding.rule] - _PER_RULE
        if seen[finding.rule] < _PER_RULE or (seen[finding.rule] == _PER_RULE and more <= 0):
            shown.append(finding)
        elif seen[finding.rule] == _PER_RULE:
            message = f"{finding.message} (and {more} more of this kind)"
            shown.append(finding.model_copy(update={"message": message}))
    return shown


def _lint_checks(task: Task) -> list[Finding]:
    listed = Checklist.read(task)
    if listed.problem:
        message = f"tests/{CHECKS}: {listed.problem}"
        return [Finding(task_id=task.id, rule="checks-format", message=message)]
    found = [
        *_about_requirements(task, listed),
        *_about_weights(listed),
        *_about_nodes(task, listed),
    ]
    return [Finding(task_id=task.id, rule=rule, message=message) for rule, message in found]


def _about_requirements(task: Task, listed: Checklist) -> Iterator[tuple[str, str]]:
    told = task.instruction.casefold()
    for check in listed.checks:
        if not check.requirement.strip():
            yield "no-requirement", f"check {check.id} names no requirement"
        if check.path and not _is_named(PurePosixPath(check.path), told):
            yield (
                "requirement-unsaid",
                f"check {check.id} wants {check.path}, which the instruction never names",
            )


def _is_named(path: PurePosixPath, told: str) -> bool:
    """Whether the text names a file by its name, or the folder of its own that it lies in."""
    folders = [str(folder).casefold() for folder in path.parents if len(folder.parts) > 1]
    return any(name in told for name in (path.name.casefold(), path.stem.casefold(), *folders))


def _about_weights(listed: Checklist) -> Iterator[tuple[str, str]]:
    for check in listed.checks:
        if check.role == "core" and check.weight <= 0:
            yield "weightless", f"core check {check.id} has no weight"
    if listed.checks and not any(check.earns for check in listed.checks):
        yield "gates-only", f"none of {len(listed.checks)} checks can be earned"


def _about_nodes(task: Task, listed: Checklist) -> Iterator[tuple[str, str]]:
    if task.graph is None or not listed.checks:
        return
    nodes = [node.id for node in task.graph.nodes]
    earning = {check.node for check in listed.checks if check.earns}
    for node in nodes:
        if node not in earning:
            yield "node-ungraded", f"no core check with weight hangs off node {node}"
    for check in listed.checks:
        if check.node is not None and check.node not in nodes:
            yield "unknown-node", f"check {check.id} hangs off {check.node}, which is no node"
