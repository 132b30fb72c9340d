"""What an abuse is: a hostile program for the inside of a box, and how to tell that it worked."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from clawgym.sandbox import BoxSpec, ExecResult, Limits, Sandbox
from clawgym.sandbox.protocol import Capability
from tests.clawgym.sandbox.abuse_host import Host

SMALL = Limits(
    wall_seconds=20,
    output_bytes=1024**2,
    memory_bytes=256 * 1024**2,
    processes=48,
    workspace_bytes=32 * 1024**2,
    workspace_files=3000,
    tmp_bytes=16 * 1024**2,
)
"""Limits that a bomb reaches at once. Memory covers every tmpfs and 128 MiB."""

FILESYSTEM = frozenset({Capability.FILESYSTEM})
PROCESSES = frozenset({Capability.PROCESSES})
NETWORK = frozenset({Capability.NETWORK})
IPC = frozenset({Capability.IPC})
ENVIRONMENT = frozenset({Capability.ENVIRONMENT})
KILL_TREE = frozenset({Capability.KILL_TREE})
SYSCALLS = frozenset({Capability.SYSCALLS})
MEMORY = frozenset({Capability.MEMORY})
PIDS = frozenset({Capability.PIDS})
DISK = frozenset({Capability.DISK})
ANYWHERE: frozenset[Capability] = frozenset()

PATIENCE = 4.0
"""Seconds that the harness may need beyond what it promised; the machine may be busy."""

DEAF = """
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
"""
"""The start of a program that ignores every signal that can be ignored."""


@dataclass
class Evidence:
    """What came of an attack: its output, and what the host's side of it noticed."""

    host: Host
    results: list[ExecResult] = field(default_factory=list[ExecResult])
    noticed: list[str] = field(default_factory=list[str])
    begun: bool = False
    """The host's side knows that the attack took place, although nothing was heard from inside."""

    def said(self, tag: str) -> list[str]:
        """The lines that the program said with this tag."""
        start = f"@{tag} "
        lines = self.text.splitlines()
        return [line.removeprefix(start) for line in lines if line.startswith(start)]

    @property
    def text(self) -> str:
        """All that was printed inside."""
        return "\n".join(
            (result.stdout + b"\n" + result.stderr).decode(errors="backslashreplace")
            for result in self.results
        )


Verdict = Callable[[Evidence], str | None]
"""None if the attack failed, else what it achieved."""


def claimed(evidence: Evidence) -> str | None:
    """What the program says that it won."""
    return next(iter(evidence.said("won")), None)


@dataclass
class Play:
    """One attack while it happens, for those that take two sides."""

    backend: str
    sandbox: Sandbox
    abuse: "Abuse"
    token: str
    evidence: Evidence
    alive: bool = True
    """Whether the box should still work when the attack is over."""

    @property
    def host(self) -> Host:
        return self.evidence.host

    def argv(self, program: str | None = None) -> list[str]:
        """The program as a command; the token in it is how its processes are found on the host."""
        source = f"{inside()}\n{self.abuse.program if program is None else program}"
        return ["python3", "-I", "-c", source, json.dumps(self._known()), self.token]

    async def run(self, program: str | None = None, timeout: float | None = None) -> ExecResult:
        """Run the attack's program, or another one, and keep what it said as evidence."""
        seconds = self.abuse.timeout if timeout is None else timeout
        env = {"CLAWGYM_ABUSE": self.token}
        result = await self.sandbox.exec(self.argv(program), env=env, timeout=seconds)
        self.evidence.results.append(result)
        return result

    async def meanwhile(self, act: Callable[[], Awaitable[None]]) -> None:
        """Run the program; once it has made the file `ready`, act, and make the file `stop`."""
        running = asyncio.create_task(self.run())
        try:
            while not running.done() and "ready" not in await self.sandbox.list():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            if not running.done():
                await act()
                await self.sandbox.write("stop", b"")
        finally:
            await running

    def notice(self, achievement: str) -> None:
        """Record what the attack achieved, as the host's side saw it."""
        self.evidence.noticed.append(achievement)

    def _known(self) -> Mapping[str, object]:
        box = {name: self.sandbox.place(name) for name in self._mounts()}
        return {**self.host.known(), "limits": asdict(self.limits), "places": box}

    def _mounts(self) -> list[str]:
        spec = self.abuse.spec(self.host)
        return ["workspace", *spec.mounts, *spec.writable]

    @property
    def limits(self) -> Limits:
        return self.abuse.spec(self.host).limits


async def once(play: Play) -> None:
    """The plain attack: run the program to its end."""
    await play.run()


def small_box(host: Host) -> BoxSpec:
    """An empty box with small limits."""
    return BoxSpec(limits=SMALL)


def box_with(limits: Limits) -> Callable[[Host], BoxSpec]:
    """An empty box with other limits."""
    return lambda host: BoxSpec(limits=limits)


def tighter(**changes: int) -> Limits:
    """The small limits with some of them changed."""
    return replace(SMALL, **changes)


@dataclass(frozen=True)
class Abuse:
    """One thing that an adversarial command may try.

    `needs` names what a backend must claim for the attack to be held against it. `program` is
    Python for the inside of the box, after the text of `abuse_inside.py`; `act` is what the harness
    does meanwhile. The verdict is given when the box is closed, on all the evidence.
    """

    name: str
    needs: frozenset[Capability]
    program: str
    verdict: Verdict = claimed
    act: Callable[[Play], Awaitable[None]] = once
    spec: Callable[[Host], BoxSpec] = small_box
    timeout: float = 20.0


@cache
def inside() -> str:
    """The text that every program starts with."""
    return Path(__file__).with_name("abuse_inside.py").read_text(encoding="utf-8")
