"""What a suite is: tasks under ids, loaded one at a time, and a list of what had to be mended."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clawgym.errors import TaskFormatError, UsageError
from clawgym.task import Task
from verify.suites.codes import REPAIRS


@dataclass(frozen=True)
class Repair:
    """What was mended or ignored: a stable code (docs/suites.md), the place, a sentence."""

    code: str
    where: str
    message: str


@dataclass(frozen=True)
class Refusal:
    """A task that cannot be loaded, and why."""

    task_id: str
    reason: str


class Suite(Protocol):
    """Tasks of any format.

    `task_ids` counts every task that is there, also one that `load` then refuses with its reason.
    """

    @property
    def kind(self) -> str:
        """The format: `clawgym`, `pinchbench`, `wildclawbench`, `harbor` or `dataset`."""
        ...

    @property
    def path(self) -> Path:
        """Where it was opened."""
        ...

    @property
    def task_ids(self) -> list[str]:
        """The ids, in the order of the suite."""
        ...

    @property
    def repairs(self) -> list[Repair]:
        """What was mended so far; loading a task may add to it."""
        ...

    def __len__(self) -> int:
        """How many tasks there are."""
        ...

    def load(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            TaskFormatError: this task cannot be read; the others can.
            UsageError: there is no such task.
        """
        ...


Loader = Callable[["Notes"], Task]
"""Reads one task and notes what it mended."""


@dataclass
class Notes:
    """Collects repairs, each once, in the order in which they were made."""

    where: str = ""
    repairs: dict[Repair, None] = field(default_factory=dict[Repair, None])

    def add(self, code: str, message: str, where: str = "") -> None:
        """Note one repair; `where` defaults to the place that these notes are about."""
        assert code in REPAIRS, code
        self.repairs[Repair(code, where or self.where, message)] = None

    def at(self, where: str) -> "Notes":
        """The same list, about another place."""
        return Notes(where, self.repairs)


@dataclass(frozen=True)
class OpenedSuite:
    """A suite of any foreign format: an id and a loader for each task."""

    kind: str
    path: Path
    loaders: Mapping[str, Loader]
    notes: Notes

    @property
    def task_ids(self) -> list[str]:
        """The ids, in the order of the suite."""
        return list(self.loaders)

    @property
    def repairs(self) -> list[Repair]:
        """What was mended so far."""
        return list(self.notes.repairs)

    def __len__(self) -> int:
        return len(self.loaders)

    def load(self, task_id: str) -> Task:
        """Read one task.

        Raises:
            TaskFormatError: this task cannot be read; the others can.
            UsageError: there is no such task.
        """
        if task_id not in self.loaders:
            raise UsageError(f"{self.path} has no task {task_id!r}; it has {self.task_ids[:3]}, …")
        return self.loaders[task_id](self.notes)


def load_all(suite: Suite) -> Iterator[Task | Refusal]:
    """Every task, or why it cannot be loaded."""
    for task_id in suite.task_ids:
        try:
            yield suite.load(task_id)
        except TaskFormatError as error:
            yield Refusal(task_id, str(error))
