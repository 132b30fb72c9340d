"""A model that is asked again when its endpoint fails in a way that may pass."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from clawgym.errors import ProviderBusyError
from clawgym.model.protocol import ChatModel, ChatReply, Message, OnDelta, ToolSchema
from clawgym.model.structured import complete_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How often and how long. All times are in seconds.

    `deadline` is for one whole answer, which a stream that drips would never miss otherwise; the
    wait between attempts doubles from `first_wait`, an endpoint that names a time is waited for,
    and both end at `longest_wait`.
    """

    attempts: int = 6
    deadline: float = 600.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def wait(self, attempt: int, error: ProviderBusyError) -> float:
        """How long to wait after this attempt; with jitter, as many may have failed at once."""
        if error.retry_after is not None:
            return min(self.longest_wait, error.retry_after)
        return min(self.longest_wait, self.first_wait * 2**attempt) * random.uniform(0.5, 1.0)


class PatientModel:
    """Asks a model until it answers or patience ends. The model should not retry by itself."""

    def __init__(self, model: ChatModel, patience: Patience | None = None) -> None:
        self._model = model
        self._patience = patience or Patience()

    @property
    def name(self) -> str:
        """The model id."""
        return self._model.name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """Ask the model; a repeated attempt streams from the beginning.

        Raises:
            ProviderError: it failed in a way that does not pass, or as often as is tried.
        """
        return await self._ask(lambda: self._model.complete(messages, tools, on_delta=on_delta))

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        """Ask the model for JSON; raises as `complete`."""
        return await self._ask(lambda: complete_json(self._model, messages, schema))

    async def _ask(self, call: Callable[[], Awaitable[ChatReply]]) -> ChatReply:
        for attempt in range(self._patience.attempts - 1):
            try:
                return await self._in_time(call)
            except ProviderBusyError as error:
                seconds = self._patience.wait(attempt, error)
                _log.info("%s; asked again in %.1f s", error, seconds)
            await asyncio.sleep(seconds)
        return await self._in_time(call)

    async def _in_time(self, call: Callable[[], Awaitable[ChatReply]]) -> ChatReply:
        deadline = self._patience.deadline
        try:
            async with asyncio.timeout(deadline):
                return await call()
        except TimeoutError as error:
            raise ProviderBusyError(
                f"the model {self.name!r} was not done with its answer after {deadline:g} s; "
                "allow more time, or ask for shorter answers"
            ) from error
