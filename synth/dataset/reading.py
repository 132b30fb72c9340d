"""Opening datasets of any format, and measuring their tasks one at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clawgym.dataset import INDEX_NAME, DatasetIndex
from clawgym.errors import UsageError
from clawgym.task import Task
from synth.dataset.hub import is_hub_folder, open_hub
from synth.dataset.profile import Profile, profile_of
from verify.suites import Refusal, Suite, load_all, open_suite
from verify.suites.harbor import HarborSuite


@dataclass(frozen=True)
class Profiles:
    """The tasks of a dataset, measured; those that could not be loaded stand in `refused`."""

    tasks: list[Profile] = field(default_factory=list[Profile])
    refused: list[Refusal] = field(default_factory=list[Refusal])


def open_tasks(path: Path) -> Suite:
    """Open a dataset of ours, a Hugging Face folder that we wrote, or any suite that we read.

    Raises:
        TaskFormatError: nothing at `path` is a task of a format that we know.
        UsageError: there is nothing at `path`, or it needs an extra that is not installed.
    """
    if parts := parts_of(path):
        raise UsageError(f"{path} holds the datasets {', '.join(parts)}; name one of them")
    return open_hub(path) if is_hub_folder(path) else open_suite(path)


def index_of(suite: Suite) -> DatasetIndex | None:
    """The index of a dataset directory; None for every other format."""
    return suite.dataset.index if isinstance(suite, HarborSuite) else None


def stream(suite: Suite, refused: list[Refusal]) -> Iterator[Task]:
    """Every task that can be loaded, one at a time; the others are added to `refused`."""
    for task in load_all(suite):
        if isinstance(task, Refusal):
            refused.append(task)
        else:
            yield task


def read_profiles(suite: Suite, on_task: Callable[[], None] = lambda: None) -> Profiles:
    """Measure every task."""
    profiles = Profiles()
    for task in load_all(suite):
        on_task()
        if isinstance(task, Refusal):
            profiles.refused.append(task)
        else:
            profiles.tasks.append(profile_of(task))
    return profiles


def parts_of(path: Path) -> dict[str, Path]:
    """The datasets right below `path` by name, such as the parts of a split; else none."""
    if not path.is_dir() or (path / INDEX_NAME).exists():
        return {}
    return {entry.name: entry for entry in sorted(path.iterdir()) if (entry / INDEX_NAME).is_file()}


def require_tasks(profiles: Profiles, path: Path) -> None:
    """Make sure that something could be read.

    Raises:
        UsageError: every task was refused.
    """
    if not profiles.tasks:
        reason = profiles.refused[0].reason if profiles.refused else "it is empty"
        raise UsageError(f"{path} holds no task that can be loaded: {reason}")
