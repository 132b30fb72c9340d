"""One run: accepts proven candidates in the order of their indices until there are enough.

While it is under way the tasks stand in `<output>.partial`, with the journal. `dataset.json` is
written last, and then the directory takes its name: a dataset is there whole, or not at all.
"""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from clawgym.atomic import check_writable
from clawgym.dataset import INDEX_NAME, DatasetIndex, check_vacant, digest_of, write_index
from clawgym.errors import UsageError
from synth.gates import PROFILES, Source
from synth.routes import Recipe
from synth.running.admission import Admission
from synth.running.executors import Executor, LocalExecutor
from synth.running.journal import NAME, Batch, Journal
from synth.running.plan import Plan
from synth.running.recipe_source import RecipeSource
from synth.running.station import ERROR, Drawn, Work

_log = logging.getLogger(__name__)

OnTask = Callable[[], None]


def partial(output: Path) -> Path:
    """Where the tasks of a run stand until it is complete."""
    return output.with_name(f"{output.name}.partial")


def resume_or_start(
    source: Source,
    plan: Plan,
    output: Path,
    executor: Executor,
    *,
    sandbox: str = "auto",
    on_task: OnTask = lambda: None,
) -> DatasetIndex:
    """Make a dataset directory, or go on with one that a killed run left behind.

    Args:
        source: where candidates come from.
        plan: how many are wanted and how they are proven.
        output: the directory to make.
        executor: where workers run; it decides nothing about the result.
        sandbox: the backend that solutions and verifiers run in.
        on_task: called for each accepted task, also for those that stand there already.

    Raises:
        UsageError: `output` is taken, another run is at work there, a run of another plan was
            begun there, or the source yields too few different tasks.
        SandboxError: tasks cannot be proven on this machine.
    """
    fingerprint = plan.fingerprint(source)
    if done := _finished(output, fingerprint):
        return done
    check_vacant(output)
    place = partial(output)
    check_writable(place)
    place.mkdir(exist_ok=True)
    with _alone_in(place):
        with closing(Journal(place / NAME)) as journal:
            run = _Run(source, plan, place, journal, fingerprint, on_task)
            run.go_on(executor, Work(source, plan.profile, sandbox))
            index = run.index(output.name)
        write_index(place, index)
        if output.exists():
            output.rmdir()  # it is empty, or `check_vacant` would have said so
        os.replace(place, output)
    return index


def synthesise(
    recipe: Recipe,
    wanted: int,
    output: Path,
    *,
    gates: Literal["none", "quick", "full"] = "quick",
    workers: int = 1,
    sandbox: str = "auto",
    on_task: OnTask = lambda: None,
) -> DatasetIndex:
    """Make a dataset of a recipe on this machine, as `clawgym synth run` does.

    With more than one worker the calling program needs `if __name__ == "__main__"`: processes are
    spawned. See `resume_or_start` for the rest, and for what is raised.
    """
    return resume_or_start(
        RecipeSource(recipe),
        Plan(wanted=wanted, profile=PROFILES[gates]),
        output,
        LocalExecutor(workers),
        sandbox=sandbox,
        on_task=on_task,
    )


def _finished(output: Path, fingerprint: str) -> DatasetIndex | None:
    """The index, where this very run was completed before."""
    if not (output / INDEX_NAME).is_file() or not (output / NAME).is_file():
        return None
    with closing(Journal.to_read(output / NAME)) as journal:
        if journal.fact("fingerprint") != fingerprint:
            return None
    return DatasetIndex.model_validate_json((output / INDEX_NAME).read_bytes())


@contextmanager
def _alone_in(place: Path) -> Generator[None]:
    """Hold a directory, as long as this process lives, against other runs."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UsageError(f"another run is at work in {place}; wait for it or end it") from error
    finally:
        os.close(descriptor)


class _Run:
    """The one process that accepts and writes."""

    def __init__(
        self,
        source: Source,
        plan: Plan,
        place: Path,
        journal: Journal,
        fingerprint: str,
        on_task: OnTask,
    ) -> None:
        self._source = source
        self._plan = plan
        self._place = place
        self._journal = journal
        self._on_task = on_task
        self._admission = Admission(plan.profile.novelty, plan.caps)
        self._accepted = 0
        self._barren = 0
        self._warned: set[str] = set()
        self._begin(fingerprint)

    def go_on(self, executor: Executor, work: Work) -> None:
        """Accept until there are enough.

        Raises:
            UsageError: candidates are lost time and again.
        """
        self._restore()
        if self._accepted >= self._plan.wanted:
            return
        start = int(self._journal.fact("next", "0"))
        began = time.monotonic()
        with executor.proving(work, start) as batches:
            for drawn in batches:
                batch = self._take(drawn)
                now = time.monotonic()
                batch.elapsed, began = now - began, now
                self._journal.add(batch)
                if self._accepted >= self._plan.wanted:
                    return
                self._give_up_if_hopeless()

    def index(self, name: str) -> DatasetIndex:
        """The index of what was accepted."""
        digests: dict[str, str] = {}
        skills: set[str] = set()
        for one in self._journal.accepted():
            digests[one.task_id] = one.digest
            skills.update(one.skills)
        return DatasetIndex(
            name=name,
            generator=self._source.generator,
            seed=self._source.seed,
            digest=digest_of(digests.values()),
            tasks=digests,
            funnel=self._journal.funnel(),
            reasons=self._journal.reasons(),
            profile=self._plan.profile.model_dump(mode="json"),
            graded=self._journal.gates()[0],
            skills=tuple(sorted(skills)),
            recipe=dict(self._source.settings),
        )

    def _begin(self, fingerprint: str) -> None:
        known = self._journal.fact("fingerprint")
        if known and known != fingerprint:
            raise UsageError(
                f"{self._place} holds an unfinished run with other settings or skills, or of "
                "another version; give the same command as then, or remove it"
            )
        if not known:
            self._journal.tell(
                fingerprint=fingerprint,
                wanted=str(self._plan.wanted),
                profile=self._plan.profile.name,
                seed=str(self._source.seed),
                began=repr(time.time()),
            )

    def _restore(self) -> None:
        """Take in what the journal says, and remove what a killed run did not come to tell."""
        known: set[str] = set()
        for one in self._journal.accepted():
            known.add(one.task_id)
            self._admission.remember(one.task_id, one.content, one.fingerprint, one.labels)
            self._on_task()
        self._accepted = len(known)
        for entry in self._place.iterdir():
            if entry.is_dir() and entry.name not in known:
                shutil.rmtree(entry)

    def _take(self, drawn: list[Drawn]) -> Batch:
        """Accept of a batch what is new, until there are enough; write it."""
        batch = Batch()
        for one in drawn:
            batch.note(one)
            self._warn(one)
            if one.proven is None:
                self._barren += 1
            elif lost := self._admission.admit(one.proven):
                batch.lost.append((one.index, lost))
                self._barren += 1
            else:
                one.proven.files.write_to(self._place / one.proven.task_id)
                batch.accepted.append(one.proven)
                self._accepted += 1
                self._on_task()
            if self._accepted >= self._plan.wanted:
                break
        return batch

    def _warn(self, drawn: Drawn) -> None:
        """Say what was lost by our own mistake; the whole traceback once for each kind."""
        for lost in drawn.lost:
            if lost.gate == ERROR:
                _log.warning(
                    "index %d of seed %d is lost to %s, a mistake in ClawGym's own code%s",
                    drawn.index,
                    self._source.seed,
                    lost.reason,
                    "" if lost.reason in self._warned else f":\n{lost.detail}",
                )
                self._warned.add(lost.reason)

    def _give_up_if_hopeless(self) -> None:
        if self._barren > 20 + 3 * self._accepted:
            lost = self._journal.reasons()
            mend = "mend the errors, which are mistakes in ClawGym's own code, or "
            raise UsageError(
                f"too few different tasks ({self._accepted} found, lost: {lost}); "
                f"{mend if ERROR in lost else ''}add skills whose inputs and outputs fit together"
            )
