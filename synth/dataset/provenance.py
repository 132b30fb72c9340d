"""`provenance.json`: what a dataset was made of, beside the `dataset.json` that says what it is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.atomic import write_atomic
from clawgym.dataset import PROVENANCE_NAME, write_dataset
from clawgym.errors import TaskFormatError, UsageError
from clawgym.invalid import explain
from clawgym.task import Task
from synth.dataset.reading import index_of
from verify.suites import Refusal, Suite


class Source(BaseModel):
    """A dataset that another one was made of; what it says of itself is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    tasks: int
    digest: str | None = None
    generator: str | None = None
    seed: int | None = None
    funnel: dict[str, int] = {}


class Left(BaseModel):
    """A task that was left out, why, and for which other task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    source: str
    reason: str
    of: str | None = None
    similarity: float | None = None
    detail: str = ""


class Provenance(BaseModel):
    """What was done, to what, with which settings, and what was left out.

    `renamed` maps an id to the source and the id that it had there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    command: str
    settings: dict[str, str] = {}
    sources: tuple[Source, ...] = ()
    renamed: dict[str, tuple[str, str]] = {}
    left: tuple[Left, ...] = ()


def read_provenance(directory: Path) -> Provenance | None:
    """What a dataset was made of; None where it does not say.

    Raises:
        TaskFormatError: the file is malformed.
    """
    path = directory / PROVENANCE_NAME
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else error.strerror
        raise TaskFormatError(f"{path} cannot be read: {reason}") from error


def source_of(suite: Suite) -> Source:
    """What a suite says of itself."""
    index = index_of(suite)
    return Source(
        name=index.name if index else suite.path.resolve().name,
        kind=suite.kind,
        tasks=len(suite),
        digest=index.digest if index else None,
        generator=index.generator if index else None,
        seed=index.seed if index else None,
        funnel=index.funnel if index else {},
    )


@dataclass
class Derivation:
    """A dataset in the making: what is left out and renamed is noted as tasks go by.

    `funnel` counts the tasks that were read and what became of them, as in `dataset.json`; `notes`
    are sentences about what was asked for and is not there.
    """

    command: str
    settings: Mapping[str, str]
    sources: tuple[Source, ...]
    left: list[Left] = field(default_factory=list[Left])
    renamed: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    funnel: dict[str, int] = field(default_factory=lambda: {"read": 0})
    notes: list[str] = field(default_factory=list[str])

    def leave(self, left: Left) -> None:
        """Note a task that is left out."""
        self.left.append(left)
        self.funnel[left.reason] = self.funnel.get(left.reason, 0) + 1

    def refuse(self, refusal: Refusal, source: str) -> None:
        """Note a task that cannot be loaded."""
        left = Left(task_id=refusal.task_id, source=source, reason="refused", detail=refusal.reason)
        self.leave(left)

    def write(self, directory: Path, tasks: Iterable[Task], *, name: str, seed: int = 0) -> int:
        """Write the dataset into a `directory` that is `appearing`; how many tasks it has.

        Raises:
            UsageError: there is no task, or two share an id.
        """
        index = write_dataset(
            directory,
            self._counted(tasks),
            name=name,
            generator=f"clawgym dataset {self.command}",
            seed=seed,
            funnel=self.funnel,
        )
        if not index.tasks:
            raise UsageError(f"no task is left ({self._why()}); nothing was written")
        document = Provenance(
            command=self.command,
            settings=dict(self.settings),
            sources=self.sources,
            renamed=self.renamed,
            left=tuple(self.left),
        )
        data = document.model_dump_json(indent=1, exclude_defaults=True).encode() + b"\n"
        write_atomic(directory / PROVENANCE_NAME, data)
        return len(index.tasks)

    @property
    def reasons(self) -> dict[str, int]:
        """How many tasks were left out for each reason."""
        return dict(sorted(Counter(left.reason for left in self.left).items()))

    def _why(self) -> str:
        counted = (f"{number:,} {reason}" for reason, number in self.reasons.items())
        details = [f"{left.task_id}: {left.detail}" for left in self.left if left.detail]
        return "; ".join([", ".join(counted) or "there was none", *details[:1], *self.notes])

    def _counted(self, tasks: Iterable[Task]) -> Iterator[Task]:
        accepted = 0
        for task in tasks:
            accepted += 1
            yield task
        self.funnel["accepted"] = accepted


def text_settings(settings: Mapping[str, object]) -> dict[str, str]:
    """Settings as words, without those that were not given."""
    return {name: str(value) for name, value in settings.items() if value not in (None, (), [], "")}
