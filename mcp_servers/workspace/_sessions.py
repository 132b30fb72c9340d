"""Commands that run in a box, each with a name, for as long as its output may be asked for.

A command is started by an attendant inside the box (`inside/attend.py`), which a task of ours waits
for. What it says is taken as data: a box that lies about its commands deceives nobody else.
"""

import asyncio
import json
import time
from asyncio import Task
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files

from anyio import CancelScope
from pydantic import BaseModel, JsonValue, ValidationError

from clawgym.errors import SandboxError
from clawgym.sandbox.protocol import ExecResult, Sandbox
from mcp_servers.toolkit import ToolFailure

KEPT_CHARACTERS = 200_000
"""How much of the end of a command's output is kept, as in OpenClaw."""
MAX_FINISHED = 50
MAX_RUNNING = 32
FINISHED_SECONDS = 30 * 60.0

_NEVER = 30 * 24 * 3600.0
_GRACE = 30.0
"""Seconds after its time in which an attendant ends its command, before the box is used for it."""
_PATIENCE = 10.0
"""Seconds in which a question is put again to a command that does not answer it."""

_ANSWER_SECONDS = 20.0
"""How long one question may take: what takes longer is killed with all that runs in the box."""

_BETWEEN_ASKS = 0.02
_KEPT_BYTES = 4 * KEPT_CHARACTERS
_SET_UP = """
command -v python3 > /dev/null || exit 3
folder="${TMPDIR:-/tmp}/.clawgym-sessions"
mkdir -p "$folder" && cd "$folder" && printf '%s' "$1" > attend.py && printf '%s' "$2" > ask.py
pwd
"""


class State(BaseModel):
    """What an attendant says of its command; `total` and `start` count bytes of output."""

    start: int = 0
    total: int = 0
    running: bool = False
    code: int | None = None
    signal: int | None = None
    reason: str = "lost"
    seconds: float = 0.0
    idle: float = 0.0
    writable: bool = False
    waiting: bool = False
    pid: int = 0
    refused: str = ""

    @property
    def status(self) -> str:
        """`running`, `completed` or `failed`, as OpenClaw says it."""
        if self.running:
            return "running"
        never_ran = self.code in (126, 127) or self.signal is not None
        return "completed" if self.reason == "exit" and not never_ran else "failed"


@dataclass(frozen=True)
class Said:
    """A piece of a command's output, and how the command stood when it was taken."""

    text: str
    state: State
    left_out: int = 0
    """Bytes before `text`, or in its middle, that are lost."""


@dataclass(eq=False)
class Session:
    """One command. `seen` counts the bytes of its output that have been polled."""

    id: str
    command: str
    title: str
    cwd: str
    task: Task[ExecResult]
    started: float = field(default_factory=time.time)
    ended: float | None = None
    seen: int = 0

    @property
    def name(self) -> str:
        """What a person would call it."""
        return self.title or " ".join(self.command.split())[:80]


class Sessions:
    """The commands of one box. The same commands in the same order get the same names."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._by_id: dict[str, Session] = {}
        self._count = 0
        self._folder: str | None = None
        self._setting_up = asyncio.Lock()

    async def possible(self) -> bool:
        """Whether the box can keep sessions: it needs a Python."""
        async with self._setting_up:
            if self._folder is None:
                sources = [_inside(name) for name in ("attend.py", "ask.py")]
                done = await self._sandbox.exec(["/bin/sh", "-c", _SET_UP, "sh", *sources])
                self._folder = done.stdout.decode().rstrip("\n") if done.exit_code == 0 else ""
        return bool(self._folder)

    async def start(
        self,
        command: str,
        *,
        cwd: str,
        env: Mapping[str, str],
        title: str = "",
        pty: bool = False,
        timeout: float = 0.0,
    ) -> Session:
        """Start a command; `timeout` in seconds, 0 for none.

        Raises:
            ToolFailure: too many run already, or this box cannot keep sessions.
        """
        self._forget_old()
        if not await self.possible():
            raise ToolFailure("there is no python3 in this sandbox, so nothing can be left running")
        if sum(not session.task.done() for session in self._by_id.values()) >= MAX_RUNNING:
            raise ToolFailure(f"{MAX_RUNNING} commands are running; kill one with process first")
        name = self._next_name()
        job: dict[str, JsonValue] = {
            "command": command,
            "folder": self._folder,
            "name": name,
            "pty": pty,
            "timeout": timeout,
            "keep": _KEPT_BYTES,
        }
        running = self._sandbox.exec_python(
            f"{self._folder}/attend.py",
            [json.dumps(job)],
            cwd=cwd,
            env={**env, "OPENCLAW_SHELL": "exec"},
            timeout=(timeout + _GRACE) if timeout else _NEVER,
        )
        session = Session(name, command, title, cwd, asyncio.create_task(running))
        session.task.add_done_callback(lambda _: _note_end(session))
        self._by_id[name] = session
        return session

    async def wait(self, session: Session, seconds: float | None = None) -> bool:
        """Whether the command ends within so many seconds."""
        done, _ = await asyncio.wait({session.task}, timeout=seconds)
        return bool(done)

    async def abandon(self, session: Session) -> None:
        """Kill a command that nobody waits for any more, and no other; return once it is dead."""
        self._by_id.pop(session.id, None)
        with CancelScope(shield=True):  # what is half killed would take the next command along
            with suppress(ToolFailure, SandboxError):
                await self.ask(session, op="kill", most=0)
            if not await self.wait(session, _PATIENCE):
                session.task.cancel()
                await asyncio.wait({session.task})

    def drop(self, session: Session) -> None:
        """Forget a finished command."""
        self._by_id.pop(session.id, None)

    def get(self, name: str) -> Session | None:
        """The command of that name."""
        return self._by_id.get(name)

    def __iter__(self) -> Iterator[Session]:
        self._forget_old()
        return iter(list(self._by_id.values()))

    async def ask(self, session: Session, **request: JsonValue) -> Said:
        """Put a question to a running command's attendant; a finished one's output is at hand.

        Raises:
            SandboxError: the box broke while the command ran.
        """
        ends = time.monotonic() + _PATIENCE
        while not session.task.done():
            answer = await self._sandbox.exec_python(
                f"{self._folder}/ask.py",
                [f"{self._folder}/{session.id}"],
                stdin=json.dumps(request).encode(),
                timeout=_ANSWER_SECONDS,
            )
            if answer.exit_code == 0:
                return _said(answer)
            if time.monotonic() > ends:
                reason = answer.stderr.decode(errors="replace").strip()[-200:]
                raise ToolFailure(f"session {session.id} does not answer: {reason or 'no reason'}")
            await self.wait(session, _BETWEEN_ASKS)  # it is starting, or it is ending
        since = request.get("since", 0)
        return _since(_said(session.task.result()), since if isinstance(since, int) else 0)

    async def result(self, session: Session) -> Said:
        """Wait for the end, and return all that is kept of the output."""
        await self.wait(session)
        return _said(session.task.result())

    def _next_name(self) -> str:
        first, second = _words()
        number = self._count
        self._count += 1
        name = f"{first[number % len(first)]}-{second[number // len(first) % len(second)]}"
        rounds = number // (len(first) * len(second))
        return f"{name}-{rounds + 1}" if rounds else name

    def _forget_old(self) -> None:
        finished = [session for session in self._by_id.values() if session.ended is not None]
        fresh = [s for s in finished if time.time() - (s.ended or 0) < FINISHED_SECONDS]
        keep = set(fresh[-MAX_FINISHED:])
        for session in finished:
            if session not in keep:
                self.drop(session)


def _note_end(session: Session) -> None:
    session.ended = time.time()
    if not session.task.cancelled():
        session.task.exception()  # seen: a box that is closed under a command is no news


def _said(result: ExecResult) -> Said:
    """Take the attendant's report apart: output, then one line of JSON."""
    body, _, line = result.stdout.rstrip(b"\n").rpartition(b"\n")
    try:
        state = State.model_validate_json(line)
    except ValidationError:
        return Said(_lost(result), State(seconds=result.seconds))
    missing = result.stdout_bytes - len(result.stdout)
    text = _with_gap(body, result, missing) if missing else body.decode(errors="replace")
    return Said(text, state, state.start + missing)


def _with_gap(body: bytes, result: ExecResult, missing: int) -> str:
    half = len(result.stdout) - len(result.stdout) // 2
    head, tail = (part.decode(errors="replace") for part in (body[:half], body[half:]))
    notice = (
        f"\n[{missing} of {result.stdout_bytes} bytes of output are left out here: "
        "send the output to a file and page through it with read]\n"
    )
    return f"{head}{notice}{tail}"


def _since(said: Said, since: int) -> Said:
    """What came after byte `since`; output that was cut in its middle is given whole."""
    start = said.state.start
    if since <= start or said.left_out > start:
        return said
    data = said.text.encode()[since - start :]
    return Said(data.decode(errors="replace"), said.state, 0)


def _lost(result: ExecResult) -> str:
    if result.timed_out:
        return "The command did not end in its time and was killed with all that ran in the box."
    if result.oom_killed:
        return "The box ran out of memory, and the command was killed."
    reason = result.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    if result.exit_code == _NO_START:
        return f"The command could not be started: {reason or 'is the directory there?'}"
    return f"The command was lost (exit code {result.exit_code}): {reason or 'no reason given'}"


_NO_START = 126


def _inside(name: str) -> str:
    return files("mcp_servers.workspace.inside").joinpath(name).read_text(encoding="utf-8")


def _words() -> tuple[Sequence[str], Sequence[str]]:
    lines = files("mcp_servers.workspace").joinpath("words.txt").read_text(encoding="utf-8")
    first, second = (line.split() for line in lines.splitlines())
    return first, second
