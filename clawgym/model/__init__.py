"""Model access: one small protocol, an OpenAI-compatible client and scripted models."""

from clawgym.model.protocol import (
    ChatModel,
    ChatReply,
    EncodedOnce,
    HearsReasoning,
    KnowsWindow,
    Message,
    OnDelta,
    Role,
    ToolRequest,
    ToolSchema,
    Usage,
)
from clawgym.model.scripted import ScriptedModel

__all__ = [
    "ChatModel",
    "ChatReply",
    "EncodedOnce",
    "HearsReasoning",
    "KnowsWindow",
    "Message",
    "OnDelta",
    "Role",
    "ScriptedModel",
    "ToolRequest",
    "ToolSchema",
    "Usage",
]
