"""Tools of MCP servers, each opened when one of its tools is first called.

What a server offers has to be known before, for the model's list of tools. It is kept from the last
time, so a server is only started for it once; if it offers other tools by then, the next session
has them. A server that cannot be reached costs its tools, not the agent.
"""

import asyncio
import base64
import binascii
import logging
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TextIO, cast

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from graph_agents.tools.server_config import ServerSpec
from mcp_servers.host.tools import Blocks, client_tools
from mcp_servers.toolkit import Arguments, Image, Tool, ToolFailure, ToolResult

_OPENING_SECONDS = 60.0
_DESCRIPTION_CHARACTERS = 4_000
_LAST_WORDS = 300
_PATIENCE = 2.0
"""Seconds of waiting for a server before it is said."""

_log = logging.getLogger(__name__)


class ServerArguments(Arguments):
    """Whatever the server's own schema asks for: the server checks it."""

    model_config = ConfigDict(extra="allow", frozen=True)


@dataclass(frozen=True)
class ServerTool(Tool[ServerArguments]):
    """A tool with the schema that its server gave."""

    given: Mapping[str, JsonValue] | None = None

    @property
    def input_schema(self) -> dict[str, JsonValue]:
        """The JSON Schema of the arguments, as the server gave it."""
        return dict(self.given or {})


class _Offered(BaseModel):
    """What is kept of a tool."""

    name: str
    description: str
    schema_: dict[str, JsonValue]
    read_only: bool


_OFFERED = TypeAdapter(dict[str, tuple[_Offered, ...]])


@asynccontextmanager
async def server_tools(
    servers: Mapping[str, ServerSpec], *, known: Path | None = None
) -> AsyncGenerator[list[Tool[Any]]]:
    """The tools of servers, called `LABEL__TOOL`, until the block ends.

    Args:
        servers: by label, as `load_servers` answers.
        known: the file in which it is kept what each server offers; without it every server is
            opened at once.
    """
    kept = _read(known)
    async with AsyncExitStack() as stack:
        connections = [Connection(label, spec) for label, spec in servers.items()]
        for connection in connections:
            stack.push_async_callback(connection.close)
        offered = await asyncio.gather(*(_offers(each, kept) for each in connections))
        try:
            yield [
                connection.tool(offer)
                for connection, offers in zip(connections, offered, strict=True)
                for offer in offers or ()
            ]
        finally:
            seen = {each.spec.digest: each.seen for each in connections if each.seen is not None}
            if known and any(kept.get(digest) != offers for digest, offers in seen.items()):
                write_atomic(known, _OFFERED.dump_json({**kept, **seen}, indent=1))


class Connection:
    """One server, opened when it is needed and again when it was lost."""

    def __init__(self, label: str, spec: ServerSpec) -> None:
        self.label = label
        self.spec = spec
        self.seen: tuple[_Offered, ...] | None = None
        """What it offered when it was last opened; None while it never was."""
        self._opening = asyncio.Lock()
        self._tools: Mapping[str, BaseTool] | None = None
        self._owner: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    async def tools(self) -> Mapping[str, BaseTool]:
        """The server's tools by its own names, over an open connection.

        Raises:
            ToolFailure: it cannot be reached.
        """
        async with self._opening:
            if self._tools is None or self._owner is None or self._owner.done():
                await self._open()
            assert self._tools is not None
            return self._tools

    def tool(self, offer: _Offered) -> Tool[Any]:
        """One of its tools, for an agent."""

        async def run(arguments: ServerArguments) -> ToolResult:
            tools = await self.tools()
            if offer.name not in tools:
                raise ToolFailure(f"the server {self.label} does not offer {offer.name} any more")
            return await self._call(tools[offer.name], arguments.model_extra or {})

        return ServerTool(
            f"{self.label}__{offer.name}",
            offer.description[:_DESCRIPTION_CHARACTERS],
            ServerArguments,
            run,
            read_only=offer.read_only and self.spec.trust_hints,
            given=offer.schema_,
        )

    async def close(self) -> None:
        """End the connection."""
        self._over.set()
        if self._owner:
            await asyncio.gather(self._owner, return_exceptions=True)
        self._owner, self._tools = None, None

    async def _open(self) -> None:
        await self.close()
        self._over = asyncio.Event()
        ready: asyncio.Future[Mapping[str, BaseTool]] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(ready, self._over))
        waiting = asyncio.get_running_loop().call_later(_PATIENCE, self._say_what_is_waited_for)
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                tools = self._tools = await ready
            self.seen = tuple(_offered(tool) for tool in tools.values())
        except TimeoutError as error:
            raise ToolFailure(
                f"the MCP server {self.label} did not answer within {_OPENING_SECONDS:g} seconds"
            ) from error
        finally:
            waiting.cancel()
            if self._tools is None:  # it may hang, and nobody waits for it any more
                self._owner.cancel()

    def _say_what_is_waited_for(self) -> None:
        _log.warning(
            "waiting for the MCP server %s, for %g seconds at most (%s)",
            self.label,
            _OPENING_SECONDS,
            self.spec.url or " ".join([self.spec.command or "", *self.spec.args]),
        )

    async def _own(
        self, ready: "asyncio.Future[Mapping[str, BaseTool]]", over: asyncio.Event
    ) -> None:
        """Hold the connection: a client has to be closed by the task that opened it."""
        with tempfile.TemporaryFile("w+", errors="replace") as said:
            try:
                async with AsyncExitStack() as stack:
                    target = await self._target(stack, cast("TextIO", said))
                    client = await stack.enter_async_context(Client(target))
                    tools = await client_tools(client)
                    ready.set_result({tool.name: tool for tool in tools})
                    await over.wait()
            except Exception as error:  # noqa: BLE001 - a server may fail in any way at all
                reason = f"{_innermost(error)}{_last_words(said)}"
                if ready.done():
                    _log.warning("the MCP server %s went away: %s", self.label, reason)
                    return
                ready.set_exception(
                    ToolFailure(f"the MCP server {self.label} cannot be reached: {reason}")
                )

    async def _target(self, stack: AsyncExitStack, said: TextIO) -> Any:  # noqa: ANN401
        """What `Client` takes; what a program says to standard error goes to `said`."""
        spec = self.spec
        if spec.url is None:
            start = StdioServerParameters(
                command=spec.command or "", args=list(spec.args), env=spec.env or None, cwd=spec.cwd
            )
            return stdio_client(start, errlog=said)
        if spec.type == "sse":
            from mcp.client.sse import sse_client  # noqa: PLC0415 - seldom wanted

            return sse_client(spec.url, headers=dict(spec.headers))
        if not spec.headers:
            return spec.url
        import httpx2  # noqa: PLC0415 - seldom wanted
        from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415

        waiting = httpx2.Timeout(_OPENING_SECONDS, read=spec.timeout)
        client = httpx2.AsyncClient(headers=spec.headers, timeout=waiting)
        http = await stack.enter_async_context(client)
        return streamable_http_client(spec.url, http_client=http)

    async def _call(self, tool: BaseTool, arguments: Mapping[str, Any]) -> ToolResult:
        assert isinstance(tool, StructuredTool)
        assert tool.coroutine is not None
        try:
            async with asyncio.timeout(self.spec.timeout):
                answer = await tool.coroutine(**arguments)
        except ToolException as error:
            return ToolResult(f"Error: {error}", is_error=True)
        except TimeoutError as error:
            raise ToolFailure(
                f"{tool.name} of the server {self.label} did not answer within "
                f"{self.spec.timeout:g} seconds; it may still be at work"
            ) from error
        except Exception as error:
            # Whatever a transport raises: the connection is not used again.
            self._tools = None
            raise ToolFailure(
                f"the MCP server {self.label} failed during {tool.name}: {_innermost(error)}; it "
                "may have taken effect"
            ) from error
        blocks, structured = cast("tuple[Blocks, dict[str, JsonValue] | None]", answer)
        return _result(blocks, structured)


async def _offers(
    connection: Connection, kept: Mapping[str, tuple[_Offered, ...]]
) -> tuple[_Offered, ...] | None:
    """What a server offers; None where that is not known and it cannot be asked."""
    known = kept.get(connection.spec.digest)
    if known is not None:
        return known
    try:
        await connection.tools()
    except ToolFailure as error:
        _log.warning("%s; its tools are left out", error)
    return connection.seen


def _offered(tool: BaseTool) -> _Offered:
    hints = cast("dict[str, object]", (tool.metadata or {}).get("mcp", {}))
    schema = cast("dict[str, JsonValue]", tool.args_schema)
    return _Offered(
        name=tool.name,
        description=tool.description,
        schema_=schema,
        read_only=hints.get("read_only_hint") is True,
    )


def _result(blocks: Blocks, structured: Mapping[str, JsonValue] | None) -> ToolResult:
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    images: list[Image] = []
    for block in blocks:
        if block["type"] == "image":
            try:
                data = base64.b64decode(block["base64"], validate=True)
            except binascii.Error:
                texts.append("[a picture that is not base64 was left out]")
                continue
            images.append(Image(data, block["mime_type"]))
    details: dict[str, JsonValue] = {"structured": dict(structured)} if structured else {}
    return ToolResult("\n".join(texts) or "(no text)", details=details, images=tuple(images))


def _read(known: Path | None) -> dict[str, tuple[_Offered, ...]]:
    """What is kept; a file that cannot be used is as good as none, for it can be made again."""
    if known is None:
        return {}
    try:
        return _OFFERED.validate_json(known.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"cannot read {known}: {error.strerror}") from error
    except ValidationError:
        _log.warning("%s is malformed and is made anew", known)
        return {}


def _innermost(error: BaseException) -> str:
    """The words of the first real cause: transports wrap what failed in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("Sequence[BaseException]", error.exceptions)[0]
    return str(error) or type(error).__name__


def _last_words(said: IO[str]) -> str:
    """The end of what a program wrote to standard error, where it wrote any."""
    said.seek(0)
    words = said.read().strip()
    if len(words) > _LAST_WORDS:
        cut = words[-_LAST_WORDS:]
        words = f"… {cut.split(maxsplit=1)[-1]}"  # the first word may have lost its beginning
    return f"; it said: {words}" if words else ""
