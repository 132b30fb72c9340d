"""A model that is asked again when it may help, and gives way to the next one when it does not."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from clawgym.errors import ProviderBusyError, ProviderError
from clawgym.model import ChatModel, ChatReply, Message, OnDelta, ToolSchema
from clawgym.model.patience import Patience
from graph_agents.control.overflow import is_overflow
from graph_agents.events import FellBack, Retried, emit
from graph_agents.hearing import Heard


@dataclass(frozen=True)
class _Failure:
    model: str
    error: ProviderError


class SteadyModel:
    """Several models in order of preference, each asked with patience.

    A model that has failed for good is not asked again in this session until all others failed,
    too. Who listens to events is told of each wait and each change of model.

    Args:
        models: the preferred one first; they should not retry by themselves.
        patience: how often and how long each is asked.
    """

    def __init__(self, models: Sequence[ChatModel], patience: Patience | None = None) -> None:
        self._models = list(models)
        self._patience = patience or Patience(attempts=4, longest_wait=30.0)
        self._current = 0

    @property
    def name(self) -> str:
        """The model that is asked at present."""
        return self._models[self._current].name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """Ask until one answers.

        Raises:
            ProviderError: all of them failed; the message is of the preferred one, the others
                follow as notes.
        """
        failures: list[_Failure] = []
        for step in range(len(self._models)):
            position = (self._current + step) % len(self._models)
            model = self._models[position]
            try:
                reply = await self._ask(model, messages, tools, on_delta)
            except ProviderError as error:
                failures.append(_Failure(model.name, error))
                if is_overflow(error):
                    raise  # the next model would be asked the same; the conversation is at fault
                if step + 1 < len(self._models):
                    follower = self._models[(position + 1) % len(self._models)]
                    emit(FellBack(model.name, follower.name))
                    _begin_anew(on_delta)
            else:
                self._current = position
                return reply
        first, *others = failures
        for other in others:
            first.error.add_note(f"{other.model} failed as well: {other.error}")
        raise first.error

    async def _ask(
        self,
        model: ChatModel,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema],
        on_delta: OnDelta | None,
    ) -> ChatReply:
        for attempt in range(self._patience.attempts - 1):
            try:
                async with asyncio.timeout(self._patience.deadline):
                    return await model.complete(messages, tools, on_delta=on_delta)
            except TimeoutError:
                why = f"no whole answer in {self._patience.deadline:g} s"
                delay = self._patience.first_wait * random.uniform(0.5, 1.0)
            except ProviderBusyError as error:
                if is_overflow(error):
                    raise
                why, delay = str(error), self._patience.wait(attempt, error)
            emit(Retried(f"model {model.name}", why, round(delay, 3)))
            _begin_anew(on_delta)
            await asyncio.sleep(delay)
        return await model.complete(messages, tools, on_delta=on_delta)


def _begin_anew(on_delta: OnDelta | None) -> None:
    """Whoever hears the reply hears it from its beginning again."""
    if isinstance(on_delta, Heard):
        on_delta.anew()
