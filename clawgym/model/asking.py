"""Asking a model: from the cache if it was asked before, with repairs if it answers badly."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel, ValidationError

from clawgym.errors import ProviderError
from clawgym.invalid import explain
from clawgym.model.answer_cache import AnswerCache, AnswerKey
from clawgym.model.protocol import ChatModel, ChatReply, Message, ToolSchema, Usage
from clawgym.model.structured import complete_json

REPAIRS = 2
"""How often a model is told what is wrong with its answer before we give up."""

_AnswerT = TypeVar("_AnswerT")
_ModelT = TypeVar("_ModelT", bound=BaseModel)

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(?P<body>.*)\n```\Z", re.DOTALL)


class UnusableAnswerError(Exception):
    """A reply that is no answer to the question; the message says why, in our own words."""


class GaveUpError(ProviderError):
    """The endpoint works, but its model gave no usable answer to this question."""


@dataclass(frozen=True)
class Question(Generic[_AnswerT]):
    """Messages, the schema of the answer, and the function that reads it or refuses it."""

    messages: tuple[Message, ...]
    schema: ToolSchema
    read: Callable[[str], _AnswerT]
    vote: int = 0


@dataclass
class Tally:
    """What was asked: questions in all, and how many of them the cache answered."""

    questions: int = 0
    from_cache: int = 0


class Asker:
    """Asks a model questions, at most `concurrency` at a time, each question once.

    `who` is what the model is called in messages, `sampling` a part of what identifies an answer;
    `repair` writes the message that tells what is wrong with one.
    """

    def __init__(
        self,
        model: ChatModel,
        cache: AnswerCache,
        repair: Callable[[str], Message],
        *,
        who: str = "model",
        sampling: str = "",
        concurrency: int = 4,
    ) -> None:
        self._model = model
        self._cache = cache
        self._repair = repair
        self._who = who
        self._sampling = sampling
        self._gate = asyncio.Semaphore(concurrency)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.tally = Tally()

    async def ask(self, question: Question[_AnswerT]) -> _AnswerT:
        """The answer.

        Raises:
            GaveUpError: the model did not answer usably after the repairs.
            ProviderError: the endpoint failed.
            BudgetExceededError: nothing may be spent any more.
        """
        key = AnswerKey(
            self._model.name, self._sampling, question.messages, question.schema, question.vote
        )
        lock = self._locks.setdefault(key.digest, asyncio.Lock())
        async with lock:
            self.tally.questions += 1
            kept = self._cache.get(key)
            if kept is not None:
                try:
                    answer = question.read(kept)
                except UnusableAnswerError:
                    pass  # kept by another version of this program, which read it differently
                else:
                    self.tally.from_cache += 1
                    return answer
            async with self._gate:
                answer, reply, usage = await self._usable(question)
            self._cache.put(key, reply, usage)
            return answer

    async def _usable(self, question: Question[_AnswerT]) -> tuple[_AnswerT, str, Usage]:
        messages = list(question.messages)
        problem = ""
        for _ in range(REPAIRS + 1):
            reply = await complete_json(self._model, messages, question.schema)
            text = reply.message.content
            try:
                return question.read(text), text, reply.usage
            except UnusableAnswerError as error:
                problem = _problem(error, reply)
            messages += [Message(reply.message.role, text), self._repair(problem)]
        raise GaveUpError(
            f"the {self._who} {self._model.name!r} gave no usable answer in {REPAIRS + 1} attempts "
            f"({problem}); choose a model that can answer in JSON"
        )


def parse_answer(shape: type[_ModelT], text: str) -> _ModelT:
    """Read the whole reply: an object fished out of prose may be a quotation of the material.

    Raises:
        UnusableAnswerError: it is no JSON of this shape.
    """
    body = _THOUGHTS.sub("", text).strip()
    if fenced := _FENCED.match(body):
        body = fenced["body"]
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise UnusableAnswerError(explain(error, "answer")) from error


def _problem(error: UnusableAnswerError, reply: ChatReply) -> str:
    if reply.finish_reason == "length":
        return "it was cut off at the token limit; be shorter"
    return str(error)
