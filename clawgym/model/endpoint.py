"""Any `ChatModel` as an OpenAI-compatible endpoint on loopback.

It is how programs that only speak HTTP (command-line agents, the real OpenClaw, our own client in
tests) are given a model that we choose: one bearer key a rollout says which.
"""

import asyncio
import contextlib
import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import JsonValue, ValidationError

from clawgym.errors import BudgetExceededError, ClawGymError
from clawgym.model._http import (
    HEAD_BYTES,
    HttpFailure,
    HttpRequest,
    end_events,
    read_request,
    start_events,
    write_event,
    write_json,
)
from clawgym.model._wire import JsonObject, WireRequest, calls_to_wire, usage_to_wire
from clawgym.model.protocol import ChatModel, ChatReply, KnowsWindow, Message

_log = logging.getLogger(__name__)

Models = Callable[[str], ChatModel | None]
"""From the bearer key to the model that its holder may use; None answers 401."""


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint. `base_url` is what an OpenAI client is given; it ends in `/v1`."""

    base_url: str


@contextlib.asynccontextmanager
async def serve(
    models: ChatModel | Models, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[Endpoint]:
    """Serve until the block ends; replies in progress are then cancelled.

    Args:
        models: one model for every caller, or the function that picks it by bearer key.
        host: the address to listen on.
        port: 0 takes a free one.
    """
    service = _Service(models if callable(models) else lambda _: models)
    server = await asyncio.start_server(service.connected, host, port, limit=HEAD_BYTES)
    try:
        bound = server.sockets[0].getsockname()[1]
        yield Endpoint(f"http://{host}:{bound}/v1")
    finally:
        server.close()
        await service.stop()


class _Service:
    def __init__(self, models: Models) -> None:
        self._models = models
        self._connections: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while request := await read_request(reader, writer):
                await self._answer(request, writer)
                await writer.drain()
        except ConnectionError:
            _log.debug("a client went away")
        except HttpFailure as failure:
            _write_failure(writer, failure)
        except asyncio.CancelledError:
            # `stop` alone cancels; asyncio's streams log a cancelled handler as an error.
            _log.debug("the endpoint stopped")
        finally:
            self._connections.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _answer(self, request: HttpRequest, writer: asyncio.StreamWriter) -> None:
        try:
            model = self._model_for(request)
            match request.method, request.path:
                case "GET", "/v1/models":
                    write_json(writer, {"object": "list", "data": [await _model_card(model)]})
                case "POST", "/v1/chat/completions":
                    await _complete(_parse(request.body), model, writer)
                case method, path:
                    failure = HttpFailure(HTTPStatus.NOT_FOUND, f"no {method} {path} here")
                    _write_failure(writer, failure)
        except HttpFailure as failure:
            _write_failure(writer, failure)

    def _model_for(self, request: HttpRequest) -> ChatModel:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        model = self._models(key if scheme.lower() == "bearer" else "")
        if model is None:
            raise HttpFailure(HTTPStatus.UNAUTHORIZED, "unknown API key", "invalid_api_key")
        return model


def _parse(body: bytes) -> WireRequest:
    try:
        return WireRequest.model_validate_json(body)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, detail['loc'])) or 'body'}: {detail['msg']}"
            for detail in error.errors(include_url=False, include_input=False)
        )
        raise HttpFailure(HTTPStatus.BAD_REQUEST, problems) from error


async def _complete(request: WireRequest, model: ChatModel, writer: asyncio.StreamWriter) -> None:
    try:
        messages = [message.message() for message in request.messages]
    except ValueError as error:
        raise HttpFailure(HTTPStatus.BAD_REQUEST, f"messages: {error}") from error
    answer = _Answer(model, request, writer)
    await (answer.stream(messages) if request.stream else answer.whole(messages))


class _Answer:
    """One exchange, written as a whole or as a stream."""

    def __init__(
        self, model: ChatModel, request: WireRequest, writer: asyncio.StreamWriter
    ) -> None:
        self._model = model
        self._request = request
        self._writer = writer
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._started = False

    async def whole(self, messages: list[Message]) -> None:
        try:
            reply = await self._model.complete(messages, self._request.tools or ())
        except ClawGymError as error:
            raise _as_failure(error) from error
        message = reply.message
        body: JsonObject = {"role": "assistant", "content": message.content}
        if message.tool_calls:
            body["tool_calls"] = list[JsonValue](calls_to_wire(message.tool_calls))
        if message.reasoning is not None:
            body["reasoning_content"] = message.reasoning
        choice: JsonObject = {"index": 0, "message": body, "finish_reason": reply.finish_reason}
        usage = usage_to_wire(reply.usage)
        write_json(self._writer, self._object("chat.completion", choices=[choice], usage=usage))

    async def stream(self, messages: list[Message]) -> None:
        """Send the reply as it comes; a failure before the first piece is an ordinary status."""
        tools = self._request.tools or ()
        try:
            reply = await self._model.complete(messages, tools, on_delta=self._send_text)
        except ClawGymError as error:
            failure = _as_failure(error)
            if not self._started:
                raise failure from error
            self._send({"error": _error_body(failure)})
        else:
            self._finish(reply)
        end_events(self._writer)

    def _finish(self, reply: ChatReply) -> None:
        message = reply.message
        if message.reasoning is not None:
            self._send_delta({"reasoning_content": message.reasoning})
        for index, call in enumerate(calls_to_wire(message.tool_calls)):
            self._send_delta({"tool_calls": [call | {"index": index}]})
        self._send_delta({}, reply.finish_reason)
        options = self._request.stream_options
        if options and options.include_usage:
            usage = usage_to_wire(reply.usage)
            self._send(self._object("chat.completion.chunk", choices=[], usage=usage))
        write_event(self._writer, "[DONE]")

    def _send_text(self, text: str) -> None:
        self._send_delta({"content": text})

    def _send_delta(self, delta: JsonObject, finish_reason: str | None = None) -> None:
        delta = delta if self._started else {"role": "assistant", **delta}
        choice: JsonObject = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        self._send(self._object("chat.completion.chunk", choices=[choice]))

    def _send(self, event: JsonObject) -> None:
        if not self._started:
            self._started = True
            start_events(self._writer)
        write_event(self._writer, json.dumps(event, ensure_ascii=False))

    def _object(self, kind: str, **fields: JsonValue) -> JsonObject:
        name = self._request.model or self._model.name
        return {"id": self._id, "object": kind, "created": self._created, "model": name, **fields}


async def _model_card(model: ChatModel) -> JsonValue:
    card: JsonObject = {"id": model.name, "object": "model", "created": 0, "owned_by": "clawgym"}
    if isinstance(model, KnowsWindow) and (window := await model.context_window()):
        card["max_model_len"] = window
    return card


def _as_failure(error: ClawGymError) -> HttpFailure:
    if isinstance(error, BudgetExceededError):
        return HttpFailure(HTTPStatus.TOO_MANY_REQUESTS, str(error), "insufficient_quota")
    return HttpFailure(HTTPStatus.BAD_GATEWAY, str(error), "upstream_failed")


def _error_body(failure: HttpFailure) -> JsonObject:
    return {"message": str(failure), "type": failure.code, "code": failure.code}


def _write_failure(writer: asyncio.StreamWriter, failure: HttpFailure) -> None:
    """Errors are final: the model behind has done its own retries."""
    body: JsonObject = {"error": _error_body(failure)}
    write_json(writer, body, failure.status, "x-should-retry: false\r\n")
