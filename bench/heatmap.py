"""Every task against every harness at a glance: one cell each, in bands that fit a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from bench.task_page import TaskPage, TrialView
from clawgym.reward import Graded, Ungraded

BAND = 40


class CellState(StrEnum):
    """How much of a cell's trials has a score."""

    GRADED = "graded"
    PARTIAL = "partial"
    UNGRADED = "ungraded"
    MISSING = "missing"


@dataclass(frozen=True)
class Cell:
    """The mean score of the graded attempts, None without any, and the words of its tooltip."""

    anchor: str
    state: CellState
    score: float | None
    tooltip: str


@dataclass(frozen=True)
class Band:
    """A slice of the tasks and, for each harness, its cells on them."""

    pages: tuple[TaskPage, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def heatmap(pages: Sequence[TaskPage], harnesses: Sequence[str]) -> list[Band]:
    """The cells of all tasks, in bands of at most 40 tasks."""
    bands: list[Band] = []
    for start in range(0, len(pages), BAND):
        part = tuple(pages[start : start + BAND])
        rows = tuple(
            (harness, tuple(cell(page, harness) for page in part)) for harness in harnesses
        )
        bands.append(Band(part, rows))
    return bands


def cell(page: TaskPage, harness: str) -> Cell:
    """What one harness made of one task."""
    views = [view for view in page.trials if view.trial.harness == harness]
    subject = f"{harness} · {page.task_id}"
    if not views:
        return Cell(page.anchor, CellState.MISSING, None, f"{subject}: not run yet")
    scores = [view.graded.score for view in views if view.graded]
    causes = [f"{cause.cause}: {cause.reason}" for view in views if (cause := view.ungraded)]
    told = "; ".join(dict.fromkeys(causes))
    anchor = views[0].anchor
    if not scores:
        return Cell(anchor, CellState.UNGRADED, None, f"{subject}: ungraded, {told}")
    words = f"{subject}: {fmean(scores):.2f}" + _attempts(views)
    state = CellState.PARTIAL if causes else CellState.GRADED
    return Cell(anchor, state, fmean(scores), f"{words}; ungraded, {told}" if told else words)


def _attempts(views: Sequence[TrialView]) -> str:
    if len(views) == 1:
        return ""
    graded = sum(isinstance(view.trial.reward, Graded) for view in views)
    ungraded = sum(isinstance(view.trial.reward, Ungraded) for view in views)
    return f", mean of {graded} of {graded + ungraded} attempts"
