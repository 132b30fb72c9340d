"""The annotator that asks a model, and goes on where it was stopped."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.model import ChatModel
from clawgym.model.answer_cache import AnswerCache
from clawgym.model.asking import Asker, GaveUpError, Tally
from clawgym.model.budget import Budget, BudgetedModel
from clawgym_skills.annotate.entry import Entry
from clawgym_skills.annotate.prompting import Answer, prompt_version, question, repair
from clawgym_skills.annotate.record import Additions, Annotation
from clawgym_skills.skill import Skill


@dataclass(frozen=True)
class Asked:
    """The records in the order of the entries, None where nothing was answered.

    `stopped` says why the rest was not asked; the same call with the same cache goes on there.
    """

    records: tuple[Annotation | None, ...]
    stopped: ProviderError | BudgetExceededError | None = None

    @property
    def missing(self) -> int:
        """How many skills have no record yet."""
        return sum(record is None for record in self.records)


class ModelAnnotator:
    """Annotates skills with a model behind an OpenAI-compatible endpoint.

    Answers that pass validation are kept in the cache by the digest of the question, which holds
    the skill; a record of failure is never kept, so it is asked again.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        cache: AnswerCache | None = None,
        budget: Budget | None = None,
        sampling: str = "",
        concurrency: int = 4,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            model: who annotates.
            cache: where answers are kept; None keeps them as long as the annotator.
            budget: what may be spent by this annotator.
            sampling: the endpoint and its settings in words, as a part of the cache's key.
            concurrency: how many calls run at a time.
        """
        self.name = f"model/{model.name}"
        self.spent = BudgetedModel(model, budget or Budget())
        self._concurrency = concurrency
        self._asker = Asker(
            self.spent,
            cache or AnswerCache(None),
            repair,
            who="annotator",
            sampling=sampling,
            concurrency=concurrency,
        )

    @property
    def tally(self) -> Tally:
        """How many skills were asked about, and how many of them the cache answered."""
        return self._asker.tally

    async def annotate(self, entry: Entry) -> Annotation:
        """The record of one skill; one that the model cannot describe has status `failed`.

        Raises:
            ProviderError: the endpoint failed.
            BudgetExceededError: nothing may be spent any more.
        """
        asked = question(entry.skill)
        try:
            answer = await self._asker.ask(asked)
        except GaveUpError as error:
            return Annotation.failure(entry.skill_id, entry.source, str(error))
        additions = self._additions(entry.skill, answer)
        return Annotation.of(entry.skill_id, entry.source, answer.facts, additions)

    async def annotate_all(
        self, entries: Sequence[Entry], on_done: Callable[[], None] = lambda: None
    ) -> Asked:
        """Annotate every skill; stops asking at the first failure of the endpoint or the budget."""
        records: list[Annotation | None] = [None] * len(entries)
        waiting = iter(range(len(entries)))
        stopped: list[ProviderError | BudgetExceededError] = []

        async def work() -> None:
            for number in waiting:
                if stopped:
                    return
                try:
                    records[number] = await self.annotate(entries[number])
                except (ProviderError, BudgetExceededError) as error:
                    stopped.append(error)
                    return
                on_done()

        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(work())
        return Asked(tuple(records), stopped[0] if stopped else None)

    def _additions(self, skill: Skill, answer: Answer) -> Additions:
        return Additions(
            annotator=self.name,
            version=prompt_version(),
            digest=skill.digest,
            category=answer.category,
            hub_categories=answer.hub_categories,
            classifier=prompt_version(),
            operations=tuple(dict.fromkeys(answer.operations)),
            needs_network=answer.needs_network,
            risks=tuple(dict.fromkeys(answer.risks)),
        )
