"""The rules that a task is held to, beside those for its verifier (`verify.rules`)."""

from dataclasses import dataclass

from verify.rules import Finding

TASK_RULES = {
    "T101": ("missing-input", "The instruction names an input that the workspace lacks."),
    "T102": ("needs-network", "The instruction cannot be followed without the network."),
    "T103": ("leaked-answer", "An answer that the checks expect stands in the instruction."),
    "T104": ("near-duplicate", "Another task of the suite asks for nearly the same."),
    "T105": ("no-verifier", "There is nothing to grade by."),
    "T106": ("dead-verifier", "Finished workspaces of different worth get the same score."),
    "T107": ("absolute-path", "The instruction names a path outside of the workspace."),
    "T108": ("needs-clock", "The right answer depends on the day on which the task is done."),
    "T109": ("refused", "The task cannot be loaded."),
}
"""Code to name and meaning."""

_CODES = {name: code for code, (name, _) in TASK_RULES.items()}


@dataclass(frozen=True)
class TaskFinding:
    """Something wrong with a task: a stable code, the rule's name, a sentence."""

    task_id: str
    code: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.task_id}: {self.code} {self.rule}: {self.message}"


def finding(task_id: str, rule: str, message: str) -> TaskFinding:
    """A finding by the name of its rule."""
    return TaskFinding(task_id, _CODES[rule], rule, message)


def of_verifier(found: Finding) -> TaskFinding:
    """A finding about the task's verifier."""
    return TaskFinding(found.task_id, found.code, found.rule, found.message)
