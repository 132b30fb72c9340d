"""`process`: follow, feed and end the commands that `exec` left in the background."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from pydantic import Field, JsonValue

from mcp_servers.toolkit import Arguments, Tool, ToolResult
from mcp_servers.workspace._exec import details_of, ending, last_characters
from mcp_servers.workspace._keys import NoSuchKeyError, encode_keys, pasted
from mcp_servers.workspace._sessions import Said, Session, Sessions

_LOG_LINES = 200
_POLL_BYTES = 30_000

Action = Literal[
    "list", "poll", "log", "write", "send-keys", "submit", "paste", "kill", "clear", "remove"
]


class ProcessArguments(Arguments):
    """What to do, with which session."""

    action: Action = Field(description="What to do.")
    session_id: str = Field("", alias="sessionId", description="The session; not for list.")
    data: str = Field("", description="write: what to type.")
    eof: bool = Field(False, description="write: end the input afterwards.")
    keys: list[str] = Field(
        default_factory=list, description="send-keys: names such as Enter, Up, C-c, M-x, F5."
    )
    hex: list[str] = Field(default_factory=list, description="send-keys: bytes in hexadecimal.")
    literal: str = Field("", description="send-keys: text typed as it is.")
    text: str = Field("", description="paste: what to paste.")
    bracketed: bool = Field(True, description="paste: mark the text as pasted.")
    offset: int | None = Field(None, ge=0, description="log: the first line, counted from 0.")
    limit: int | None = Field(None, ge=1, description="log: how many lines.")
    timeout: int = Field(0, ge=0, le=30_000, description="poll: milliseconds to wait for its end.")


def process_tool(sessions: Sessions) -> Tool[ProcessArguments]:
    """The tool over the commands in the background. Their failures are ordinary results."""
    actions = _Actions(sessions)

    async def run(arguments: ProcessArguments) -> ToolResult:
        if arguments.action == "list":
            return await actions.list_all()
        if not arguments.session_id:
            return _failed(f"{arguments.action} needs a sessionId; list shows them")
        session = sessions.get(arguments.session_id)
        if session is None:
            return _failed(f"there is no session {arguments.session_id}; list shows what there is")
        return await actions.by_name[arguments.action](session, arguments)

    description = (
        "Commands in the background: list them, poll one for new output, page through its log, "
        "type into its terminal (write, send-keys, submit, paste), kill it, clear or remove it."
    )
    return Tool("process", description, ProcessArguments, run)


class _Actions:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.by_name: Mapping[str, Callable[[Session, ProcessArguments], Awaitable[ToolResult]]] = {
            "poll": self._poll,
            "log": self._log,
            "write": self._write,
            "send-keys": self._send_keys,
            "submit": self._submit,
            "paste": self._paste,
            "kill": self._kill,
            "clear": self._clear,
            "remove": self._remove,
        }

    async def list_all(self) -> ToolResult:
        found = [(session, await self._glance(session)) for session in self._sessions]
        lines = [
            f"{session.id}  {said.state.status}  {said.state.seconds:.1f}s  {session.name}"
            for session, said in found
        ]
        described: list[JsonValue] = [_entry(session, said) for session, said in found]
        return ToolResult(
            "\n".join(lines) or "No commands are running, and none has ended lately.",
            details={"status": "completed", "sessions": described},
        )

    async def _glance(self, session: Session) -> Said:
        return await self._sessions.ask(session, op="read", most=400)

    async def _poll(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        await self._sessions.wait(session, arguments.timeout / 1000)
        said = await self._sessions.ask(session, op="read", since=session.seen, most=_POLL_BYTES)
        session.seen = said.state.total
        state = said.state
        status = "Still running." if state.running else ending(said)
        if state.waiting:
            status += f" It seems to wait for input: nothing for {state.idle:.0f} s."
        details = {**details_of(said, session), **_running_facts(said)}
        shown = said.text.strip("\r\n") or "(no new output)"
        return ToolResult(f"{shown}\n{status}".rstrip(), details=details)

    async def _log(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        said = await self._sessions.ask(session, op="read")
        lines = said.text.splitlines()
        start, shown = _window(lines, arguments.offset, arguments.limit)
        details: dict[str, JsonValue] = {
            "status": said.state.status,
            "exitCode": said.state.code,
            "total": len(lines),
            "totalLines": len(lines),
            "totalChars": len(said.text),
            "truncated": len(shown) < len(lines) or said.left_out > 0,
        }
        if not shown:
            return ToolResult(f"(no output there; there are {len(lines)} lines)", details=details)
        whole = len(shown) == len(lines)
        note = "" if whole else f"\n[Lines {start}-{start + len(shown) - 1} of {len(lines)}]"
        return ToolResult("\n".join(shown) + note, details=details)

    async def _write(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        return await self._type(session, arguments.data + ("\x04" if arguments.eof else ""))

    async def _submit(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        return await self._type(session, arguments.data + "\r")

    async def _paste(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        return await self._type(session, pasted(arguments.text, bracketed=arguments.bracketed))

    async def _send_keys(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        try:
            typed = encode_keys(arguments.keys, arguments.hex, arguments.literal)
        except NoSuchKeyError as error:
            return _failed(str(error))
        return await self._type(session, typed)

    async def _type(self, session: Session, text: str) -> ToolResult:
        if not text:
            return _failed("there is nothing to type")
        if session.task.done():
            return _failed(f"session {session.id} has ended")
        said = await self._sessions.ask(session, op="write", text=text, most=0)
        if said.state.refused:
            hint = "; start it with pty:true" if not said.state.writable else ""
            return _failed(f"session {session.id} takes no input: {said.state.refused}{hint}")
        count = len(text.encode())
        unit = "byte" if count == 1 else "bytes"
        return ToolResult(
            f"Typed {count} {unit} into session {session.id}.", details={"status": "running"}
        )

    async def _kill(self, session: Session, _arguments: ProcessArguments) -> ToolResult:
        if session.task.done():
            return _failed(f"session {session.id} has ended already")
        await self._sessions.ask(session, op="kill", most=0)
        return ToolResult(f"Asked session {session.id} to end.", details={"status": "completed"})

    async def _clear(self, session: Session, _arguments: ProcessArguments) -> ToolResult:
        if not session.task.done():
            return _failed(f"session {session.id} is running; kill or remove it")
        self._sessions.drop(session)
        return ToolResult(f"Cleared session {session.id}.", details={"status": "completed"})

    async def _remove(self, session: Session, arguments: ProcessArguments) -> ToolResult:
        if session.task.done():
            return await self._clear(session, arguments)
        await self._sessions.ask(session, op="kill", most=0)
        self._sessions.drop(session)
        return ToolResult(f"Removed session {session.id}.", details={"status": "completed"})


def _window(lines: list[str], offset: int | None, limit: int | None) -> tuple[int, list[str]]:
    """The lines to show and the number of the first; without an offset, the last ones."""
    count = limit or _LOG_LINES
    start = max(0, len(lines) - count) if offset is None else offset
    return start, lines[start : start + count]


def _running_facts(said: Said) -> dict[str, JsonValue]:
    state = said.state
    return {
        "stdinWritable": state.writable,
        "waitingForInput": state.waiting,
        "idleMs": round(state.idle * 1000),
    }


def _entry(session: Session, said: Said) -> JsonValue:
    return {
        "sessionId": session.id,
        "status": said.state.status,
        "startedAt": int(session.started * 1000),
        "runtimeMs": round(said.state.seconds * 1000),
        "cwd": session.cwd,
        "command": session.command,
        "name": session.name,
        "tail": last_characters(said)[-400:],
        "pid": said.state.pid,
        "exitCode": said.state.code,
        **_running_facts(said),
    }


def _failed(reason: str) -> ToolResult:
    return ToolResult(f"Not done: {reason}.", details={"status": "failed", "error": reason})
