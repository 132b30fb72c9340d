"""An OpenAI-compatible endpoint on loopback that a player speaks through, well-behaved or not.

What the player gives for a request is either a `Message`, which is served as a good endpoint would
serve it, streamed or whole, or a `Mishap`, which says what goes over the wire in its place.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from clawgym.model import Message
from clawgym.model._http import HEAD_BYTES, HttpRequest, read_request
from clawgym.model._wire import WireRequest
from tests.misbehaving import NOT_FOUND, response

Head = tuple[str, str]
"""Status line and body of a refusal."""


@dataclass(frozen=True)
class Mishap:
    """A reply that no good endpoint sends; what is set says which part of it is wrong.

    Attributes:
        name: what the table shows.
        refusal: status and body in place of a reply.
        headers: of the refusal, each line ending in CRLF.
        events: what is streamed in place of a reply, as it is.
        cut: hang up at the end, in the middle of the stream.
        silent: hang up without a byte.
        hangs: say nothing for a minute.
        message: a reply that is well-formed, but that no good model would give.
        finish: its reason to finish.
        usage: what it says the exchange has cost, in place of the truth.
    """

    name: str
    refusal: Head | None = None
    headers: str = ""
    events: Sequence[str] | None = None
    cut: bool = False
    silent: bool = False
    hangs: bool = False
    message: Message | None = None
    finish: str | None = None

    @property
    def passes(self) -> bool:
        """Whether nothing of it reaches the conversation: the same request is sent again."""
        return self.message is None


@dataclass
class Served:
    """What was asked and how it was answered, for the tests to look at."""

    base_url: str
    requests: list[WireRequest] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    window: int | None = None

    def widen(self) -> None:
        """Refuse no request for its length any more."""
        self.window = None


Player = Callable[[str, Sequence[Message]], Awaitable[Message | Mishap]]
"""From the name of the model that is asked and the conversation to what is answered."""


@contextlib.asynccontextmanager
async def serving(player: Player, *, window: int | None = None) -> AsyncGenerator[Served]:
    """Serve until the block ends; longer requests than `window` tokens are refused."""
    served = Served("", window=window)
    open_connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                while request := await read_request(reader, writer):
                    if not await _answer(request, writer, player, served):
                        break
        finally:
            open_connections.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=HEAD_BYTES)
    served.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield served
    finally:
        server.close()
        for task in list(open_connections):
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)


async def _answer(
    request: HttpRequest,
    writer: asyncio.StreamWriter,
    player: Player,
    served: Served,
) -> bool:
    """Answer one request; whether the connection can be used again."""
    if request.method == "GET":
        writer.write(NOT_FOUND)
        await writer.drain()
        return False
    asked = WireRequest.model_validate_json(request.body)
    model = json.loads(request.body)["model"]
    served.requests.append(asked)
    window = served.window
    if window and (tokens := len(request.body) // 4) > window:
        served.given.append("too long")
        writer.write(_refused(*_too_long(tokens, window)))
        await writer.drain()
        return False
    try:
        given = await player(model, [message.message() for message in asked.messages])
    except Exception as error:  # noqa: BLE001 - shown by whoever looks at the end
        served.problems.append(repr(error.__cause__ or error))
        return False
    served.given.append(given.name if isinstance(given, Mishap) else "")
    mishap = given if isinstance(given, Mishap) else Mishap("", message=given)
    if mishap.hangs:
        await asyncio.sleep(60)
    if mishap.silent or mishap.hangs:
        return False
    if mishap.refusal:
        writer.write(_refused(*mishap.refusal, mishap.headers))
        await writer.drain()
        return False
    whole = mishap.events or _events(mishap, len(request.body) // 4)
    if asked.stream or mishap.events is not None:
        writer.write(_streamed(whole, cut=mishap.cut))
    else:
        writer.write(_whole(mishap, len(request.body) // 4))
    await writer.drain()
    return False


def _refused(status: str, body: str, headers: str = "") -> bytes:
    return response(status, body, headers=headers)


def _too_long(tokens: int, window: int) -> Head:
    words = (
        f"This model's maximum context length is {window} tokens. However, your messages resulted "
        f"in {tokens} tokens. Please reduce the length of the messages."
    )
    error = {"message": words, "code": "context_length_exceeded", "param": "messages"}
    return "400 Bad Request", json.dumps({"error": error})


def _streamed(events: Sequence[str], *, cut: bool) -> bytes:
    body = "".join(f"data: {event}\n\n" for event in events)
    whole = response("200 OK", body, "text/event-stream")
    return whole.replace(b"Content-Length: ", b"Content-Length: 9") if cut else whole


def _events(mishap: Mishap, tokens: int) -> list[str]:
    message = mishap.message
    assert message is not None
    deltas: list[dict[str, Any]] = []
    if message.reasoning:
        deltas.append({"reasoning_content": message.reasoning})
    half = len(message.content) // 2
    deltas += [{"content": piece} for piece in (message.content[:half], message.content[half:])]
    for index, call in enumerate(message.tool_calls):
        named = {"index": index, "id": call.id, "type": "function"}
        middle = len(call.arguments) // 2
        for first, text in ((True, call.arguments[:middle]), (False, call.arguments[middle:])):
            function = {"arguments": text, **({"name": call.name} if first else {})}
            piece = named if first else {"index": index}
            deltas.append({"tool_calls": [{**piece, "function": function}]})
    chunks = [{"model": "served", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    finish = {"index": 0, "delta": {}, "finish_reason": _finish(mishap)}
    ends = [{"choices": [finish]}, {"choices": [], "usage": _usage(message, tokens)}]
    return [*map(json.dumps, [*chunks, *ends]), "[DONE]"]


def _whole(mishap: Mishap, tokens: int) -> bytes:
    message = mishap.message
    assert message is not None
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in message.tool_calls
    ]
    said = {"role": "assistant", "content": message.content, "tool_calls": calls}
    choice = {"index": 0, "message": said, "finish_reason": _finish(mishap)}
    body = {"model": "served", "choices": [choice], "usage": _usage(message, tokens)}
    return response("200 OK", json.dumps(body))


def _finish(mishap: Mishap) -> str:
    assert mishap.message is not None
    return mishap.finish or ("tool_calls" if mishap.message.tool_calls else "stop")


def _usage(message: Message, tokens: int) -> dict[str, int]:
    said = len(message.content) + sum(len(call.arguments) for call in message.tool_calls)
    return {"prompt_tokens": tokens, "completion_tokens": said // 4 + 1}
