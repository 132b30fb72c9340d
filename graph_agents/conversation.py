"""The conversation as a model may be shown it, kept up step by step.

Providers refuse a history in which a call has no answer, or an answer no call; a cancelled turn
leaves the first, an edited state the second. The stored messages stay as they are; what is sent is
repaired. Only the messages since the last step are looked at.

An agent keeps thousands of messages, and a process many agents: beside the state there is no second
object for each of them, only the JSON of the whole while a turn is under way.
"""

from collections.abc import Callable, Sequence
from operator import is_
from typing import overload

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from clawgym.model import Message, Role
from graph_agents.chat_model import to_message, tool_requests

UNKNOWN_END = (
    "Error: no result was kept, because the run was interrupted while this call was in flight; it "
    "may have taken effect. Look before you repeat it."
)
"""Answers a call of which nothing else is known."""

_MARK = "clawgym"


def marked(message: BaseMessage, mark: str) -> bool:
    """Whether the agent itself wrote a user message: a `nudge`, `steer`, `summary` or `go_on`."""
    return message.additional_kwargs.get(_MARK) == mark


def mark(what: str) -> dict[str, str]:
    """The `additional_kwargs` of a message that the agent writes for the user."""
    return {_MARK: what}


def _grants(message: HumanMessage) -> bool:
    """Whether the user gives the agent all its turns and calls with this message."""
    return not message.additional_kwargs.get(_MARK) or marked(message, "go_on")


class Conversation:
    """What a thread has said, repaired, and how far its current turn has got.

    `turns` and `calls` count the model's replies and the tools' answers since the user's last
    message that began a turn, or let one go on; `begun` counts those messages.
    """

    def __init__(self) -> None:
        self._state: Sequence[BaseMessage] = ()
        self._taken = 0
        self._open: list[tuple[str, str]] = []
        self.messages: list[BaseMessage] = []
        self.turns = 0
        self.calls = 0
        self.begun = 0
        self._kept = _Encoded()

    def follow(self, state: Sequence[BaseMessage]) -> None:
        """Take in the state of the thread; mostly it has grown at its end.

        The list itself is kept, not a copy; it may grow, but what it has stays as it is.
        """
        if self._taken > len(state) or not all(map(is_, self._state[: self._taken], state)):
            self._restart()
        for message in state[self._taken :]:
            self._take(message)
        self._state, self._taken = state, len(state)

    def rewrite(self, state: Sequence[BaseMessage]) -> None:
        """Take in a state whose beginning was summarised; the turn has got as far as before."""
        turns, calls, begun = self.turns, self.calls, self.begun
        self.follow(state)
        self.turns, self.calls, self.begun = turns, calls, begun

    def _restart(self) -> None:
        self._state, self._taken = (), 0
        self._open, self.messages = [], []
        self._kept = _Encoded()
        self.turns = self.calls = self.begun = 0

    def _take(self, message: BaseMessage) -> None:
        if isinstance(message, ToolMessage):
            self.calls += 1
            self._answer(message)
            return
        self.messages += self._unanswered()
        self._open.clear()
        self.messages.append(message)
        if isinstance(message, AIMessage):
            self.turns += 1
            self._open = [(call.id, call.name) for call in tool_requests(message)]
        elif isinstance(message, HumanMessage) and _grants(message):
            self.turns = self.calls = 0
            self.begun += 1

    def _answer(self, message: ToolMessage) -> None:
        for position, (call, _) in enumerate(self._open):
            if call == message.tool_call_id:
                del self._open[position]
                self.messages.append(message)
                return

    def _unanswered(self) -> list[BaseMessage]:
        return [
            ToolMessage(UNKNOWN_END, tool_call_id=call, name=name, status="error")
            for call, name in self._open
        ]

    def shown(self) -> list[BaseMessage]:
        """The messages for a model, every call answered."""
        return [*self.messages, *self._unanswered()]

    def wire(self, system: str) -> Sequence[Message]:
        """The same in our own shape, after a system prompt."""
        return _Wire(Message(Role.SYSTEM, system), self.messages, self._unanswered(), self._kept)

    def rest(self) -> None:
        """Let go of what only the next request would need; it can be made again."""
        self._kept = _Encoded()


class _Encoded:
    """The JSON of the messages that were sent so far."""

    def __init__(self) -> None:
        self._count = 0
        self._json = bytearray()
        self._encode: Callable[[Message], bytes] | None = None

    def of(
        self, messages: Sequence[BaseMessage], encode: Callable[[Message], bytes]
    ) -> bytes | bytearray:
        """The JSON of a conversation that begins with what was sent."""
        if encode is not self._encode or len(messages) < self._count:
            self._count, self._json, self._encode = 0, bytearray(), encode
        for message in messages[self._count :]:
            self._json += b", " + encode(to_message(message))
            self._count += 1
        return self._json


class _Wire(Sequence[Message]):
    """A conversation as one request has it; messages are made when they are looked at."""

    def __init__(
        self,
        system: Message,
        said: Sequence[BaseMessage],
        missing: Sequence[BaseMessage],
        kept: _Encoded,
    ) -> None:
        self._system = system
        self._said, self._length = said, len(said)
        self._missing = missing
        self._kept = kept

    def __len__(self) -> int:
        return 1 + self._length + len(self._missing)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        if isinstance(index, slice):
            return [self[each] for each in range(len(self))[index]]
        position = range(len(self))[index] - 1
        if position < 0:
            return self._system
        # What was said goes on growing after this request.
        missing = position - self._length
        return to_message(self._said[position] if missing < 0 else self._missing[missing])

    def encoded(self, encode: Callable[[Message], bytes], /) -> bytes:
        """As `EncodedOnce`."""
        said = self._kept.of(self._said[: self._length], encode)
        missing = [b", " + encode(to_message(message)) for message in self._missing]
        return b"".join([encode(self._system), said, *missing])
