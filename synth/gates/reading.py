"""Gates that read: what is wrong with a task before anything of it runs."""

import re
from collections.abc import Iterator
from typing import Literal

from clawgym.errors import VerifierError
from clawgym.task import Task
from synth.building import SITE
from synth.gates.candidate import Lost
from synth.gates.exam import Exam
from verify.checks import CheckSet
from verify.programs import programs_of
from verify.suites.lint import lint_task

Cost = Literal["reads", "grades", "solves"]
"""What a gate needs: the text alone, gradings, or runs of solutions as well."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HIDDEN = re.compile(r"\b(?:tests|solution)/(?:\w|\.)|\bchecks\.json\b|\bgrade\.py\b|\bsolve\.sh\b")
_LEAKS = "leaked-answer"


class Schema:
    """What is on disk can be read again, and the parts fit together."""

    name = "schema"
    cost: Cost = "reads"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where a part is missing, malformed, or refers to what is not there."""
        task = exam.task
        for part, missing in _missing_parts(task):
            if missing:
                return Lost(self.name, f"no-{part}")
        if exam.checklist.problem:
            return Lost(self.name, "checks", exam.checklist.problem)
        try:
            if "checks.json" in task.tests:
                CheckSet.model_validate_json(task.tests["checks.json"].data)
            programs_of(task)
        except (ValueError, VerifierError) as error:
            return Lost(self.name, "checks", str(error)[:400])
        return _about_graph(self.name, task)


def _missing_parts(task: Task) -> Iterator[tuple[str, bool]]:
    yield "instruction", not task.instruction.strip()
    yield "workspace", not (task.workspace or task.site)
    yield "verifier", "test.sh" not in task.tests
    yield "solution", "solve.sh" not in task.solution
    yield "metadata", task.config.metadata.clawgym is None


def _about_graph(gate: str, task: Task) -> Lost | None:
    if task.graph is None:
        return None
    absent = [a.path for a in task.graph.sources if not _is_there(a.path, task)]
    if absent:
        return Lost(
            gate, "source-missing", f"the graph starts from {absent[0]}, which is not there"
        )
    offered = {path.split("/", 1)[0] for path in task.skills}
    lacking = [skill for skill in task.graph.skills if skill not in offered]
    return Lost(gate, "skill-missing", f"{lacking[0]} is not offered") if lacking else None


def _is_there(path: str, task: Task) -> bool:
    """A file, or a folder of files: archives and mailboxes may be either."""
    below, held = f"{path.rstrip('/')}/", (*task.workspace, *_served(task))
    return path in held or any(name.startswith(below) for name in held)


def _served(task: Task) -> list[str]:
    """The files of the site that is served inside the box."""
    place = f"{SITE}/"
    return [path.removeprefix(place) for path in task.other if path.startswith(place)]


class Lint:
    """No finding of `verify`'s lint of verifiers, nor of its lint of tasks."""

    name = "lint"
    cost: Cost = "reads"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost by the first rule that is broken; leaked answers have a gate of their own."""
        for finding in lint_task(exam.task):
            if finding.rule != _LEAKS:
                return Lost(self.name, finding.rule, finding.message)
        return None


class Leak:
    """The instruction gives away no result, and nothing of what is hidden."""

    name = "leak"
    cost: Cost = "reads"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where a computed figure or the name of a hidden file stands in the instruction."""
        task = exam.task
        told = {found.replace(",", "") for found in _NUMBER.findall(task.instruction)}
        told |= {found.rstrip("0").rstrip(".") for found in told if "." in found}
        if leaked := sorted(told & exam.candidate.figures):
            return Lost(self.name, "figure", leaked[0])
        if hidden := _HIDDEN.search(_without_own_paths(task)):
            return Lost(self.name, "hidden-file", hidden[0])
        for finding in lint_task(task):
            if finding.rule == _LEAKS:
                return Lost(self.name, "answer", finding.message)
        return None


def _without_own_paths(task: Task) -> str:
    """The instruction without the files that it may name: people have `tests/` of their own."""
    named = [artifact.path for artifact in task.graph.artifacts] if task.graph else []
    paths = {*task.workspace, *named}
    paths |= {path.rpartition("/")[0] for path in paths} - {""}
    paths |= {tail for path in paths for tail in _tails(path)}
    text = task.instruction
    for path in sorted(paths, key=len, reverse=True):
        text = text.replace(path, "")
    return text


def _tails(path: str) -> list[str]:
    """What a file is called seen from the folders that it is in."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(1, len(parts) - 1)]


class Matrix:
    """Every requirement is checked and every check required, in words and in deed."""

    name = "matrix"
    cost: Cost = "reads"

    def judge(self, exam: Exam) -> Lost | None:
        """Lost where instruction, graph and checks do not cover each other."""
        checks = exam.checklist.checks
        for check in checks:
            if check.earns and not check.requirement.strip():
                return Lost(self.name, "no-requirement", check.id)
            if check.earns and exam.attempts and check.id not in exam.caught:
                return Lost(self.name, "inert-check", f"no wrong work ever failed {check.id}")
        if exam.task.graph is None:
            return None
        graded = {check.node for check in checks if check.earns}
        for node in exam.task.graph.nodes:
            path = exam.task.graph.artifact(node.output).path
            if node.id not in graded:
                return Lost(self.name, "node-ungraded", node.id)
            if path.rstrip("/") not in exam.task.instruction:
                return Lost(self.name, "output-unsaid", path)
        return None
