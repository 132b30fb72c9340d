"""Gold sets: work that people have judged, to judge the judge by. One JSON object a line.

    {"id": "essay-1", "task": "tasks/essay", "deliverable": "work/essay-1",
     "ratings": {"ann": {"clarity": 0.75, "depth": 0.5}, "ben": {"clarity": 1, "depth": 0.5}}}

`task` is a task directory with `tests/rubric.toml`. Without one, `instruction` says what was asked
and `initial` may name the folder of the files that were given. `rubric` is the path of a rubric, or
a rubric as an object; it may be left out where the task has one. Paths are relative to the gold
set. Each rating is one of the five bands; raters may leave criteria out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clawgym.errors import TaskFormatError, UsageError
from clawgym.files import Files
from clawgym.invalid import explain
from clawgym.task import Task
from verify.rubric.judge import Work
from verify.rubric.rubric import LEVELS, Rubric, rubric_of


class GoldLine(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    task: str | None = None
    instruction: str | None = None
    initial: str | None = None
    deliverable: str
    rubric: str | Rubric | None = None
    ratings: Annotated[dict[str, dict[str, float]], Field(min_length=1)]

    @model_validator(mode="after")
    def _says_what_was_asked(self) -> Self:
        if (self.task is None) == (self.instruction is None):
            raise ValueError("give either `task` or `instruction`")
        if self.task is not None and self.initial is not None:
            raise ValueError("the initial files of a `task` are its own; leave `initial` out")
        for rater, bands in self.ratings.items():
            if wrong := [name for name, band in bands.items() if band not in LEVELS]:
                raise ValueError(f"the rating of {wrong[0]!r} by {rater!r} is none of the bands")
        return self


@dataclass(frozen=True)
class GoldItem:
    """A rated piece of work. `ratings` are the bands of every rater, by criterion."""

    id: str
    work: Work
    rubric: Rubric
    ratings: Mapping[str, tuple[float | None, ...]]

    def consensus(self, criterion: str) -> float | None:
        """The median rating, the lower one of two middles; None where nobody rated."""
        given = [band for band in self.ratings[criterion] if band is not None]
        return median_low(given) if given else None


def load_gold(path: Path) -> list[GoldItem]:
    """Read a gold set.

    Raises:
        UsageError: it is missing, empty, or a line is wrong; the message says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the gold set {path} cannot be read: {error}") from error
    items = [
        _item(line, path.parent, f"{path}:{number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not items:
        raise UsageError(f"the gold set {path} is empty; see docs/judge.md for its format")
    ids = [item.id for item in items]
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise UsageError(f"{path}: several lines have the id {', '.join(repeated)}")
    return items


def _item(text: str, root: Path, where: str) -> GoldItem:
    try:
        line = GoldLine.model_validate_json(text)
        task = Task.load(root / line.task) if line.task is not None else None
        rubric = _rubric(line, task, root, where)
        finished = _folder(root / line.deliverable)
        initial = task.workspace if task else _initial(line, root)
    except ValidationError as error:
        raise UsageError(f"{where}: {explain(error, 'line')}") from error
    except TaskFormatError as error:
        raise UsageError(f"{where}: {error}") from error
    instruction = task.instruction if task else line.instruction or ""
    ratings = _by_criterion(line, rubric, where)
    return GoldItem(line.id, Work(instruction, initial, finished), rubric, ratings)


def _rubric(line: GoldLine, task: Task | None, root: Path, where: str) -> Rubric:
    if isinstance(line.rubric, Rubric):
        return line.rubric
    if isinstance(line.rubric, str):
        path = root / line.rubric
        try:
            return Rubric.loads(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{where}: the rubric {path} cannot be read: {error}") from error
    rubric = rubric_of(task) if task else None
    if rubric is None:
        raise UsageError(f"{where}: there is no rubric; name one, or a task that has one")
    return rubric


def _initial(line: GoldLine, root: Path) -> Files:
    return _folder(root / line.initial) if line.initial is not None else Files()


def _folder(path: Path) -> Files:
    if not path.is_dir():
        raise TaskFormatError(f"{path} is no directory")
    return Files.read_from(path)


def _by_criterion(
    line: GoldLine, rubric: Rubric, where: str
) -> dict[str, tuple[float | None, ...]]:
    known = {criterion.id for criterion in rubric.criteria}
    rated = {name for bands in line.ratings.values() for name in bands}
    if unknown := sorted(rated - known):
        raise UsageError(f"{where}: the rubric has no criterion {', '.join(unknown)}")
    return {
        criterion.id: tuple(bands.get(criterion.id) for bands in line.ratings.values())
        for criterion in rubric.criteria
    }
