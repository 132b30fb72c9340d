"""Run the abuse suite against a backend: `python -m tests.clawgym.sandbox.abuse --backend bwrap`.

Each case runs in a box of its own, beside another box with a secret, on a host with a secret.
Exit code 1 when an attack succeeded or an attack itself is broken, 3 when there is no such backend.
With `--user UID`, root runs everything again as that ordinary user.
"""

import argparse
import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.files import Files
from clawgym.sandbox import Backend, BoxSpec, Limits, Sandbox, box
from tests.clawgym.sandbox import (
    abuse_disk,
    abuse_escape,
    abuse_files,
    abuse_information,
    abuse_kernel,
    abuse_links,
    abuse_network,
    abuse_privilege,
    abuse_resources,
    abuse_survival,
    abuse_time,
)
from tests.clawgym.sandbox.abuse_backends import DECLARED, NAMES, open_isolating
from tests.clawgym.sandbox.abuse_case import Abuse, Evidence, Play
from tests.clawgym.sandbox.abuse_host import Host, attacked_host, kill_all, processes_with
from tests.clawgym.sandbox.abuse_user import run_as

CASES: tuple[Abuse, ...] = (
    *abuse_escape.CASES,
    *abuse_kernel.CASES,
    *abuse_information.CASES,
    *abuse_network.CASES,
    *abuse_links.CASES,
    *abuse_files.CASES,
    *abuse_privilege.CASES,
    *abuse_resources.CASES,
    *abuse_disk.CASES,
    *abuse_time.CASES,
    *abuse_survival.CASES,
)
_HUNG = 90.0


class Outcome(StrEnum):
    """What became of an attack."""

    FAILED = "held"
    SUCCEEDED = "SUCCEEDED"
    BROKEN = "BROKEN"
    SKIPPED = "skipped"
    DECLARED = "declared"


@dataclass(frozen=True)
class Report:
    """One attack and what it achieved, or why it could not be tried."""

    name: str
    outcome: Outcome
    detail: str
    seconds: float
    notes: Sequence[str] = ()


@dataclass
class Arena:
    """A backend under attack: its host, and another box that no attack may reach or harm."""

    backend: Backend
    host: Host
    neighbour: Sandbox
    living: "asyncio.Task[object]"

    async def attack(self, abuse: Abuse) -> Report:
        """Run one attack in a new box and judge it when the box is closed."""
        started = time.monotonic()
        if missing := abuse.needs - self.backend.capabilities:
            why = f"{self.backend.name} does not claim {', '.join(sorted(missing))}"
            return Report(abuse.name, Outcome.SKIPPED, why, 0.0)
        evidence = Evidence(self.host)
        token = f"clawgym{secrets.token_hex(8)}"
        try:
            async with asyncio.timeout(_HUNG):
                await self._play(abuse, evidence, token)
        except TimeoutError:
            evidence.noticed.append(f"held the harness for {_HUNG:g} s")
        except SandboxError as error:
            evidence.noticed.append(f"broke the sandbox: {error}")
        except OSError as error:
            evidence.noticed.append(f"made the harness fail: {error}")
        evidence.noticed += [*self.host.damage(), *await self._harm(), *_left_behind(token)]
        return self._judge(abuse, evidence, time.monotonic() - started)

    async def _play(self, abuse: Abuse, evidence: Evidence, token: str) -> None:
        async with box(self.backend, abuse.spec(self.host)) as sandbox:
            play = Play(self.backend.name, sandbox, abuse, token, evidence)
            await abuse.act(play)
            if play.alive:
                await self._still_works(sandbox, play)

    async def _still_works(self, sandbox: Sandbox, play: Play) -> None:
        result = await sandbox.exec(["echo", "alive"], cwd="/", timeout=10)
        if result.stdout != b"alive\n":
            play.notice(f"the box is unusable: {result.exit_code} {result.stderr[-200:]!r}")

    async def _harm(self) -> list[str]:
        """What an attack did to the other box."""
        result = await self.neighbour.exec(["cat", "secret.txt"], timeout=10)
        if self.living.done():
            return ["killed a process of another box"]
        if result.stdout != self.host.needle.encode():
            return [f"another box lost its file: {result.stderr!r}"]
        return []

    def _judge(self, abuse: Abuse, evidence: Evidence, seconds: float) -> Report:
        notes = (*evidence.said("denied"), *evidence.said("note"), *evidence.said("won"))
        achieved = abuse.verdict(evidence) or next(iter(evidence.noticed), None)
        if achieved is None and self.host.needle in evidence.text:
            achieved = "printed the secret"
        if achieved and (declared := DECLARED.get((self.backend.name, abuse.name))):
            detail = f"{achieved} ({declared})"
            return Report(abuse.name, Outcome.DECLARED, detail, seconds, notes)
        if achieved:
            return Report(abuse.name, Outcome.SUCCEEDED, achieved, seconds, notes)
        outcome, detail = _tried(evidence)
        return Report(abuse.name, outcome, detail, seconds, notes)


def _tried(evidence: Evidence) -> tuple[Outcome, str]:
    """Whether an attack that achieved nothing was an attack at all."""
    if bugs := evidence.said("broken"):
        return Outcome.BROKEN, bugs[0]
    if reasons := evidence.said("cannot"):
        return Outcome.SKIPPED, reasons[0]
    if any(result.exit_code == 127 for result in evidence.results):
        return Outcome.SKIPPED, "there is no python3 in the box"
    if not evidence.said("tried") and not evidence.begun:
        return Outcome.BROKEN, f"it never began: {evidence.text[-300:]!r}"
    return Outcome.FAILED, ""


def _left_behind(token: str) -> list[str]:
    left = processes_with(token)
    kill_all(left)
    return [f"{len(left)} processes outlive the box"] if left else []


@asynccontextmanager
async def arena(backend: Backend) -> AsyncGenerator[Arena]:
    """A host with secrets and a second box with a secret, a process and shared memory."""
    with attacked_host() as host:
        spec = BoxSpec(files=Files({"secret.txt": host.needle}), limits=Limits(wall_seconds=3600))
        async with box(backend, spec) as neighbour:
            command = ["python3", "-I", "-c", NEIGHBOUR, host.needle, str(host.segment)]
            living = asyncio.create_task(neighbour.exec(command, env={"SECRET": host.needle}))
            while "ready" not in await neighbour.list() and not living.done():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            if living.done():
                raise SandboxError(f"the other box does not live: {living.result()}")
            yield Arena(backend, host, neighbour, living)
            await neighbour.seal()
            await asyncio.wait({living})
            living.exception()


NEIGHBOUR = """
import ctypes, os, socket, sys, time
for place in ("/tmp", "/dev/shm", "/run"):
    try:
        with open(place + "/neighbour-was-here", "w") as stream:
            stream.write(sys.argv[1])
    except OSError:
        pass
libc = ctypes.CDLL(None)
libc.shmget(int(sys.argv[2]), 4096, 0o1666)
try:
    server = socket.socket(socket.AF_UNIX)
    server.bind("\\0clawgym-neighbour")
    server.listen()
except OSError:
    pass
open("ready", "w").close()
time.sleep(3600)
"""


async def _run(backend: Backend, wanted: Sequence[str], *, verbose: bool) -> int:
    chosen = [case for case in CASES if not wanted or any(word in case.name for word in wanted)]
    reports: list[Report] = []
    async with arena(backend) as ring:
        for case in chosen:
            report = await ring.attack(case)
            reports.append(report)
            line = f"{report.outcome:10} {report.seconds:5.1f} s  {report.name}"
            print(f"{line:64} {report.detail}".rstrip(), flush=True)
            if verbose:
                print("".join(f"{'':20}{note}\n" for note in report.notes), end="")
    counts = {kind: sum(report.outcome is kind for report in reports) for kind in Outcome}
    print(
        f"{backend.name}, uid {os.geteuid()}: "
        + ", ".join(f"{n} {kind}" for kind, n in counts.items())
    )
    return 1 if counts[Outcome.SUCCEEDED] or counts[Outcome.BROKEN] else 0


def main() -> int:
    """The command line; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="bwrap", choices=NAMES)
    parser.add_argument("--user", type=int, help="run as this user (needs root)")
    parser.add_argument("--verbose", action="store_true", help="what each attack met with")
    parser.add_argument("cases", nargs="*", help="only cases with one of these words")
    asked = parser.parse_args()
    if asked.user is not None and asked.user != os.geteuid():
        command = ["-m", "tests.clawgym.sandbox.abuse", "--backend", asked.backend, *asked.cases]
        if asked.verbose:
            command.append("--verbose")
        return run_as(asked.user, command)
    try:
        return asyncio.run(_run(open_isolating(asked.backend), asked.cases, verbose=asked.verbose))
    except SandboxUnsupportedError as error:
        print(f"{asked.backend} does not work here: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
