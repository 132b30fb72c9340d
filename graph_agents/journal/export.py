"""A session for other programs: OpenClaw's JSONL transcript, or a trajectory in ATIF.

The transcript is version 3 of the format: a header, then a tree of entries that name their parent.
Entries that OpenClaw has no type for are `custom` ones, which it keeps and does not show.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from pydantic import JsonValue

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from clawgym.model import ToolRequest, ToolSchema
from clawgym.trajectory import Trajectory
from graph_agents.chat_model import parse_arguments, reasoning_of, tool_requests, usage_of
from graph_agents.journal.entries import Entry, JsonObject, Kind, SessionInfo, entry_id
from graph_agents.recording import Recorder, describe_agent


def export(
    info: SessionInfo, entries: Sequence[Entry], form: Literal["openclaw", "atif"], path: Path
) -> None:
    """Write a session to a file.

    Raises:
        UsageError: the session is empty, or the file cannot be written.
    """
    if not any(entry.kind is Kind.MESSAGE for entry in entries):
        raise UsageError(f"session {info.id} is empty; there is nothing to export")
    text = transcript(info, entries) if form == "openclaw" else trajectory(info, entries).dumps()
    try:
        write_atomic(path, text.encode())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def trajectory(info: SessionInfo, entries: Sequence[Entry]) -> Trajectory:
    """The branch in ATIF: every message as it was said, also those that were summarised later."""
    schemas = cast("list[ToolSchema]", json.loads(info.tools or "[]"))
    times = iter(_when(entry.at) for entry in entries if entry.kind is Kind.MESSAGE)
    now = [_when(info.created)]
    recorder = Recorder(describe_agent("clawgym", info.model or "", schemas), lambda: now[0])
    if info.system:
        recorder.add(SystemMessage(info.system))
    for entry in entries:
        if entry.kind is Kind.MESSAGE and (message := entry.message):
            now[0] = next(times)
            recorder.add(message)
    made = recorder.trajectory()
    stops = [entry for entry in entries if entry.kind is Kind.STOP]
    extra: JsonObject | None = {"stop_reason": stops[-1].body["reason"]} if stops else None
    return made.model_copy(update={"session_id": info.id, "extra": extra})


def transcript(info: SessionInfo, entries: Sequence[Entry]) -> str:
    """The branch as OpenClaw's JSONL."""
    head: JsonObject = {
        "type": "session",
        "version": 3,
        "id": info.id,
        "timestamp": _when(info.created),
        "cwd": info.workspace or "",
    }
    lines = [head, *map(_line, entries)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _line(entry: Entry) -> JsonObject:
    parent = None if entry.parent is None else entry_id(entry.parent)
    line: JsonObject = {"id": entry.id, "parentId": parent, "timestamp": _when(entry.at)}
    message = entry.message
    if entry.kind is Kind.COMPACTION and message:
        return {
            "type": "compaction",
            **line,
            "summary": str(message.text),
            "firstKeptEntryId": entry.body["first_kept"],
            "tokensBefore": entry.body["tokens_before"],
        }
    if message:
        return {"type": "message", **line, "message": _message(message, entry.at)}
    return {
        "type": "custom",
        **line,
        "customType": f"clawgym.{entry.kind.value}",
        "data": entry.body,
    }


def _message(message: BaseMessage, at: float) -> JsonObject:
    text: JsonValue = [{"type": "text", "text": str(message.text)}] if message.text else []
    when = int(at * 1000)
    match message:
        case AIMessage():
            return _assistant(message, when)
        case ToolMessage():
            return {
                "role": "toolResult",
                "toolCallId": message.tool_call_id,
                "toolName": message.name or "",
                "content": text,
                "isError": message.status == "error",
                "timestamp": when,
            }
        case _:
            return {"role": "user", "content": text, "timestamp": when}


def _assistant(message: AIMessage, when: int) -> JsonObject:
    content: list[JsonValue] = []
    if reasoning := reasoning_of(message):
        content.append({"type": "thinking", "thinking": reasoning})
    if message.text:
        content.append({"type": "text", "text": str(message.text)})
    calls = tool_requests(message)
    content += map(_tool_call, calls)
    usage = usage_of(message)
    reason = str(message.response_metadata.get("finish_reason", ""))
    return {
        "role": "assistant",
        "content": content,
        "provider": "openai-compatible",
        "model": str(message.response_metadata.get("model_name", "")),
        "usage": {
            "input": usage.prompt_tokens - usage.cached_tokens,
            "output": usage.completion_tokens,
            "cacheRead": usage.cached_tokens,
            "cacheWrite": 0,
            "totalTokens": usage.prompt_tokens + usage.completion_tokens,
        },
        "stopReason": "toolUse" if calls else {"length": "length"}.get(reason, "stop"),
        "timestamp": when,
    }


def _tool_call(call: ToolRequest) -> JsonValue:
    arguments = parse_arguments(call.arguments) or {}
    return {"type": "toolCall", "id": call.id, "name": call.name, "arguments": arguments}


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
