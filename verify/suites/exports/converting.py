"""From any suite to any format, with a report of what was mended, refused and lost."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clawgym.appearing import appearing
from clawgym.errors import UsageError
from clawgym.task import Task
from verify.suites.exports.clawgym import write_directories, write_records
from verify.suites.exports.harbor import write_harbor
from verify.suites.exports.loss import Loss
from verify.suites.exports.pinchbench import write_pinchbench
from verify.suites.suite import Refusal, Repair, Suite, load_all

Writer = Callable[[Path, Iterable[Task]], list[Loss]]

FORMATS: dict[str, Writer] = {
    "harbor": write_harbor,
    "clawgym": write_directories,
    "clawgym-jsonl": write_records,
    "pinchbench": write_pinchbench,
}
"""The formats by the names that a user types."""


@dataclass(frozen=True)
class Conversion:
    """What became of a suite."""

    written: int
    losses: list[Loss]
    repairs: list[Repair]
    refused: list[Refusal] = field(default_factory=list[Refusal])


def convert(suite: Suite, destination: Path, to: str) -> Conversion:
    """Write every task of `suite` that can be loaded; the result appears whole or not at all.

    Raises:
        StorageError: the disk is full.
        UsageError: the format is unknown, or `destination` exists or cannot be written to.
    """
    if to not in FORMATS:
        raise UsageError(f"there is no format {to!r}; choose one of {', '.join(FORMATS)}")
    refused: list[Refusal] = []
    count = 0

    def loadable() -> Iterator[Task]:
        nonlocal count
        for task in load_all(suite):
            if isinstance(task, Refusal):
                refused.append(task)
            else:
                count += 1
                yield task

    with appearing(destination) as staging:
        losses = FORMATS[to](staging, loadable())
        if not count:
            raise UsageError(f"{suite.path} holds no task that can be loaded; nothing was written")
    return Conversion(count, losses, suite.repairs, refused)
