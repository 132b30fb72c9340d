"""The ASGI application."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from clawgym.errors import ClawGymError, SessionBusyError
from graph_agents.agent import Agent
from graph_agents.serving.answering import Finished, Piece, Said, answer
from graph_agents.serving.conversations import HEADER, Asked, Conversations, take_apart
from graph_agents.serving.guard import Guard, read_body
from graph_agents.serving.shapes import (
    MODEL,
    ApiError,
    ChatRequest,
    JsonObject,
    Wire,
    model_card,
    model_list,
    read_request,
)
from mcp_servers.http import Doors, NoToken, SharedToken

_log = logging.getLogger(__name__)

_HUNG_UP = 499
"""Nobody reads it."""

_ALIVE_SECONDS = 15.0
"""After so long without a word, a comment keeps proxies from hanging up."""


def agent_app(
    agent: Agent,
    access: SharedToken | NoToken,
    *,
    doors: Doors | None = None,
    conversations: Path,
) -> Starlette:
    """The agent behind `/v1/models` and `/v1/chat/completions`.

    Args:
        agent: does the work; it must not need anybody to ask.
        access: who may call.
        doors: names that requests may call the server by, and pages that may call it.
        conversations: the SQLite file that knows which conversation is which session.

    Raises:
        UsageError: that file cannot be opened.
    """
    doors = doors or Doors()
    service = _Service(agent, Guard(access, doors), Conversations(agent, conversations))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        service.conversations.close()

    cors = Middleware(
        CORSMiddleware,
        allow_origins=doors.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", HEADER],
    )
    return Starlette(
        routes=[
            Route("/v1/models", service.guarded(service.models)),
            Route(f"/v1/models/{MODEL}", service.guarded(service.model)),
            Route("/v1/chat/completions", service.guarded(service.chat), methods=["POST"]),
            Route("/{path:path}", service.guarded(service.nowhere), methods=["GET", "POST"]),
        ],
        middleware=[cors] if doors.origins else [],
        lifespan=lifespan,
    )


Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class _Service:
    agent: Agent
    guard: Guard
    conversations: Conversations

    def guarded(self, handler: Handler) -> Handler:
        """Check first, and turn what goes wrong into OpenAI's shape."""

        async def handle(request: Request) -> Response:
            try:
                await self.guard.check(request)
                return await handler(request)
            except ApiError as error:
                return _failure(error)
            except ClawGymError as error:
                return _failure(_as_api_error(error))
            except ClientDisconnect:
                return Response(status_code=_HUNG_UP)

        return handle

    async def models(self, _: Request) -> Response:
        return JSONResponse(model_list())

    async def model(self, _: Request) -> Response:
        return JSONResponse(model_card())

    async def nowhere(self, request: Request) -> Response:
        raise ApiError(
            f"there is no {request.method} {request.url.path} here",
            status=HTTPStatus.NOT_FOUND,
            code="not_found",
        )

    async def chat(self, request: Request) -> Response:
        asked_for = read_request(await read_body(request))
        asked = take_apart(asked_for, request.headers.get(HEADER))
        turn = _Turn(self._pieces(asked))
        if asked_for.stream:
            return await _streamed(turn, asked_for)
        return await _unless_gone(turn, request)

    async def _pieces(self, asked: Asked) -> AsyncGenerator[Piece]:
        """The answer; its conversation is remembered before the last piece is handed on."""
        said: list[str] = []
        async with (
            self.conversations.session(asked) as (session, prompt),
            aclosing(answer(session.send(prompt))) as pieces,
        ):
            async for piece in pieces:
                if isinstance(piece, Said):
                    said.append(piece.text)
                if isinstance(piece, Finished):
                    self.conversations.answered(asked, "".join(said), session)
                yield piece


class _Turn:
    """A turn in a task of its own: what reads its pieces may be several tasks, or go away."""

    def __init__(self, pieces: AsyncGenerator[Piece]) -> None:
        self._pieces = pieces
        self._queue: asyncio.Queue[Piece | ClawGymError | ApiError | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._pump())

    async def next(self) -> Piece | None:
        """The next piece; None at the end.

        Raises:
            ApiError, ClawGymError: the turn failed.
        """
        piece = await self._queue.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def stop(self) -> None:
        """Cancel what is left of it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _pump(self) -> None:
        last: ClawGymError | ApiError | None = None
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    self._queue.put_nowait(piece)
        except (ClawGymError, ApiError) as error:
            last = error
        except Exception as error:  # noqa: BLE001 - the client must hear of it
            _log.exception("a turn failed")
            last = ApiError(f"the agent failed: {error!r}", status=500, kind="server_error")
        self._queue.put_nowait(last)


async def _whole(turn: _Turn) -> Response:
    text: list[str] = []
    thoughts: list[str] = []
    while piece := await turn.next():
        if isinstance(piece, Finished):
            body = Wire().whole("".join(text), "".join(thoughts), piece.reason, piece.usage)
            return JSONResponse(body)
        (text if isinstance(piece, Said) else thoughts).append(piece.text)
    raise ApiError("the turn ended without an end", status=HTTPStatus.BAD_GATEWAY)


async def _unless_gone(turn: _Turn, request: Request) -> Response:
    """The response, unless the client hangs up first: then the turn is cancelled."""
    working = asyncio.ensure_future(_whole(turn))
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait([working, gone], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else Response(status_code=_HUNG_UP)
    finally:
        working.cancel()
        gone.cancel()
        await turn.stop()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _streamed(turn: _Turn, asked_for: ChatRequest) -> Response:
    """A stream of events; what fails before the first piece is an ordinary status."""
    try:
        first = await turn.next()
    except BaseException:
        await turn.stop()
        raise
    body = _events(first, turn, with_usage=_wants_usage(asked_for))
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


def _wants_usage(asked_for: ChatRequest) -> bool:
    return bool(asked_for.stream_options and asked_for.stream_options.include_usage)


async def _events(first: Piece | None, turn: _Turn, *, with_usage: bool) -> AsyncGenerator[bytes]:
    wire, piece = Wire(), first
    try:
        yield _event(wire.piece({"role": "assistant", "content": ""}))
        while piece is not None:
            for chunk in _chunks(wire, piece, with_usage=with_usage):
                yield _event(chunk)
            coming = asyncio.ensure_future(turn.next())
            while not (await asyncio.wait([coming], timeout=_ALIVE_SECONDS))[0]:
                yield b": still at work\n\n"
            piece = coming.result()
        yield b"data: [DONE]\n\n"
    except ApiError as error:
        yield _event(error.body())
    except ClawGymError as error:
        yield _event(_as_api_error(error).body())
    finally:
        await turn.stop()


def _chunks(wire: Wire, piece: Piece, *, with_usage: bool) -> list[JsonObject]:
    if isinstance(piece, Said):
        return [wire.piece({"content": piece.text})]
    if not isinstance(piece, Finished):
        return [wire.piece({"reasoning_content": piece.text})]
    return [wire.piece({}, piece.reason), *([wire.usage(piece.usage)] if with_usage else [])]


def _event(body: JsonObject) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def _failure(error: ApiError) -> Response:
    headers = {"x-should-retry": "false"}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(error.body(), error.status, headers)


def _as_api_error(error: ClawGymError) -> ApiError:
    if isinstance(error, SessionBusyError):
        return ApiError(str(error), status=HTTPStatus.CONFLICT, code="session_busy")
    return ApiError(str(error), status=HTTPStatus.BAD_GATEWAY, kind="upstream_error")
