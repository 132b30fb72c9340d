"""Phrasing only: the instructions of a dataset in the voices of personas. Truth is left alone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from clawgym.dataset import Dataset
from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.task import Task
from synth.authoring.answers import Rewriting
from synth.authoring.conversing import RejectedError, StageFailedError, converse
from synth.authoring.desk import Desk, Stage
from synth.authoring.journal import Journal
from synth.authoring.language import is_english
from synth.authoring.literals import must_keep, rewriting_problems
from synth.authoring.plans import instruction_problems
from synth.authoring.prompting import phrasing_question
from verify.lint import lint

LONGEST = 2.5
"""How many times as long as the instruction a rewriting may be, and a few sentences more."""

_MORE_CHARS = 400

Personas = Callable[[int], str]
"""The persona of each place in the dataset, a pure function."""


@dataclass
class Rephrased:
    """The tasks in their order. `kept` counts by gate why wording stayed as it was."""

    tasks: list[Task] = field(default_factory=list[Task])
    funnel: Counter[str] = field(default_factory=Counter[str])
    repaired: list[str] = field(default_factory=list[str])
    stopped: ProviderError | BudgetExceededError | None = None


async def rephrase(
    dataset: Dataset,
    personas: Personas,
    desk: Desk,
    journal: Journal,
    *,
    concurrency: int = 4,
    on_task: Callable[[], None] = lambda: None,
) -> Rephrased:
    """Say each task's instruction in the voice of its persona, or leave it as it is.

    When the endpoint or the budget gives out, `stopped` says so and there are no tasks; the same
    call goes on there.
    """
    result = Rephrased()
    waiting = iter(list(enumerate(dataset.task_ids)))
    done: dict[str, tuple[Task, str, tuple[str, ...]]] = {}

    async def work() -> None:
        for index, task_id in waiting:
            if result.stopped:
                return
            try:
                task = dataset.load(task_id)
                done[task_id] = await _one(task, personas(index), desk, journal)
            except (ProviderError, BudgetExceededError) as error:
                result.stopped = error
                return
            on_task()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # a task that cannot be read, most likely
    for task, gate, repaired in _in_order(dataset, done, result):
        result.tasks.append(task)
        result.funnel["tried"] += 1
        result.funnel[f"{Stage.PHRASE}/{gate}" if gate else "accepted"] += 1
        result.repaired += [f"{Stage.PHRASE}/{name}" for name in repaired]
    return result


def _in_order(
    dataset: Dataset, done: dict[str, tuple[Task, str, tuple[str, ...]]], result: Rephrased
) -> Sequence[tuple[Task, str, tuple[str, ...]]]:
    return [] if result.stopped else [done[task_id] for task_id in dataset.task_ids]


async def _one(
    task: Task, persona: str, desk: Desk, journal: Journal
) -> tuple[Task, str, tuple[str, ...]]:
    """The task in its new words, or in its old ones with the gate that the new ones failed at."""
    keep = must_keep(task)
    known = {str(finding) for finding in lint(task)}

    async def accept(answer: Rewriting) -> Task:
        text = answer.instruction.strip() + "\n"
        longest = int(LONGEST * len(task.instruction)) + _MORE_CHARS
        if len(text) > longest:
            told = f"it has {len(text):,} characters; at most {longest:,} are wanted"
            raise RejectedError("length", [told])
        if not is_english(text):
            raise RejectedError("language", ["it is not in English"])
        if problems := rewriting_problems(task, keep, text):
            raise RejectedError("literals", problems)
        if problems := _new_problems(task, text):
            raise RejectedError("words", problems)
        rewritten = replace(task, instruction=text)
        if found := [str(f) for f in lint(rewritten) if str(f) not in known]:
            raise RejectedError("lint", found)
        return rewritten

    question = phrasing_question(task.instruction, persona, keep)
    try:
        outcome = await converse(desk.at(Stage.PHRASE), question, Rewriting, accept)
    except StageFailedError as error:
        journal.keep(task.id, Stage.PHRASE, f"kept: {error.gate}: {error}")
        return task, error.gate, ()
    journal.keep(task.id, Stage.PHRASE, "rewritten")
    return outcome.result, "", outcome.repaired


def _new_problems(task: Task, text: str) -> list[str]:
    """What is wrong with the words that was not wrong with those of the instruction."""
    old = instruction_problems(task.instruction)
    return [
        problem
        for problem in instruction_problems(text)
        if problem not in old and "characters;" not in problem
    ]
