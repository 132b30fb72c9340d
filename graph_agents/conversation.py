"""The conversation as a model may be shown it, kept up step by step.

Providers refuse a history in which a call has no answer, or an answer no call; a cancelled turn
leaves the first, an edited state the second. The stored messages stay as they are; what is sent is
repaired. Only the messages since the last step are looked at, and each is translated once.
"""

from collections.abc import Sequence
from operator import is_

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from clawgym.model import Message
from graph_agents.chat_model import to_message, tool_requests

UNKNOWN_END = (
    "Error: no result was kept, because the run was interrupted while this call was in flight; it "
    "may have taken effect. Look before you repeat it."
)
"""Answers a call of which nothing else is known."""

_MARK = "clawgym"


def marked(message: BaseMessage, mark: str) -> bool:
    """Whether the agent itself wrote a user message, and for what: `nudge`, `steer`, `summary`."""
    return message.additional_kwargs.get(_MARK) == mark


def mark(what: str) -> dict[str, str]:
    """The `additional_kwargs` of a message that the agent writes for the user."""
    return {_MARK: what}


class Conversation:
    """What a thread has said, repaired, and how far its current turn has got.

    `turns` and `calls` count the model's replies and the tools' answers since the user's last
    message that began a turn.
    """

    def __init__(self) -> None:
        self._seen: list[BaseMessage] = []
        self._open: list[tuple[str, str]] = []
        self.messages: list[BaseMessage] = []
        self.turns = 0
        self.calls = 0
        self._wire: list[Message] = []

    def follow(self, state: Sequence[BaseMessage]) -> None:
        """Take in the state of the thread; mostly it has grown at its end."""
        known = len(self._seen)
        if known > len(state) or not all(map(is_, self._seen, state)):
            self._restart()
            known = 0
        for message in state[known:]:
            self._take(message)
            self._seen.append(message)

    def rewrite(self, state: Sequence[BaseMessage]) -> None:
        """Take in a state whose beginning was summarised; the turn has got as far as before."""
        turns, calls = self.turns, self.calls
        self.follow(state)
        self.turns, self.calls = turns, calls

    def _restart(self) -> None:
        self._seen, self._open, self.messages, self._wire = [], [], [], []
        self.turns = self.calls = 0

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
        elif isinstance(message, HumanMessage) and not message.additional_kwargs.get(_MARK):
            self.turns = self.calls = 0

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

    def wire(self) -> list[Message]:
        """The same in our own shape; each message is the same object every time."""
        self._wire += [to_message(message) for message in self.messages[len(self._wire) :]]
        return [*self._wire, *map(to_message, self._unanswered())]
