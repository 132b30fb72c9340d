"""Directories of Harbor tasks, our own datasets among them."""

from dataclasses import dataclass, field
from pathlib import Path

from clawgym.dataset import COMPANIONS, Dataset
from clawgym.task import Task
from verify.suites.suite import Notes, Repair


@dataclass(frozen=True)
class HarborSuite:
    """A `Dataset`, seen as a suite."""

    dataset: Dataset
    notes: Notes = field(default_factory=Notes)

    @property
    def kind(self) -> str:
        """`dataset` where there is an index of ours, else `harbor`."""
        return "dataset" if self.dataset.index else "harbor"

    @property
    def path(self) -> Path:
        """Where it was opened."""
        return self.dataset.path

    @property
    def task_ids(self) -> list[str]:
        """The ids, in the order of the index."""
        return self.dataset.task_ids

    @property
    def repairs(self) -> list[Repair]:
        """What was ignored."""
        return list(self.notes.repairs)

    def __len__(self) -> int:
        return len(self.dataset)

    def load(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            TaskFormatError: this task cannot be read; the others can.
            UsageError: there is no such task.
        """
        return self.dataset.load(task_id)


def open_harbor(path: Path) -> HarborSuite:
    """A dataset, a directory of Harbor tasks, or one of them.

    Raises:
        TaskFormatError: there is no task.
    """
    dataset, notes = Dataset(path), Notes(str(path))
    if not (path / "task.toml").is_file():
        held = {*COMPANIONS, *dataset.task_ids}
        for entry in sorted(path.iterdir()):
            if entry.name not in held:
                notes.add("stray-file", f"{entry.name} belongs to no task and is ignored")
    return HarborSuite(dataset, notes)
