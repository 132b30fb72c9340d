"""How many tokens a conversation has: measured where the model said so, else estimated.

No tokenizer: which one a served model has is rarely known, and loading one costs more than a turn.
"""

from collections.abc import Callable, Sequence
from weakref import ReferenceType, ref

from langchain_core.messages import AIMessage, BaseMessage

from graph_agents.chat_model import tool_requests, usage_of
from graph_agents.conversation import marked

SUMMARY = "summary"
"""The mark of the message that stands for a compacted part of the conversation."""

KEPT = "kept"
"""Where that message says how many messages after it are older than itself."""

_BYTES_A_TOKEN = 3.5
"""English prose has 4.5, JSON and code 3, Chinese 3: an estimate should rather be too high."""

_OF_A_MESSAGE = 4
_OF_A_PICTURE = 1_000


def text_tokens(text: str) -> int:
    """An estimate for a text."""
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return round(size / _BYTES_A_TOKEN)


class TokenEstimate:
    """Counts conversations; a message is looked at once, however often it is asked about.

    Up to the last reply whose usage the endpoint reported, that report counts; what follows it is
    estimated. Reports from before a compaction mean nothing any more: until there is a new one,
    everything is estimated, with `overhead` tokens for system prompt and tools.
    """

    def __init__(self, overhead: int = 0) -> None:
        self._overhead = overhead
        self._known: dict[int, tuple[ReferenceType[BaseMessage], int]] = {}

    def count(self, messages: Sequence[BaseMessage]) -> int:
        """The tokens of a conversation."""
        position, measured = _measured(messages)
        start = measured or self._overhead
        return start + sum(self.of(message) for message in messages[position:])

    def of(self, message: BaseMessage) -> int:
        """The estimate for one message."""
        key = id(message)
        known = self._known.get(key)
        if known is not None and known[0]() is message:
            return known[1]
        tokens = message_tokens(message)
        self._known[key] = (ref(message, self._forget(key)), tokens)
        return tokens

    def _forget(self, key: int) -> Callable[[object], None]:
        def forget(_: object) -> None:
            self._known.pop(key, None)

        return forget


def message_tokens(message: BaseMessage) -> int:
    """An estimate for one message, its calls included."""
    tokens = _OF_A_MESSAGE + text_tokens(str(message.text))
    if not isinstance(message.content, str):
        pictures = [part for part in message.content if _is_picture(part)]
        tokens += _OF_A_PICTURE * len(pictures)
    if isinstance(message, AIMessage):
        calls = tool_requests(message)
        tokens += sum(_OF_A_MESSAGE + text_tokens(call.name + call.arguments) for call in calls)
    return tokens


def _is_picture(part: object) -> bool:
    return isinstance(part, dict) and "image" in str(part.get("type"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _measured(messages: Sequence[BaseMessage]) -> tuple[int, int]:
    """How many messages the last report of the endpoint covers, and their tokens."""
    for position in range(len(messages) - 1, _before_compaction(messages), -1):
        message = messages[position]
        if isinstance(message, AIMessage):
            usage = usage_of(message)
            if usage.prompt_tokens:
                return position + 1, usage.prompt_tokens + usage.completion_tokens
    return 0, 0


def _before_compaction(messages: Sequence[BaseMessage]) -> int:
    """The last message whose report speaks of what is not there any more; -1 if none does."""
    first = messages[0] if messages else None
    if first is None or not marked(first, SUMMARY):
        return -1
    kept = first.additional_kwargs.get(KEPT)
    return kept if isinstance(kept, int) else len(messages)
