"""Telling clients that a list has changed, in both protocol eras.

A client of 2026-07-28 asks for it with `subscriptions/listen`; one of before is told on its
connection once it has said `notifications/initialized`. Both hang on one bus here.
"""

from typing import Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ServerEvent,
    ToolsListChanged,
)

from mcp_servers.server import Context

_BACKLOG = 64


class Changes:
    """The listeners of one server, whatever their era."""

    def __init__(self, server: Server[Any]) -> None:
        """Add the handlers that clients subscribe with."""
        self._bus = InMemorySubscriptionBus()
        listen = ListenHandler(self._bus)
        server.add_request_handler(
            "subscriptions/listen", types.SubscriptionsListenRequestParams, listen
        )
        server.add_notification_handler(
            "notifications/initialized", types.NotificationParams, self._tell
        )

    async def announce(self, *events: ServerEvent) -> None:
        """Tell every client that listens for such an event."""
        for event in events:
            await self._bus.publish(event)

    async def _tell(self, context: Context, _: types.NotificationParams) -> None:
        """Pass events on to a connection of the handshake era; cancelled when it closes."""
        outgoing, incoming = anyio.create_memory_object_stream[ServerEvent](_BACKLOG)

        def keep(event: ServerEvent) -> None:
            if outgoing.statistics().current_buffer_used < _BACKLOG:  # else it does not read
                outgoing.send_nowait(event)

        forget = self._bus.subscribe(keep)
        try:
            async with outgoing, incoming:
                async for event in incoming:
                    await _send(context, event)
        finally:
            forget()


async def _send(context: Context, event: ServerEvent) -> None:
    session = context.session
    match event:
        case ToolsListChanged():
            await session.send_tool_list_changed()
        case PromptsListChanged():
            await session.send_prompt_list_changed()
        case ResourcesListChanged():
            await session.send_resource_list_changed()
        case _:
            await session.send_resource_updated(event.uri)
