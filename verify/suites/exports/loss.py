"""What an export leaves behind."""

from dataclasses import dataclass

from clawgym.task import Task
from verify.suites.adapters import SUITE_FILE
from verify.suites.codes import LOSSES


@dataclass(frozen=True)
class Loss:
    """Something that the format cannot hold: a stable code (docs/suites.md) and a sentence."""

    code: str
    task_id: str
    message: str

    def __post_init__(self) -> None:
        assert self.code in LOSSES, self.code


def original_file(task: Task, suite: str, name: str) -> bytes | None:
    """A file of the format that the task was imported from, as it was shipped."""
    if task.clawgym.suite != suite or SUITE_FILE not in task.tests:
        return None
    file = task.tests.get(f"original/{name}")
    return file.data if file else None


def common_losses(task: Task, *, rubric: bool = False) -> list[Loss]:
    """What no format but Harbor's has room for; `rubric` says that this one has for rubrics."""
    losses: list[Loss] = []
    if task.solution:
        losses.append(Loss("solution", task.id, "the reference solution is left out"))
    if task.graph:
        losses.append(Loss("graph", task.id, "the task graph is left out"))
    if task.skills:
        losses.append(Loss("skills", task.id, f"{len(task.skills)} files of skills are left out"))
    if "rubric.toml" in task.tests and not rubric:
        losses.append(Loss("rubric", task.id, "the rubric is left out; the code counts alone"))
    if task.site:
        message = f"{len(task.site)} pages of the local site are left out: it cannot be solved"
        losses.append(Loss("site", task.id, message))
    others = [path for path in task.other if not path.startswith("environment/site/")]
    if others:
        names = ", ".join(others[:3])
        losses.append(Loss("harbor-files", task.id, f"{names} and the like are left out"))
    return losses
