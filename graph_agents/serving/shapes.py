"""The OpenAI chat API, as far as the agent speaks it.

What a request asks for beyond its messages either has a meaning here, or none that would change the
answer's form (sampling is the business of the agent's own model), or is refused.
"""

import time
import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from clawgym.invalid import explain
from clawgym.model import Usage

JsonObject = dict[str, JsonValue]

MODEL = "clawgym"
"""The name of the agent, as a model."""


class ApiError(Exception):
    """An answer in OpenAI's shape that is an error.

    Attributes:
        status: of HTTP.
        kind: such as `invalid_request_error`.
        code: a word for programs.
        param: the part of the request that is at fault.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.code, self.param = status, kind, code, param

    def body(self) -> JsonObject:
        """The JSON of it."""
        error: JsonObject = {
            "message": str(self),
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }
        return {"error": error}


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str
    text: str = ""


class ChatMessage(BaseModel):
    """A message of the client's. Tool calls of other agents in it are their own business."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        """What it says.

        Raises:
            ApiError: it shows a picture or the like.
        """
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type not in {"text", "input_text", "output_text", "refusal"}:
                raise ApiError(
                    f"content of type {part.type!r} cannot be read: put the file into the "
                    "agent's workspace and name it",
                    param="messages",
                )
        return "\n".join(part.text for part in self.content)


class _StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request. `metadata["session"]` names a conversation; so does `user`."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: _StreamOptions | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    n: int | None = None
    tools: list[JsonValue] | None = None
    functions: list[JsonValue] | None = None
    response_format: JsonObject | None = None


def read_request(body: bytes) -> ChatRequest:
    """The request.

    Raises:
        ApiError: it is none, or asks for what the agent cannot do.
    """
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        place = error.errors(include_url=False)[0]["loc"]
        param = str(place[0]) if place else None
        raise ApiError(explain(error, "request"), param=param) from error
    if request.model != MODEL:
        raise ApiError(
            f"the model {request.model!r} does not exist; there is {MODEL!r}",
            status=404,
            code="model_not_found",
            param="model",
        )
    if request.n not in {None, 1}:
        raise ApiError("an agent gives one answer: leave n out", param="n")
    if request.tools or request.functions:
        raise ApiError(
            "the agent has tools of its own and cannot call the client's: leave tools out",
            param="tools",
        )
    if request.response_format and request.response_format.get("type") != "text":
        raise ApiError(
            "the agent answers in text: leave response_format out", param="response_format"
        )
    return request


def model_list() -> JsonObject:
    """What `/v1/models` says."""
    return {"object": "list", "data": [model_card()]}


def model_card() -> JsonObject:
    """What `/v1/models/clawgym` says."""
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "clawgym"}


class Wire:
    """One answer's name and time, and its objects."""

    def __init__(self) -> None:
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def whole(self, text: str, reasoning: str, finish: str, usage: Usage) -> JsonObject:
        """The answer that is not streamed."""
        message: JsonObject = {"role": "assistant", "content": text, "refusal": None}
        if reasoning:
            message["reasoning_content"] = reasoning
        choice: JsonObject = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish,
        }
        return self._object("chat.completion", [choice], usage=_usage(usage))

    def piece(self, delta: JsonObject, finish: str | None = None) -> JsonObject:
        """One chunk of a stream."""
        choice: JsonObject = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish,
        }
        return self._object("chat.completion.chunk", [choice])

    def usage(self, usage: Usage) -> JsonObject:
        """The last chunk, for those who asked for it."""
        return self._object("chat.completion.chunk", [], usage=_usage(usage))

    def _object(self, kind: str, choices: list[JsonValue], **more: JsonValue) -> JsonObject:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": MODEL,
            "choices": choices,
            **more,
        }


def _usage(usage: Usage) -> JsonObject:
    details: JsonObject = {"cached_tokens": usage.cached_tokens}
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": details,
    }
