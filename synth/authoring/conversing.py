"""One stage as a conversation: an answer is read, tried, and if it fails, told what failed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from openai import APIStatusError

from clawgym.errors import ContextOverflowError, ProviderBusyError, ProviderError
from clawgym.model import ChatReply, Message, Role
from clawgym.model.asking import UnusableAnswerError, parse_answer
from clawgym.model.remembering import RememberingModel
from synth.authoring.answers import Answer
from synth.authoring.prompting import repair
from synth.authoring.schemas import answer_schema

REPAIRS = 3
"""How often a model is told what failed before a stage is given up."""

REFUSED = "refused"
"""The gate of a question that the endpoint does not take, by its content policy or its length."""

_OF_THE_ACCOUNT = (401, 403, 404)
"""What is wrong with key, permissions or address stays wrong for the next question as well."""

_READ_CHARS = 1_500_000
_ECHO_CHARS = 60_000
_TOLD = 12

_AnswerT = TypeVar("_AnswerT", bound=Answer)
_ResultT = TypeVar("_ResultT")


class RejectedError(Exception):
    """An answer of the right form that does not do. `gate` says at which gate it failed."""

    def __init__(self, gate: str, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems[:3]))
        self.gate = gate
        self.problems = tuple(problems)


class StageFailedError(Exception):
    """A stage that came to nothing, after all repairs; the last failure says why."""

    def __init__(self, gate: str, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems[:3]))
        self.gate = gate
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Outcome(Generic[_ResultT]):
    """What a stage came to, and the gates at which earlier answers had failed."""

    result: _ResultT
    repaired: tuple[str, ...] = ()


async def converse(
    model: RememberingModel,
    messages: Sequence[Message],
    shape: type[_AnswerT],
    accept: Callable[[_AnswerT], Awaitable[_ResultT]],
    *,
    repairs: int = REPAIRS,
) -> Outcome[_ResultT]:
    """Ask until an answer is accepted.

    Args:
        model: who is asked.
        messages: the question.
        shape: the form of the answer.
        accept: makes the result of an answer, or raises `RejectedError` with all that is wrong.
        repairs: how often it is told what failed.

    Raises:
        StageFailedError: no answer was accepted, or the endpoint refuses the question.
        ProviderError: the endpoint failed in a way that other questions meet as well.
        BudgetExceededError: nothing may be spent any more.
    """
    said, failed = list(messages), list[str]()
    while True:
        try:
            reply = await model.complete_json(said, answer_schema(shape))
        except ProviderError as error:
            if not _is_refusal(error):
                raise
            raise StageFailedError(REFUSED, [str(error)]) from error
        try:
            answer = _read(shape, reply)
            return Outcome(await accept(answer), tuple(failed))
        except RejectedError as error:
            problem = error
        except UnusableAnswerError as error:
            problem = RejectedError("form", [str(error)])
        failed.append(problem.gate)
        if len(failed) > repairs:
            raise StageFailedError(problem.gate, problem.problems)
        said = [*messages, _echo(reply), repair(shorten(problem.problems), len(failed), repairs)]


def _is_refusal(error: ProviderError) -> bool:
    """Whether it is this question that the endpoint refuses, and not all of them."""
    if isinstance(error, ProviderBusyError):
        return False
    cause = error.__cause__
    refused = isinstance(cause, APIStatusError) and cause.status_code not in _OF_THE_ACCOUNT
    return refused or isinstance(error, ContextOverflowError)


def shorten(problems: Sequence[str]) -> list[str]:
    """The first problems, each in one bounded line, and how many more there are."""
    told = [" ".join(problem.split())[:600] for problem in problems[:_TOLD]]
    more = len(problems) - len(told)
    return [*told, f"and {more} more"] if more > 0 else told


def _read(shape: type[_AnswerT], reply: ChatReply) -> _AnswerT:
    text = reply.message.content
    if reply.finish_reason == "length":
        raise UnusableAnswerError("it was cut off at the token limit; be shorter")
    if not text.strip():
        raise UnusableAnswerError("it is empty")
    if len(text) > _READ_CHARS:
        raise UnusableAnswerError(f"it has {len(text):,} characters; be much shorter")
    return parse_answer(shape, text)


def _echo(reply: ChatReply) -> Message:
    """The failed answer as the model sees it again; only the last one, and not at any length."""
    text = reply.message.content
    if len(text) > _ECHO_CHARS:
        text = f"{text[:_ECHO_CHARS]}\n[{len(text) - _ECHO_CHARS:,} more characters]"
    return Message(Role.ASSISTANT, text)
