"""`exec`: run a shell command in the sandbox."""

import asyncio
import contextlib
import posixpath
import re
import time
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue, field_validator

from clawgym.sandbox.protocol import WORKSPACE, ExecResult, Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult, put_out, watched
from mcp_servers.workspace._places import in_workspace
from mcp_servers.workspace._sessions import KEPT_CHARACTERS, Said, Session, Sessions

_EXITED = "(Command exited with code {})"
SUCCEEDED = _EXITED.format(0)
"""How the report of a command ends that did what it was asked."""

DEFAULT_SECONDS = 1800.0
DEFAULT_YIELD = 10_000
_REFUSED_VARIABLES = re.compile(r"PATH|(LD|DYLD)_\w*")
_FOLLOW_UP = "Follow it with process: list, poll, log, write, send-keys, submit, paste, kill."


class ExecArguments(Arguments):
    """What to run, where, and for how long."""

    command: str = Field(min_length=1, description="A command for bash, or sh where there is none.")
    title: str = Field("", max_length=120, description="A few words on what it is for.")
    workdir: str = Field("", description="Directory to run in; default: the workspace.")
    env: dict[str, str] = Field(
        default_factory=dict, description="Variables to add; PATH and the loader's are refused."
    )
    yield_ms: int = Field(
        DEFAULT_YIELD,
        ge=0,
        alias="yieldMs",
        description="Milliseconds to wait before the command goes on in the background.",
    )
    background: bool = Field(False, description="Leave it to the background at once.")
    timeout_seconds: float = Field(
        DEFAULT_SECONDS, ge=0, alias="timeoutSeconds", description="Seconds allowed; 0: no limit."
    )
    pty: bool = Field(False, description="Give it a terminal, so that process can type into it.")
    host: Literal["auto", "sandbox"] = Field(
        "auto", description="Where to run; commands always run in the sandbox."
    )

    @field_validator("env")
    @classmethod
    def _harmless(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if _REFUSED_VARIABLES.fullmatch(name.upper()):
                raise ValueError(f"{name} may not be set; call the program by its whole path")
        return value


def exec_tool(sandbox: Sandbox, sessions: Sessions) -> Tool[ExecArguments]:
    """The tool that runs commands. A failing command is an ordinary result."""

    async def run(arguments: ExecArguments) -> ToolResult:
        folder = in_workspace(sandbox, arguments.workdir)
        cwd = posixpath.join(sandbox.place(WORKSPACE), folder)
        if folder:
            await _require_directory(sandbox, folder, arguments.workdir)
        wants_session = arguments.pty or arguments.background
        if not wants_session and not await sessions.possible():
            return await _run_to_the_end(sandbox, arguments, cwd)
        session = await sessions.start(
            arguments.command,
            cwd=cwd,
            env=arguments.env,
            title=arguments.title,
            pty=arguments.pty,
            timeout=arguments.timeout_seconds,
        )
        patience = 0.0 if arguments.background else arguments.yield_ms / 1000
        try:
            ended = await _shown(sessions, session, patience)
        except asyncio.CancelledError:
            await sessions.abandon(session)
            raise
        if not ended:
            said = await sessions.ask(session, op="read", most=_TAIL_BYTES)
            if said.state.running or arguments.background:
                return _still_running(said, session)
        sessions.drop(session)
        return _report(await sessions.result(session), session, arguments.timeout_seconds)

    description = (
        "Run a shell command in the workspace and show what it printed and its exit code. "
        "There is no input unless it has a terminal (pty). A command that takes longer than "
        "yieldMs goes on in the background under a session name for process; what a command "
        "itself leaves behind with & dies with it."
    )
    return Tool("exec", description, ExecArguments, run)


async def _shown(sessions: Sessions, session: Session, seconds: float) -> bool:
    """Whether the command ends within so many seconds; meanwhile its output is put out.

    Someone has to watch, and the command has to take a while: each look costs a process in the box.
    A look that gets no answer is passed over.
    """
    if not watched():
        return await sessions.wait(session, seconds)
    ends, pause, seen, before = time.monotonic() + seconds, _FIRST_LOOK, 0, 0
    while not await sessions.wait(session, max(0.0, min(pause, ends - time.monotonic()))):
        if time.monotonic() >= ends:
            return False
        pause = min(2 * pause, _LAST_LOOK)
        try:
            said = await sessions.ask(session, op="read", since=seen, most=_TAIL_BYTES)
        except ToolFailure:  # the command goes on all the same, and its result is what counts
            continue
        started = _started(said.text) if said.state.total > before else ""
        put_out(said.text.removesuffix(started))
        before, seen = said.state.total, said.state.total - len(started.encode())
    if before:
        with contextlib.suppress(ToolFailure):
            put_out((await sessions.ask(session, op="read", since=seen)).text)
    return True


def _started(text: str) -> str:
    """The line that is still being written: lines are read whole, and characters can be cut."""
    line = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
    # Of what is no text, or only the end of a line, the length in bytes is not known.
    return "" if len(line) == len(text) > _TAIL_BYTES // 4 or "\ufffd" in line else line


async def _require_directory(sandbox: Sandbox, folder: str, name: str) -> None:
    try:
        await sandbox.list(folder)
    except OSError as error:
        raise ToolFailure(f"workdir {name} is not a directory of the workspace") from error


def _still_running(said: Said, session: Session) -> ToolResult:
    shown = f"\nSo far it printed:\n{said.text.strip()}" if said.text.strip() else ""
    session.seen = said.state.total
    return ToolResult(
        f"Command still running (session {session.id}). {_FOLLOW_UP}{shown}",
        details={
            "status": "running",
            "sessionId": session.id,
            "pid": said.state.pid,
            "startedAt": int(session.started * 1000),
            "cwd": session.cwd,
            "tail": said.text,
        },
    )


_TAIL_BYTES = 4_000
_FIRST_LOOK, _LAST_LOOK = 0.25, 2.0
"""Seconds between two looks at what a command prints, at first and at last."""


async def _run_to_the_end(sandbox: Sandbox, arguments: ExecArguments, cwd: str) -> ToolResult:
    """Run it without an attendant: there is no Python in this box."""
    result = await sandbox.exec(
        ["/bin/sh", "-c", f"{{ {arguments.command}\n}} 2>&1 < /dev/null"],
        cwd=cwd,
        env=arguments.env,
        timeout=arguments.timeout_seconds or None,
    )
    ending = _OUT_OF_TIME if result.exit_code is None else _EXITED.format(result.exit_code)
    text = "\n".join(part for part in (_plain(result), ending) if part)
    details: dict[str, JsonValue] = {"status": "completed", "exitCode": result.exit_code}
    return ToolResult(text, details=details)


def _plain(result: ExecResult) -> str:
    text = result.stdout.decode(errors="replace").rstrip("\n")
    missing = result.stdout_bytes - len(result.stdout)
    return f"{text}\n[{missing} bytes from the middle of the output are lost]" if missing else text


_OUT_OF_TIME = (
    "(Command ran out of time and was killed with all that it started. See what it has already "
    "changed before you run it again; a larger timeoutSeconds gives it more time, and background "
    "lets it run while you go on.)"
)


def _report(said: Said, session: Session, limit: float) -> ToolResult:
    text = last_characters(said)
    parts = [text.strip("\n") and text.rstrip("\n"), ending(said)]
    return ToolResult(
        "\n".join(part for part in parts if part), details=details_of(said, session, limit)
    )


def last_characters(said: Said) -> str:
    """The end of the output, with a notice where its beginning is lost."""
    text = said.text[-KEPT_CHARACTERS:]
    if said.state.start or len(text) < len(said.text):
        return (
            f"[Only the last {len(text)} characters are kept; send long output to a file and "
            f"page through it with read.]\n{text}"
        )
    return text


def ending(said: Said) -> str:
    """How the command ended, in words; empty while it runs."""
    state = said.state
    if state.running or state.reason == "lost":
        return ""
    if state.reason == "timeout":
        return _OUT_OF_TIME
    if state.reason == "killed":
        return "(Command was killed.)"
    if state.signal is not None:
        return f"(Command was ended by signal {state.signal}.)"
    return _EXITED.format(state.code)


def details_of(said: Said, session: Session, limit: float = 0.0) -> Mapping[str, JsonValue]:
    """The outcome for a program, with OpenClaw's names."""
    state = said.state
    details: dict[str, JsonValue] = {
        "status": state.status,
        "exitCode": state.code,
        "exitSignal": state.signal,
        "exitReason": {"timeout": "overall-timeout"}.get(state.reason, state.reason),
        "durationMs": round(state.seconds * 1000),
        "aggregated": said.text[-KEPT_CHARACTERS:],
        "cwd": session.cwd,
    }
    if state.reason == "timeout":
        details |= {"timedOut": True, "failureKind": "overall-timeout", "timeoutSeconds": limit}
    return details
