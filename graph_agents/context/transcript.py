"""A conversation as a text to be summarised: long parts are shortened, and that is said."""

from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from graph_agents.chat_model import tool_requests
from graph_agents.context.tokens import SUMMARY, text_tokens
from graph_agents.conversation import marked

_OF_RESULT = 3_000
_OF_ARGUMENTS = 1_500
_OF_WORDS = 12_000


def pieces(messages: Sequence[BaseMessage], tokens: int) -> list[str]:
    """The transcript in pieces of about so many tokens, one at least; messages stay whole."""
    room = max(tokens, 500)
    found: list[list[str]] = [[]]
    used = 0
    for message in messages:
        text = shown(message)
        size = text_tokens(text)
        if found[-1] and used + size > room:
            found.append([])
            used = 0
        found[-1].append(text)
        used += size
    return ["\n\n".join(piece) for piece in found]


def shown(message: BaseMessage) -> str:
    """One message, with who speaks."""
    text = str(message.text)
    if isinstance(message, ToolMessage):
        state = " (error)" if message.status == "error" else ""
        return f"[result of {message.name or 'a tool'}{state}]\n{_short(text, _OF_RESULT)}"
    if isinstance(message, AIMessage):
        return "\n".join(_of_agent(message, text))
    who = "earlier summary" if marked(message, SUMMARY) else "user"
    return f"[{who}]\n{_short(_with_pictures(message, text), _OF_WORDS)}"


def _of_agent(message: AIMessage, text: str) -> Iterator[str]:
    yield "[agent]"
    if text:
        yield _short(text, _OF_WORDS)
    for call in tool_requests(message):
        yield f"[calls {call.name}] {_short(call.arguments, _OF_ARGUMENTS)}"


def _with_pictures(message: BaseMessage, text: str) -> str:
    if isinstance(message.content, str):
        return text
    others = sum(1 for part in message.content if not isinstance(part, str)) - bool(text)
    return f"{text}\n[with {others} pictures or other parts]" if others > 0 else text


def _short(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = limit // 4
    left_out = len(text) - limit
    return f"{text[: limit - tail]}\n[… {left_out:,} characters …]\n{text[len(text) - tail :]}"
