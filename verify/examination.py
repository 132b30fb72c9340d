"""The examination of one task's verifier: makes the attempts, grades them, judges the verdicts."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clawgym.errors import SandboxError, TaskFormatError
from clawgym.files import File, Files
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.sandbox import Backend
from clawgym.task import Task
from verify.attempts import Attempt, Due, Family, Outcome, with_files, without
from verify.cards import Card, Depth
from verify.fuzz import fuzz
from verify.grading import grade, script_command
from verify.judgement import Record, card_of, describe, find_lazy, find_ungraded, judge, slow_after
from verify.lint import lint
from verify.mutants import Brood, breed
from verify.panel import other_output
from verify.probes import LAZY, Probe, solved_workspace
from verify.suites.strict import Floors, floors, grader_problem, strict
from verify.tampering import tampering

ALTERNATIVE = "alternative.sh"
VARIATIONS: tuple[Mapping[str, str], ...] = (
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "0"},
    {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "Asia/Kathmandu", "LC_ALL": "POSIX", "LANG": "de_DE", "PYTHONHASHSEED": "4242"},
)
"""Surroundings that a verdict must not depend on; the working directory changes along."""


@dataclass(frozen=True)
class Examiner:
    """Grades attempts, `gate` of them at a time, whichever tasks they belong to.

    With `floors` the scores are strict ones, by our rule on what an imported verifier found.
    """

    backend: Backend
    gate: asyncio.Semaphore
    depth: Depth
    lazy: Sequence[Probe] = LAZY
    floors: Floors | None = None

    async def solve(
        self, task: Task, script: str = "solve.sh", env: Mapping[str, str] | None = None
    ) -> Files:
        """The finished workspace of a reference solution.

        Raises:
            TaskFormatError: there is none, or it fails.
            SandboxError: no box could be made.
        """
        async with self.gate:
            return await solved_workspace(task, self.backend, script=script, env=env)

    async def grade(self, task: Task, files: Files) -> tuple[Graded | Ungraded, float]:
        """The verdict and the seconds that it took.

        Raises:
            SandboxError: the machine is at fault, so that nothing is said about the verifier.
        """
        async with self.gate:
            started = time.perf_counter()
            verdict = await grade(task, files, self.backend, code_only=True)
            seconds = time.perf_counter() - started
        if isinstance(verdict, Ungraded) and verdict.cause is Cause.SANDBOX:
            raise SandboxError(verdict.reason)
        return strict(verdict, self.floors) if self.floors else verdict, seconds


async def examine(
    task: Task, examiner: Examiner, *, other: tuple[Task, Files] | None = None
) -> Card:
    """Examine one task's verifier to the examiner's depth.

    Args:
        task: the task.
        examiner: grades, and says how deep to go.
        other: another task with its finished workspace, to be handed in for this one.

    Raises:
        SandboxError: boxes cannot be made on this machine.
    """
    record = Record(task)
    attempts = list(_probe_attempts(task, examiner.lazy, other))
    if examiner.depth.strict:
        raw = [await examiner.grade(task, attempt.files) for attempt in attempts]
        examiner = replace(examiner, floors=floors(verdict for verdict, _ in raw))
    await _run_oracle(record, examiner)
    brood = Brood((), 0, 0, ())
    if not examiner.depth.quick:
        record.findings += lint(task)
        if record.verdict:
            await _run_variations(record, examiner)
        if record.solved is not None:
            depth = examiner.depth
            brood = breed(task, record.solved, seed=depth.seed, limit=depth.mutants)
            attempts += _mutant_attempts(record.solved, brood)
        attempts += [*fuzz(task, record.solved), *tampering(task, record.solved)]
    await _run(record, examiner, attempts)
    return card_of(record, examiner.depth, brood)


async def _run_oracle(record: Record, examiner: Examiner) -> None:
    task, depth = record.task, examiner.depth
    required = depth.require_solution
    if required is None:
        required = task.clawgym.kind != "import"
    if "solve.sh" not in task.solution:
        if required:
            record.find("no-solution", f"task {task.id} has no solution/solve.sh to prove it by")
        return
    try:
        runs = [await examiner.solve(task) for _ in range(depth.oracle_runs)]
    except TaskFormatError as error:
        record.find("oracle-fails", str(error))
        return
    record.solved = runs[0]
    graded = [await examiner.grade(task, files) for files in runs]
    first = graded[0][0]
    if isinstance(first, Graded):
        record.verdict, record.reference = first, first.score
    for number, (files, (verdict, seconds)) in enumerate(zip(runs, graded, strict=True), 1):
        attempt = Attempt(Family.ORACLE, f"oracle:{number}", files, Due.EVERYTHING)
        record.outcomes.append(Outcome.of(attempt, verdict, seconds, record.reference))
        if isinstance(verdict, Graded) and verdict != first:
            record.find("oracle-unsteady", "repeated runs differ in their checks")
    if record.verdict and record.outcomes[0].wrong:
        missed = describe(record.verdict.checks)
        record.find(
            "oracle-below-one",
            f"the reference solution earns {record.reference:.3f} and misses {missed}",
        )


async def _run_variations(record: Record, examiner: Examiner) -> None:
    """The reference solution and the verifier in strange surroundings; a second solution."""
    for number, env in enumerate(VARIATIONS, 1):
        await _run_variation(record, examiner, number, env)
    if ALTERNATIVE not in record.task.solution:
        return
    try:
        files = await examiner.solve(record.task, ALTERNATIVE)
    except TaskFormatError as error:
        record.find("oracle-fails", str(error))
        return
    attempt = Attempt(Family.ALTERNATIVE, "alternative", files, Due.MOST)
    verdict, seconds = await examiner.grade(record.task, files)
    record.outcomes.append(Outcome.of(attempt, verdict, seconds, record.reference))
    if isinstance(verdict, Graded) and record.outcomes[-1].wrong:
        missed = describe(verdict.checks)
        record.find(
            "alternative-rejected",
            f"the second solution earns {verdict.score:.3f} and misses {missed}",
        )


async def _run_variation(
    record: Record, examiner: Examiner, number: int, env: Mapping[str, str]
) -> None:
    task = record.task
    said = " ".join(f"{name}={value}" for name, value in env.items())
    try:
        files = await examiner.solve(task, env=env)
    except TaskFormatError as error:
        record.find("oracle-unsteady", f"with {said}: {error}")
        return
    # The directory is part of Harbor's contract, so that imported verifiers may rely on it.
    directory = None if task.clawgym.kind == "import" else ("/", "/tmp", "/usr")[number - 1]  # noqa: S108 - a directory inside the box
    verdict, seconds = await examiner.grade(in_surroundings(task, env, directory), files)
    attempt = Attempt(Family.STEADY, f"steady:{number}", files, Due.EVERYTHING)
    record.outcomes.append(Outcome.of(attempt, verdict, seconds, record.reference))
    if isinstance(verdict, Graded) and verdict != record.verdict:
        record.find("oracle-unsteady", f"with {said} the checks come out differently")


def in_surroundings(task: Task, env: Mapping[str, str], directory: str | None) -> Task:
    """The same task with a verifier that starts with `env`, in `directory` where there is one."""
    script = task.tests["test.sh"]
    lines = [f"export {name}='{value}'" for name, value in env.items()]
    if directory:
        lines.append(f"cd '{directory}'")
    moved = "surrounded-test.sh"
    command = " ".join(script_command(script, f'"$(dirname "$0")/{moved}"'))
    wrapper = "\n".join(["#!/bin/sh", *lines, f"exec {command}", ""])
    tests = without(task.tests, "test.sh") | Files(
        {"test.sh": File(wrapper.encode(), executable=True), moved: script}
    )
    return replace(task, tests=tests)


def _probe_attempts(
    task: Task, lazy: Sequence[Probe], other: tuple[Task, Files] | None
) -> Iterable[Attempt]:
    yield Attempt(Family.NOOP, "noop", task.workspace, Due.NOTHING)
    for probe in lazy:
        if probe.finished:
            yield Attempt(Family.LAZY, probe.name, probe.finished(task), Due.NOTHING)
    if other and lazy:
        files = with_files(task.workspace, other_output(task, *other))
        yield Attempt(Family.LAZY, "lazy:other", files, Due.NOTHING)


def _mutant_attempts(solved: Files, brood: Brood) -> Iterable[Attempt]:
    for mutant in brood.mutants:
        files = without(solved, mutant.path)
        if mutant.data is not None:
            mode = solved[mutant.path].executable
            files |= Files({mutant.path: File(mutant.data, mode)})
        yield Attempt(Family.MUTANT, mutant.name, files, Due.LESS, mutant.path)


async def _run(record: Record, examiner: Examiner, attempts: Sequence[Attempt]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_try(record, examiner, one)) for one in attempts]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # a machine without boxes fails them all alike
    for outcome, problem in (task.result() for task in running):
        record.outcomes.append(outcome)
        judge(record, outcome, problem)
    find_lazy(record)
    find_ungraded(record)


async def _try(record: Record, examiner: Examiner, attempt: Attempt) -> tuple[Outcome, str]:
    """The outcome of an attempt, and what broke in the verifier, where something did."""
    verdict, seconds = await examiner.grade(record.task, attempt.files)
    if attempt.family is Family.FUZZ and seconds > slow_after(record.task):
        # A busy machine makes anything slow once: only what is slow again is the verifier's fault.
        verdict, again = await examiner.grade(record.task, attempt.files)
        seconds = min(seconds, again)
    outcome = Outcome.of(attempt, verdict, seconds, record.reference)
    problem = outcome.ungraded
    if isinstance(verdict, Graded):
        problem = grader_problem(verdict.checks)
    return outcome, problem
