"""A silent turn: the model may save what matters before the conversation is summarised."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from clawgym.errors import ProviderError
from graph_agents.chat_model import AnyChatModel, responder, tool_requests
from graph_agents.control.overflow import is_overflow
from graph_agents.conversation import Conversation
from graph_agents.parts import Flush, Parts
from mcp_servers.toolkit import Tool

_log = logging.getLogger(__name__)

_ROUNDS = 6


def flush_with(
    parts: Parts,
    offered: Sequence[Tool[Any]],
    model: AnyChatModel,
    system: str,
    messages: Sequence[BaseMessage],
) -> Flush:
    """What a compactor calls with its prompt; a failure costs the notes, not the conversation."""

    async def flush(prompt: str, names: Collection[str]) -> None:
        tools = {tool.name: tool for tool in offered if tool.name in names}
        respond = responder(model, [tool.schema for tool in tools.values()])
        shown, said = list(messages), list[BaseMessage]([HumanMessage(prompt)])
        conversation = Conversation()
        for _ in range(_ROUNDS):
            conversation.follow([*shown, *said])
            try:
                reply = await respond(system, conversation, None)
            except ProviderError as error:
                if is_overflow(error) and len(shown) > 1:
                    # What comes last is not summarised, so it needs no notes.
                    del shown[len(shown) // 2 :]
                    continue
                _log.warning("no notes were taken before the summary: %s", error)
                return
            said.append(reply)
            calls = tool_requests(reply)
            if not calls:
                return
            for call in calls:
                tool = tools.get(call.name)
                text = f"Error: there is no tool {call.name!r} now"
                if tool is not None:
                    text = (await tool.call(call.arguments)).text
                    text = parts.redactor.redact(text) if parts.redactor else text
                said.append(ToolMessage(text, tool_call_id=call.id, name=call.name))

    return flush
