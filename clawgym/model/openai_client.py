"""Any OpenAI-compatible endpoint as a `ChatModel`, through the `openai` package.

Importing this module imports `openai` (0.25 CPU seconds), so `clawgym.model` does not re-export it.
"""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, Self, TypeVar, cast

from httpx2 import HTTPError, Request
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAPIResponse,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    OpenAIError,
    RequestOptions,
)
from openai._constants import RAW_RESPONSE_HEADER
from pydantic import BaseModel, JsonValue, ValidationError

from clawgym.errors import ProviderBusyError, ProviderError
from clawgym.model._assembly import Assembly
from clawgym.model._wire import JsonObject, WireChunk, WireModels, WireReply, request_json
from clawgym.model.protocol import ChatReply, Message, OnDelta, ToolSchema

_log = logging.getLogger(__name__)

_WireT = TypeVar("_WireT", bound=BaseModel)

_ADVICE = {
    400: "the endpoint does not accept this request; see its own words",
    401: "check the API key",
    403: "this API key may not use the model; check the key and its permissions",
    404: "check the model name and that the base URL ends as the provider says (often /v1)",
    429: "the rate limit or the quota is used up; wait, or lower the number of parallel jobs",
}


_PATH = "/chat/completions"
_WITH_USAGE: JsonObject = {"include_usage": True}
_REFUSED = (400, 422)
_PASSING = (408, 409, 429)
_GLANCE = 3.0
"""Seconds that a list of models may take; it only tells what is good to know."""


class OpenAIModel:
    """A chat model behind an OpenAI-compatible endpoint.

    The connection pool belongs to the event loop of the first call; close it with `close`, or use
    the model in `async with`.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 600.0,
        max_retries: int = 2,
        max_tokens: int | None = None,
        temperature: float | None = None,
        on_request: Callable[[], None] | None = None,
    ) -> None:
        """Describe the endpoint; nothing is opened yet.

        Args:
            name: the model id that the endpoint knows.
            base_url: up to and including `/v1` for most providers.
            api_key: the bearer key; local servers take any non-empty one.
            timeout: seconds without a byte before a request counts as failed.
            max_retries: how often 408, 409, 429, 5xx and lost connections are tried again.
            max_tokens: the longest reply; None leaves it to the endpoint.
            temperature: None leaves it to the endpoint.
            on_request: called before each HTTP request goes out, repeated ones included.
        """
        self._name = name
        self._base_url = base_url
        self._api_key = api_key
        self._timeout = timeout
        self._max_retries = max_retries
        sampling: JsonObject = {"max_tokens": max_tokens, "temperature": temperature}
        self._sampling = {key: value for key, value in sampling.items() if value is not None}
        self._on_request = on_request
        self._opened: AsyncOpenAI | None = None
        self._last_tools: tuple[Sequence[ToolSchema], bytes] = ((), b"")
        self._takes_schemas = True

    @property
    def name(self) -> str:
        """The model id."""
        return self._name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """Ask the endpoint, streaming when `on_delta` is given.

        Raises:
            ProviderError: no connection, an error status, or a reply outside the protocol; a
                `ProviderBusyError` where asking again may help.
        """
        try:
            if on_delta:
                body = self._body(messages, tools, stream=True, stream_options=_WITH_USAGE)
                return await self._streamed(body, on_delta)
            return await self._whole(self._body(messages, tools))
        except (OpenAIError, HTTPError) as error:
            raise self._failure(error) from error

    async def complete_json(self, messages: Sequence[Message], schema: ToolSchema) -> ChatReply:
        """Ask for JSON of this schema; an endpoint that takes no schemas is asked without one.

        Raises:
            ProviderError: as `complete`.
        """
        if not self._takes_schemas:
            return await self.complete(messages)
        answer: JsonObject = {"name": "answer", "strict": True, "schema": schema}
        held_to: JsonObject = {"type": "json_schema", "json_schema": answer}
        try:
            return await self._whole(self._body(messages, (), response_format=held_to))
        except APIStatusError as error:
            if error.status_code not in _REFUSED:
                raise self._failure(error) from error
            refusal = self._explain(error)
        except (OpenAIError, HTTPError) as error:
            raise self._failure(error) from error
        reply = await self.complete(messages)
        self._takes_schemas = False
        _log.info("%s; from now on it is asked without a schema", refusal)
        return reply

    async def context_window(self) -> int | None:
        """The tokens that the model takes, where the endpoint's list of models says so."""
        headers = {RAW_RESPONSE_HEADER: "raw"}
        client = self._client.with_options(max_retries=0)
        try:
            async with asyncio.timeout(_GLANCE):
                answer = await client.get("/models", cast_to=object, options={"headers": headers})
                listed = await cast("AsyncAPIResponse[object]", answer).read()
            return WireModels.model_validate_json(listed).window_of(self._name)
        except (OpenAIError, HTTPError, TimeoutError, ValidationError) as error:
            _log.debug("%s does not say its context window: %r", self._where, error)
            return None

    async def close(self) -> None:
        """Close the connections. Closing twice is fine, and so is using the model again."""
        if self._opened:
            await self._opened.close()
            self._opened = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def _client(self) -> AsyncOpenAI:
        if self._opened is None:
            self._opened = AsyncOpenAI(
                base_url=self._base_url,
                api_key=self._api_key or "none",
                timeout=self._timeout,
                max_retries=self._max_retries,
                http_client=self._counting_client(),
            )
        return self._opened

    def _counting_client(self) -> DefaultAsyncHttpxClient | None:
        called = self._on_request
        if called is None:
            return None

        async def sent(request: Request) -> None:
            del request
            called()

        return DefaultAsyncHttpxClient(event_hooks={"request": [sent]})

    def _body(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], **more: JsonValue
    ) -> bytes:
        """The request, ready to be sent.

        The client would walk its parameters type by type and change nothing: 177 ms CPU at 1,000
        messages. It is given bytes, of which all but the newest messages were made before.
        """
        head: JsonObject = {"model": self._name, **self._sampling, **more}
        return request_json(head, messages, self._tools_json(tools) if tools else None)

    def _tools_json(self, tools: Sequence[ToolSchema]) -> bytes:
        known, text = self._last_tools
        if known is not tools:
            text = json.dumps(tools, ensure_ascii=False).encode()
            if isinstance(tools, tuple):  # A list may change while it stays the same object.
                self._last_tools = (tools, text)
        return text

    async def _whole(self, body: bytes) -> ChatReply:
        response = await self._post(body, "raw")
        return self._parse(WireReply, await response.read()).reply()

    async def _post(self, body: bytes, how: Literal["raw", "stream"]) -> AsyncAPIResponse[object]:
        """Send a request; with `stream`, the body of the answer is not read yet."""
        headers = {"Content-Type": "application/json", RAW_RESPONSE_HEADER: how}
        options: RequestOptions = {"headers": headers}
        answer = await self._client.post(_PATH, cast_to=object, content=body, options=options)
        # The header makes the client hand out the response as it is, whatever `cast_to` says.
        return cast("AsyncAPIResponse[object]", answer)

    async def _streamed(self, body: bytes, on_delta: OnDelta) -> ChatReply:
        assembly = Assembly(on_delta)
        response = await self._post(body, "stream")
        try:
            async for data in _server_sent(response.iter_lines()):
                chunk = self._parse(WireChunk, data)
                if chunk.error is not None:
                    raise ProviderBusyError(f"{self._where} gave up while answering: {chunk.error}")
                assembly.add(chunk)
        finally:
            await response.close()
        if assembly.finish_reason is None:
            raise ProviderBusyError(
                f"the reply of {self._where} ended in the middle; try again, look at its log, and "
                "check that the base URL is an OpenAI-compatible endpoint"
            )
        return assembly.reply()

    def _parse(self, shape: type[_WireT], data: str | bytes) -> _WireT:
        try:
            return shape.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "body"
            text = data if isinstance(data, str) else data.decode(errors="replace")
            raise ProviderBusyError(
                f"{self._where} sent no chat completion ({place}: {first['msg']}): "
                f"{text[:200]!r}; check that the base URL is an OpenAI-compatible endpoint"
            ) from error

    @property
    def _where(self) -> str:
        return f"{self._base_url} (model {self._name!r})"

    def _failure(self, error: OpenAIError | HTTPError) -> ProviderError:
        if isinstance(error, APIStatusError):
            if error.status_code in _PASSING or error.status_code >= 500:
                return ProviderBusyError(self._explain(error), _retry_after(error))
            return ProviderError(self._explain(error))
        return ProviderBusyError(self._explain(error))

    def _explain(self, error: Exception) -> str:
        if isinstance(error, APIStatusError):
            return self._explain_status(error)
        if isinstance(error, APITimeoutError):
            return f"{self._where} sent nothing for {self._timeout:g} s; is it overloaded?"
        if isinstance(error, APIConnectionError):
            reason = error.__cause__ or error
            return f"cannot connect to {self._base_url}: {reason}; is the server running?"
        return f"the connection to {self._where} broke while it was answering: {error}; try again"

    def _explain_status(self, error: APIStatusError) -> str:
        server_failed = "the server failed; try again later, and look at its log"
        advice = _ADVICE.get(error.status_code, server_failed)
        said = error.message.removeprefix(f"Error code: {error.status_code} - ")[:500]
        return f"{self._where} answered {error.status_code}: {said}; {advice}"


def _retry_after(error: APIStatusError) -> float | None:
    """The seconds that the endpoint asks to wait; a date in the header is not understood."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


async def _server_sent(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The data of each event, up to the `[DONE]` mark."""
    async for line in lines:
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                return
            yield data
