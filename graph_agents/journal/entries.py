"""What the journal keeps: sessions and entries, and messages as the JSON of an entry."""

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import JsonValue
from pydantic_core import PydanticSerializationError

from graph_agents.chat_model import parsed_calls, tool_requests

JsonObject = dict[str, JsonValue]


class Kind(StrEnum):
    """What an entry says happened."""

    MESSAGE = "message"
    TOOL_STARTED = "tool_started"
    APPROVAL = "approval"
    SKILL = "skill"
    COMPACTION = "compaction"
    OFFLOAD = "offload"
    SNAPSHOT = "snapshot"
    SUBAGENT = "subagent"
    BUDGET = "budget"
    CHARGE = "charge"
    UNDO = "undo"
    START = "start"
    STOP = "stop"


@dataclass(frozen=True)
class Entry:
    """One event of a session; `parent` is the entry that it follows. `at` is Unix time."""

    seq: int
    session: str
    parent: int | None
    kind: Kind
    at: float
    ref: str | None
    body: JsonObject

    @property
    def id(self) -> str:
        """The entry's name outside the journal: eight hexadecimal digits."""
        return entry_id(self.seq)

    @property
    def message(self) -> BaseMessage | None:
        """The message that the entry adds to the conversation, if it adds one."""
        if self.kind is Kind.MESSAGE:
            return message_from(self.body)
        if self.kind is Kind.COMPACTION:
            return message_from(cast("JsonObject", self.body["summary"]))
        return None


@dataclass(frozen=True)
class SessionInfo:
    """A session as the list shows it. Times are Unix times; `system` is its system prompt."""

    id: str
    title: str | None
    workspace: str | None
    model: str | None
    created: float
    updated: float
    parent: str | None = None
    parent_entry: int | None = None
    spawned_by: str | None = None
    system: str | None = None
    tools: str | None = None


def entry_id(seq: int) -> str:
    """The public name of an entry."""
    return f"{seq:08x}"


_CLASSES: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "ai": AIMessage,
    "tool": ToolMessage,
    "system": SystemMessage,
}
_SERDE = JsonPlusSerializer()


def message_body(message: BaseMessage) -> str:
    """A message as JSON, without what can be had from the rest: `{"type": …, "content": …}`."""
    defaults = _defaults(type(message)).items()
    left_out = {"type", *(name for name, value in defaults if getattr(message, name) == value)}
    if isinstance(message, AIMessage) and _derivable(message):
        left_out |= {"tool_calls", "invalid_tool_calls"}
    try:
        plain = message.model_dump_json(exclude=left_out)
    except PydanticSerializationError:
        # Something in it is no JSON: a picture as bytes, an artifact of a user's tool.
        form, data = _SERDE.dumps_typed(message)
        packed = base64.b64encode(data).decode()
        return json.dumps({"type": "packed", "form": form, "data": packed})
    rest = plain[1:] if plain == "{}" else f",{plain[1:]}"
    return f'{{"type":"{message.type}"{rest}'


def message_from(body: JsonObject) -> BaseMessage:
    """The message of a body that `message_body` wrote."""
    data = dict(body)
    kind = str(data.pop("type"))
    if kind == "packed":
        raw = base64.b64decode(str(data["data"]))
        return cast("BaseMessage", _SERDE.loads_typed((str(data["form"]), raw)))
    data = {"content": "", **data}
    if kind not in _CLASSES:
        [message] = messages_from_dict([{"type": kind, "data": data}])
        return message
    kwargs = cast("JsonObject", data.pop("additional_kwargs", {}))
    message = _CLASSES[kind].model_validate(data)
    # Afterwards, because LangChain would try to read the calls in there, and trip over junk.
    message.additional_kwargs = cast("dict[str, Any]", kwargs)
    derived = not data.keys() & {"tool_calls", "invalid_tool_calls"}
    if derived and isinstance(message, AIMessage) and kwargs.get("tool_calls"):
        message.tool_calls, message.invalid_tool_calls = parsed_calls(tool_requests(message))
    return message


@lru_cache
def _defaults(kind: type[BaseMessage]) -> dict[str, object]:
    return {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in kind.model_fields.items()
        if not field.is_required()
    }


def _derivable(message: AIMessage) -> bool:
    if not message.additional_kwargs.get("tool_calls"):
        return False
    return parsed_calls(tool_requests(message)) == (message.tool_calls, message.invalid_tool_calls)
