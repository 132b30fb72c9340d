"""The pipeline: draw candidates, gate them, keep the first that pass, count what was lost where."""

import asyncio
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count, islice
from pathlib import Path

from clawgym.dataset import DatasetIndex, check_vacant, write_dataset
from clawgym.errors import UsageError
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.building import GENERATOR
from synth.gates.candidate import Candidate
from synth.routes import Recipe, SkillSource, choose_skills, draw, usable_skills
from verify.proof import prove_task

_CHUNK = 16


def candidates(recipe: Recipe, workers: int) -> Iterator[Candidate]:
    """Endless candidates in index order, the same for any number of workers."""
    if workers == 1:
        yield from (draw(recipe, index) for index in count())
        return
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        indices = count()
        while True:
            yield from pool.map(
                partial(draw, recipe), islice(indices, _CHUNK * workers), chunksize=_CHUNK
            )


def _end_with_parent() -> None:
    """End this worker when the process that it draws for is killed, not wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Synthesis:
    """One run: draws candidates, gates them, and counts in `funnel` what was lost where."""

    def __init__(
        self, recipe: Recipe, backend: Backend | None, *, workers: int = 1, jobs: int = 2
    ) -> None:
        """With a backend, each task is proven by its oracle and a no-op, `jobs` at a time."""
        self.recipe = recipe
        self.funnel: Counter[str] = Counter()
        self._barren = 0  # indices that yielded no task in all their draws
        self._backend = backend
        self._workers = workers
        self._gate = asyncio.Semaphore(jobs)
        self._seen: set[str] = set()

    async def tasks(self, wanted: int, on_task: Callable[[], None] = lambda: None) -> list[Task]:
        """The first `wanted` tasks that pass every gate.

        Raises:
            UsageError: these skills cannot be composed into enough different tasks.
            SandboxError: tasks cannot be proven on this machine.
        """
        accepted: list[Task] = []
        drawn = candidates(self.recipe, self._workers)
        while len(accepted) < wanted:
            batch = self._fresh(islice(drawn, min(_CHUNK, wanted - len(accepted))))
            proven = await asyncio.gather(*(self._is_proven(task) for task in batch))
            for task, holds in zip(batch, proven, strict=True):
                if holds:
                    accepted.append(task)
                    on_task()
                else:
                    self.funnel["unproven"] += 1
            self._give_up_if_hopeless(len(accepted))
        self.funnel["accepted"] = len(accepted)
        return accepted

    def _fresh(self, drawn: Iterable[Candidate]) -> list[Task]:
        """The tasks of some candidates, without what was seen before."""
        fresh: list[Task] = []
        for candidate in drawn:
            self.funnel.update(lost.reason for lost in candidate.lost)
            self.funnel["drawn"] += len(candidate.lost)
            if candidate.task is None:
                self._barren += 1
                continue
            self.funnel["drawn"] += 1
            content = f"{candidate.task.instruction}\0{candidate.task.workspace.digest}"
            if content in self._seen:
                self.funnel["duplicate"] += 1
                continue
            self._seen.add(content)
            fresh.append(candidate.task)
        return fresh

    async def _is_proven(self, task: Task) -> bool:
        if self._backend is None:
            return True
        async with self._gate:
            return not (await prove_task(task, self._backend, lazy=())).findings

    def _give_up_if_hopeless(self, accepted: int) -> None:
        failed = self._barren + self.funnel["duplicate"] + self.funnel["unproven"]
        if failed > 20 + 2 * accepted:
            names = ", ".join(skill.name for skill in self.recipe.skills)
            raise UsageError(
                f"the skills {names} yield too few different tasks ({accepted} found, "
                f"lost: {dict(self.funnel)}); add skills whose inputs and outputs fit together"
            )


def synthesise(
    recipe: Recipe,
    wanted: int,
    output: Path,
    *,
    backend: Backend | None,
    workers: int = 1,
    jobs: int = 2,
    on_task: Callable[[], None] = lambda: None,
) -> DatasetIndex:
    """Make a dataset directory of `wanted` tasks; nothing is left behind if it fails.

    Raises:
        UsageError: `output` is taken or not writable, or the skills do not suffice.
    """
    check_vacant(output)
    run = Synthesis(recipe, backend, workers=workers, jobs=jobs)
    tasks = asyncio.run(run.tasks(wanted, on_task))
    return write_dataset(
        output, tasks, name=output.name, generator=GENERATOR, seed=recipe.seed, funnel=run.funnel
    )


__all__ = [
    "Recipe",
    "SkillSource",
    "Synthesis",
    "candidates",
    "choose_skills",
    "draw",
    "synthesise",
    "usable_skills",
]
