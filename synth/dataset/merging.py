"""Datasets put together: every id once, every task once, and a record of where each came from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from clawgym.appearing import appearing
from clawgym.task import Task
from synth.dataset.meaning import SameMeaning
from synth.dataset.profile import content_digest
from synth.dataset.provenance import (
    Derivation,
    Left,
    Source,
    source_of,
    text_settings,
)
from synth.dataset.similarity import THRESHOLD, Duplicate, Novelty
from verify.suites import Refusal, Suite, load_all

_REASONS = {"exact": "same-instruction", "near": "near-duplicate", "meaning": "same-meaning"}


def merge(
    suites: Sequence[Suite],
    destination: Path,
    *,
    threshold: float | None = THRESHOLD,
    meaning: SameMeaning | None = None,
    on_task: Callable[[], None] = lambda: None,
) -> Derivation:
    """Write all tasks of some datasets as one; of tasks that are the same the first one stays.

    Args:
        suites: what to put together, in this order.
        destination: the new dataset; it appears whole or not at all.
        threshold: the Jaccard index from which instructions are the same; None compares contents
            alone.
        meaning: refuses instructions that mean the same, where there is a model for it.
        on_task: called after each task.

    Raises:
        UsageError: the destination is taken, or no task is left.
    """
    settings = {"threshold": threshold, "meaning": meaning.threshold if meaning else None}
    sources = _sources(suites)
    derivation = Derivation("merge", text_settings(settings), sources)
    merging = _Merging(derivation, Novelty(threshold) if threshold else None, meaning)
    with appearing(destination) as staging:
        derivation.write(staging, merging.tasks(suites, on_task), name=destination.name)
    return derivation


class _Merging:
    """The tasks that stay, under ids that are free."""

    def __init__(
        self, derivation: Derivation, novelty: Novelty | None, meaning: SameMeaning | None
    ) -> None:
        self._derivation = derivation
        self._novelty, self._meaning = novelty, meaning
        self._contents: dict[str, str] = {}
        self._ids: set[str] = set()

    def tasks(self, suites: Sequence[Suite], on_task: Callable[[], None]) -> Iterator[Task]:
        """Those of all suites, one at a time."""
        for suite, source in zip(suites, self._derivation.sources, strict=True):
            for task in load_all(suite):
                on_task()
                self._derivation.funnel["read"] += 1
                if isinstance(task, Refusal):
                    self._derivation.refuse(task, source.name)
                elif kept := self._keep(task, source.name):
                    yield kept

    def _keep(self, task: Task, source: str) -> Task | None:
        free = _free(task.id, self._ids)
        if left := self._repeated(task, source, free):
            self._derivation.leave(left)
            return None
        self._ids.add(free)
        if free == task.id:
            return task
        self._derivation.renamed[free] = (source, task.id)
        return renamed(task, free)

    def _repeated(self, task: Task, source: str, free: str) -> Left | None:
        content = content_digest(task)
        if content in self._contents:
            of = self._contents[content]
            return Left(task_id=task.id, source=source, reason="same-content", of=of)
        duplicate: Duplicate | None = None
        if self._novelty is not None:
            duplicate = self._novelty.admit(free, task.instruction)
        if self._meaning and not duplicate:
            duplicate = self._meaning.admit(free, task.instruction)
        if duplicate:
            return Left(
                task_id=task.id,
                source=source,
                reason=_REASONS[duplicate.reason],
                of=duplicate.of,
                similarity=round(duplicate.similarity, 4),
            )
        self._contents[content] = free
        return None


def _sources(suites: Sequence[Suite]) -> tuple[Source, ...]:
    """Each under a name of its own."""
    sources: list[Source] = []
    for suite in suites:
        source = source_of(suite)
        free = _free(source.name, {other.name for other in sources})
        sources.append(source.model_copy(update={"name": free}))
    return tuple(sources)


def renamed(task: Task, task_id: str) -> Task:
    """The same task under another id, also where it names itself by it."""
    named = task.config.task
    own = named.name.removesuffix(task.id) + task_id if named.name.endswith(task.id) else named.name
    config = task.config.model_copy(update={"task": named.model_copy(update={"name": own})})
    return replace(task, id=task_id, config=config)


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
