"""Phrasing only: the instructions of a dataset in the voices of personas. Truth is left alone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict

from clawgym.dataset import Dataset
from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.task import Task
from synth.authoring.answers import Rewriting
from synth.authoring.conversing import RejectedError, StageFailedError, converse, shorten
from synth.authoring.desk import Desk, Stage
from synth.authoring.journal import Journal
from synth.authoring.language import is_english
from synth.authoring.literals import literal_problems, must_keep
from synth.authoring.meaning import meaning_problems
from synth.authoring.plans import instruction_problems
from synth.authoring.prompting import phrasing_question
from verify.lint import lint

LONGEST = 2.5
"""How many times as long as the instruction a rewriting may be, and a few sentences more."""

_MORE_CHARS = 400

Personas = Callable[[int], str]
"""The persona of each place in the dataset, a pure function."""


class _Kept(BaseModel):
    """What came of a wording, as the journal holds it: new words, or the gate they were lost at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruction: str | None = None
    lost_at: str = ""
    problems: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


@dataclass
class Rephrased:
    """What came of a dataset; `funnel` counts by gate why wording stayed as it was."""

    dataset: Dataset
    words: dict[str, str] = field(default_factory=dict[str, str])
    funnel: Counter[str] = field(default_factory=Counter[str])
    repaired: list[str] = field(default_factory=list[str])
    stopped: ProviderError | BudgetExceededError | None = None

    def tasks(self) -> Iterator[Task]:
        """The tasks in their order, read one at a time; those without new words as they were."""
        for task in self.dataset:
            words = self.words.get(task.id)
            yield task if words is None else replace(task, instruction=words)


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

    When the endpoint or the budget gives out, `stopped` says so; the same call goes on there.
    """
    result = Rephrased(dataset)
    waiting = iter(list(enumerate(dataset.task_ids)))
    done: dict[str, _Kept] = {}

    async def work() -> None:
        for index, task_id in waiting:
            if result.stopped:
                return
            try:
                done[task_id] = await _one(dataset.load(task_id), personas(index), desk, journal)
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
    for task_id in [] if result.stopped else dataset.task_ids:
        _count(result, task_id, done[task_id])
    return result


def _count(result: Rephrased, task_id: str, kept: _Kept) -> None:
    result.funnel["tried"] += 1
    result.funnel[f"{Stage.PHRASE}/{kept.lost_at}" if kept.lost_at else "accepted"] += 1
    result.repaired += [f"{Stage.PHRASE}/{gate}" for gate in kept.repaired]
    if kept.instruction is not None:
        result.words[task_id] = kept.instruction


async def _one(task: Task, persona: str, desk: Desk, journal: Journal) -> _Kept:
    """What the journal holds of a task's wording, or else what is asked for now, which is kept."""
    if said := journal.outcome(task.id, Stage.PHRASE):
        return _Kept.model_validate_json(said)
    kept = await _asked(task, persona, desk)
    journal.keep(task.id, Stage.PHRASE, kept.model_dump_json())
    return kept


async def _asked(task: Task, persona: str, desk: Desk) -> _Kept:
    keep = must_keep(task)
    known = {str(finding) for finding in lint(task)}

    async def accept(answer: Rewriting) -> str:
        text = answer.instruction.strip() + "\n"
        _examine(task, keep, known, text)
        return text

    question = phrasing_question(task.instruction, persona, keep)
    try:
        outcome = await converse(desk.at(Stage.PHRASE), question, Rewriting, accept)
    except StageFailedError as error:
        return _Kept(lost_at=error.gate, problems=tuple(shorten(error.problems)))
    return _Kept(instruction=outcome.result, repaired=outcome.repaired)


def _examine(task: Task, keep: tuple[str, ...], known: Collection[str], text: str) -> None:
    """Refuse words that do not do, at the first gate that they fail."""
    longest = int(LONGEST * len(task.instruction)) + _MORE_CHARS
    if len(text) > longest:
        told = f"it has {len(text):,} characters; at most {longest:,} are wanted"
        raise RejectedError("length", [told])
    if not is_english(text):
        raise RejectedError("language", ["it is not in English"])
    if problems := literal_problems(task, keep, text):
        raise RejectedError("literals", problems)
    if problems := meaning_problems(task.instruction, text):
        raise RejectedError("meaning", problems)
    if problems := _new_problems(task, text):
        raise RejectedError("words", problems)
    if found := [str(f) for f in lint(replace(task, instruction=text)) if str(f) not in known]:
        raise RejectedError("lint", found)


def _new_problems(task: Task, text: str) -> list[str]:
    """What is wrong with the words that was not wrong with those of the instruction."""
    old = instruction_problems(task.instruction)
    return [
        problem
        for problem in instruction_problems(text)
        if problem not in old and "characters;" not in problem
    ]
