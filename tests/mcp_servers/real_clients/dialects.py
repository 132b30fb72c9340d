"""The four ways in which agents ask a model, reduced to one turn, and one reply in each of them.

Chat completions and responses (OpenAI), messages (Anthropic), generateContent (Gemini): only what
a client needs to call a tool and to end. Source: the public reference of each API.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

Json = dict[str, Any]
USED = 1
"""Tokens that every reply says it used; clients want a number."""


@dataclass(frozen=True)
class Turn:
    """What a request says: the tools on offer with their parameters, and the calls' answers."""

    tools: Mapping[str, tuple[str, ...]]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Reply:
    """A call of a tool, or a text that ends the turn."""

    text: str = ""
    tool: str = ""
    arguments: Json | None = None


class ChatCompletions:
    """`POST /v1/chat/completions`."""

    @staticmethod
    def read(body: Json) -> Turn:
        messages: list[Json] = body.get("messages", [])
        return Turn(
            dict(_offered(tool["function"]) for tool in body.get("tools") or ()),
            tuple(_text(said["content"]) for said in messages if said["role"] == "tool"),
        )

    @staticmethod
    def write(reply: Reply, body: Json, number: int) -> tuple[str, Sequence[Json | str]]:
        message: Json = {"role": "assistant", "content": reply.text or None}
        if reply.tool:
            function = {"name": reply.tool, "arguments": json.dumps(reply.arguments)}
            call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
            message["tool_calls"] = [call]
        ending = "tool_calls" if reply.tool else "stop"
        usage = {"prompt_tokens": USED, "completion_tokens": USED, "total_tokens": 2 * USED}
        head = {"id": f"chat-{number}", "created": 1, "model": body.get("model", "scripted")}
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": ending}
            return _JSON, [
                {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
            ]
        chunk = {**head, "object": "chat.completion.chunk"}
        first = {"index": 0, "delta": message, "finish_reason": None}
        last: Json = {"index": 0, "delta": {}, "finish_reason": ending}
        return _EVENTS, [
            {**chunk, "choices": [first]},
            {**chunk, "choices": [last], "usage": usage},
            "[DONE]",
        ]


class Responses:
    """`POST /v1/responses`."""

    @staticmethod
    def read(body: Json) -> Turn:
        items: list[Json] | str = body.get("input", "")
        outputs = [
            item
            for item in (() if isinstance(items, str) else items)
            if str(item.get("type")).endswith("_call_output")
        ]
        return Turn(
            dict(_response_tools(body.get("tools") or ())),
            tuple(_text(item["output"]) for item in outputs),
        )

    @staticmethod
    def write(reply: Reply, body: Json, number: int) -> tuple[str, Sequence[Json | str]]:
        namespace, _, name = reply.tool.rpartition(_NESTED)
        item: Json = {"id": f"item_{number}", "status": "completed"}
        if reply.tool:
            item |= {"type": "function_call", "call_id": f"call_{number}", "name": name}
            item |= {"arguments": json.dumps(reply.arguments)}
            item |= {"namespace": namespace} if namespace else {}
        else:
            said: Json = {"type": "output_text", "text": reply.text, "annotations": []}
            item |= {"type": "message", "role": "assistant", "content": [said]}
        usage = {"input_tokens": USED, "output_tokens": USED, "total_tokens": 2 * USED}
        response = {"id": f"response_{number}", "object": "response", "created_at": 1}
        response |= {"model": body.get("model", "scripted"), "output": [item], "usage": usage}
        if not body.get("stream"):
            return _JSON, [{**response, "status": "completed"}]
        begun = {"type": "response.created", "response": {**response, "output": []}}
        added = {"type": "response.output_item.added", "output_index": 0, "item": item}
        done = {"type": "response.output_item.done", "output_index": 0, "item": item}
        ended = {"type": "response.completed", "response": {**response, "status": "completed"}}
        return _EVENTS, [begun, added, done, ended]


class Messages:
    """`POST /v1/messages`."""

    @staticmethod
    def read(body: Json) -> Turn:
        blocks = [
            block
            for said in body.get("messages", [])
            if isinstance(said["content"], list)
            for block in said["content"]
        ]
        results = [block for block in blocks if block["type"] == "tool_result"]
        return Turn(
            dict(map(_offered, body.get("tools") or ())),
            tuple(_text(block.get("content", "")) for block in results),
        )

    @staticmethod
    def write(reply: Reply, body: Json, number: int) -> tuple[str, Sequence[Json | str]]:
        block: Json = {"type": "text", "text": ""}
        delta: Json = {"type": "text_delta", "text": reply.text}
        if reply.tool:
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": reply.tool, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(reply.arguments)}
        ending = "tool_use" if reply.tool else "end_turn"
        usage = {"input_tokens": USED, "output_tokens": USED}
        message: Json = {"id": f"msg_{number}", "type": "message", "role": "assistant"}
        message |= {"model": body.get("model", "scripted"), "usage": usage, "stop_sequence": None}
        if not body.get("stream"):
            whole = {**block, "input": reply.arguments} if reply.tool else {**block, **delta}
            whole["type"] = block["type"]
            return _JSON, [{**message, "content": [whole], "stop_reason": ending}]
        begun: Json = {**message, "content": [], "stop_reason": None}
        stopped = {"stop_reason": ending, "stop_sequence": None}
        return _EVENTS, [
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stopped, "usage": usage},
            {"type": "message_stop"},
        ]


class GenerateContent:
    """`POST /v1beta/models/MODEL:generateContent`, and `:streamGenerateContent`."""

    @staticmethod
    def read(body: Json) -> Turn:
        parts = [part for said in body.get("contents", []) for part in said.get("parts", [])]
        answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
        declared = [
            declaration
            for tool in body.get("tools") or ()
            for declaration in tool.get("functionDeclarations", ())
        ]
        return Turn(
            dict(map(_offered, declared)),
            tuple("\n".join(_strings(answer["response"])) for answer in answers),
        )

    @staticmethod
    def write(reply: Reply, body: Json, number: int) -> tuple[str, Sequence[Json | str]]:
        part: Json = {"text": reply.text}
        if reply.tool:
            part = {"functionCall": {"name": reply.tool, "args": reply.arguments}}
        content = {"role": "model", "parts": [part]}
        candidate = {"index": 0, "content": content, "finishReason": "STOP"}
        usage = {"promptTokenCount": USED, "candidatesTokenCount": USED, "totalTokenCount": 2}
        answer = {"candidates": [candidate], "usageMetadata": usage, "responseId": str(number)}
        return (_EVENTS if body.get("stream") else _JSON), [answer]


Dialect = type[ChatCompletions | Responses | Messages | GenerateContent]
_JSON = "application/json"
_EVENTS = "text/event-stream"
_NESTED = "\n"
"""Between the name of a namespace and that of a tool in it; in neither."""


def dialect_of(path: str) -> Dialect | None:
    """The dialect of a request to this path; None where nothing is asked of a model."""
    if path.endswith("/chat/completions"):
        return ChatCompletions
    if path.endswith("/responses"):
        return Responses
    if path.endswith("/messages"):
        return Messages
    if path.endswith((":generateContent", ":streamGenerateContent")):
        return GenerateContent
    return None


def encoded(kind: str, parts: Sequence[Json | str]) -> bytes:
    """The body of an answer: one object, or a stream of events named by their type."""
    if kind == _JSON:
        return json.dumps(parts[0]).encode()
    return "".join(map(_event, parts)).encode()


def _event(part: Json | str) -> str:
    if isinstance(part, str):
        return f"data: {part}\n\n"
    named = f"event: {part['type']}\n" if "type" in part else ""
    return f"{named}data: {json.dumps(part)}\n\n"


def _offered(tool: Json) -> tuple[str, tuple[str, ...]]:
    """A tool's name and its parameters, which every API keeps under a key of its own."""
    for key in ("parameters", "input_schema", "parametersJsonSchema"):
        if key in tool:
            return tool["name"], tuple(tool[key].get("properties", ()))
    return tool["name"], ()


def _response_tools(tools: Sequence[Json]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for tool in tools:
        if tool["type"] == "namespace":
            for inner in tool["tools"]:
                yield _offered({**inner, "name": f"{tool['name']}{_NESTED}{inner['name']}"})
        elif "name" in tool:
            yield _offered(tool)


def _text(content: JsonValue) -> str:
    return "\n".join(_strings(content))


def _strings(value: JsonValue) -> Iterator[str]:
    """Every text in a piece of JSON, however a client wraps what a tool answered."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
