"""A model whose replies are kept, good or bad: the same questions get the same replies again."""

import asyncio
import json
from collections.abc import Sequence
from weakref import WeakValueDictionary

from clawgym.model.answer_cache import AnswerCache, AnswerKey
from clawgym.model.protocol import ChatModel, ChatReply, Message, Role, ToolSchema
from clawgym.model.structured import complete_json


class RememberingModel:
    """Asks each question once, also when it is asked twice at a time.

    Unlike `Asker` it keeps replies that nobody can use as well: a conversation that was repaired
    comes out the same from the cache, to the byte. `sampling` is a part of what identifies a reply.
    """

    def __init__(self, model: ChatModel, cache: AnswerCache, *, sampling: str = "") -> None:
        self._model = model
        self._cache = cache
        self._sampling = sampling
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.from_cache = 0

    @property
    def name(self) -> str:
        """The model id."""
        return self._model.name

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        """The reply; one from the cache has cost nothing, so its usage is zero.

        Raises:
            ProviderError: the endpoint failed; that is never kept.
            BudgetExceededError: nothing may be spent any more.
        """
        key = AnswerKey(self.name, self._sampling, tuple(messages), schema, 0)
        lock = self._locks.setdefault(key.digest, asyncio.Lock())
        async with lock:
            kept = self._cache.get(key)
            if kept is not None:
                self.from_cache += 1
                content, reason = json.loads(kept)
                return ChatReply(
                    Message(Role.ASSISTANT, content), finish_reason=reason, model=self.name
                )
            reply = await complete_json(self._model, messages, schema)
            kept = json.dumps([reply.message.content, reply.finish_reason])
            self._cache.put(key, kept, reply.usage)
            return reply
