"""How fast our MCP servers start, answer and list, next to a bare low-level server and FastMCP.

    python benchmarks/mcp_speed.py [--rounds 7] [--skills 20000] [--fastmcp PYTHON] [--soak 60]

Every round starts each server once and in turn, so that a busy machine is busy for all. Requests
are raw JSON lines over stdio (handshake of 2025-11-25); what the client spends on reading answers
is not counted. `--fastmcp` names the interpreter of an environment that has FastMCP. `--soak` keeps
100 clients calling over HTTP for so many seconds and watches the server's memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import anyio
import httpx2
from skills_index import write_collection

HERE = Path(__file__).parent
CALLS = 500
CLIENTS = 100
Json = dict[str, Any]


class Talk:
    """A conversation with a server over its standard input and output."""

    def __init__(self, *command: str) -> None:
        started = time.perf_counter()
        self.server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.number = 0
        client = {"name": "speed", "version": "1"}
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        self.ask("initialize", hello)
        self.spawn_ms = (time.perf_counter() - started) * 1_000
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server.stdin
        self.server.stdin.close()
        self.server.wait(10)

    def ask(self, method: str, params: Json | None = None) -> tuple[Json, float]:
        """The result, and the milliseconds until its last byte was here."""
        self.number += 1
        started = time.perf_counter()
        self._send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params or {}})
        assert self.server.stdout
        while True:
            line = self.server.stdout.readline()
            took = (time.perf_counter() - started) * 1_000
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer["result"], took

    def pages(self, method: str, key: str) -> tuple[int, list[float]]:
        """How many entries a whole listing has, and what each page took in milliseconds."""
        count, took, cursor = 0, list[float](), None
        while not took or cursor:
            result, milliseconds = self.ask(method, {"cursor": cursor} if cursor else {})
            took.append(milliseconds)
            count += len(result[key])
            cursor = result.get("nextCursor")
        return count, took

    def memory_mb(self) -> float:
        return resident_mb(self.server.pid)

    def _send(self, message: Json) -> None:
        assert self.server.stdin
        self.server.stdin.write(json.dumps(message).encode() + b"\n")
        self.server.stdin.flush()


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass
class Figures:
    """What was measured of one server, a value a round."""

    spawn: list[float] = field(default_factory=list)
    call: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--skills", type=int, default=20_000)
    parser.add_argument("--catalog", type=Path, help="a catalogue of so many skills, kept")
    parser.add_argument("--fastmcp", help="interpreter with FastMCP")
    parser.add_argument("--soak", type=float, default=0, help="seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        start_and_call(options.rounds, options.fastmcp, Path(scratch))
        catalogue = options.catalog or Path(scratch, "catalogue.sqlite")
        if not catalogue.is_file():
            write_collection(Path(scratch, "skills"), options.skills)
            command = ["skills", "index", str(Path(scratch, "skills")), "--catalog", str(catalogue)]
            subprocess.run(ours(*command), check=True, stdout=subprocess.DEVNULL)
        listings(catalogue, max(2, options.rounds // 2))
        if options.fastmcp:
            fastmcp_listing(options.fastmcp, 2_000)
        if options.soak:
            soak(catalogue, options.soak)


def ours(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "clawgym", *arguments]


def start_and_call(rounds: int, fastmcp: str | None, scratch: Path) -> None:
    served = scratch / "served"
    served.mkdir()
    (served / "hello.txt").write_text("hello")
    echo = {"name": "echo", "arguments": {"text": "hello"}}
    read = {"name": "skill_files", "arguments": {"name": "csv-analysis"}}
    servers: dict[str, tuple[list[str], Json]] = {
        "bare": ([sys.executable, str(HERE / "mcp/bare_server.py")], echo),
        "base": ([sys.executable, str(HERE / "mcp/our_server.py")], echo),
        "skills": (ours("mcp", "skills"), read),
        "workspace": (
            ours("mcp", "workspace", str(served)),
            {"name": "read", "arguments": {"path": "hello.txt"}},
        ),
    }
    if fastmcp:
        servers["fastmcp"] = ([fastmcp, str(HERE / "mcp/fastmcp_server.py")], echo)
    figures = {name: Figures() for name in servers}
    for _ in range(rounds):
        for name, (command, call) in servers.items():
            with Talk(*command) as talk:
                figures[name].spawn.append(talk.spawn_ms)
                took = [talk.ask("tools/call", call)[1] for _ in range(CALLS)]
                figures[name].call.append(statistics.median(took))
    print("server    spawn to answer, ms    ratio   call p50, ms    ratio")
    for name, measured in figures.items():
        spawn, call = statistics.median(measured.spawn), statistics.median(measured.call)
        spawn_ratio = ratio(measured.spawn, figures["bare"].spawn)
        call_ratio = ratio(measured.call, figures["bare"].call)
        print(f"{name:9} {spawn:10.0f} {spawn_ratio:18.2f} {call:12.2f} {call_ratio:12.2f}")


def ratio(ones: list[float], others: list[float]) -> float:
    """The median of the ratios of paired measurements."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def listings(catalogue: Path, rounds: int) -> None:
    print("\nlisting          skills  first page   cold    warm  (ms)   memory, MB")
    for method, key in (("skills/list", "skills"), ("resources/list", "resources")):
        rows = [_listing(catalogue, method, key) for _ in range(rounds)]
        count = rows[0][0]
        first, cold, warm, memory = (statistics.median(row[n] for row in rows) for n in range(1, 5))
        print(f"{method:15} {count:7} {first:11.1f} {cold:7.0f} {warm:7.0f} {memory:16.0f}")


def _listing(catalogue: Path, method: str, key: str) -> tuple[int, float, float, float, float]:
    with Talk(*ours("mcp", "skills", "--catalog", str(catalogue))) as talk:
        count, cold = talk.pages(method, key)
        _, warm = talk.pages(method, key)
        return count, cold[0], sum(cold), sum(warm), talk.memory_mb()


def fastmcp_listing(python: str, count: int) -> None:
    started = time.perf_counter()
    with Talk(python, str(HERE / "mcp/fastmcp_server.py"), str(count)) as talk:
        ready = time.perf_counter() - started
        listed, took = talk.pages("resources/list", "resources")
    print(
        f"fastmcp         {listed:7} {took[0]:11.1f} {sum(took):7.0f}   ready after {ready:.1f} s"
    )


def soak(catalogue: Path, seconds: float) -> None:
    """100 clients, each with a connection of its own, as fast as they can."""
    command = [sys.executable, str(HERE.parent / "tests/conformance/serve.py")]
    with subprocess.Popen(
        [*command, "--catalog", str(catalogue)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        try:
            url = server.stdout.readline().strip()
            load = Load(url, server.pid, seconds)
            anyio.run(load.run)
        finally:
            server.terminate()
    ordered = sorted(load.took)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    later = load.memory[len(load.memory) // 3 :]
    print(
        f"\n{CLIENTS} HTTP clients, {seconds:.0f} s: {len(ordered)} calls, "
        f"{len(ordered) / seconds:.0f}/s, {len(load.failures)} failures, p50 {p50:.0f} ms, "
        f"p99 {p99:.0f} ms, memory {later[0]:.0f} to {later[-1]:.0f} MB "
        f"{' '.join(sorted(set(load.failures))[:3])}"
    )


@dataclass
class Load:
    """Many clients at once, and what became of their calls."""

    url: str
    pid: int
    seconds: float
    took: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    async def run(self) -> None:
        deadline = anyio.current_time() + self.seconds
        async with anyio.create_task_group() as tasks:
            for _ in range(CLIENTS):
                tasks.start_soon(_client, self.url, deadline, self.took, self.failures)
            while anyio.current_time() < deadline:
                self.memory.append(resident_mb(self.pid))
                await anyio.sleep(1)


async def _client(url: str, deadline: float, took: list[float], failures: list[str]) -> None:
    async with httpx2.AsyncClient(timeout=30) as client:
        for body in _requests():
            if anyio.current_time() > deadline:
                return
            started = time.perf_counter()
            params = body["params"]
            headers = {
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2026-07-28",
                "Mcp-Method": body["method"],
                "Mcp-Name": params.get("name", ""),
            }
            answer = await client.post(url, json=body, headers=headers)
            took.append((time.perf_counter() - started) * 1_000)
            if answer.status_code != 200 or '"result"' not in answer.text:
                failures.append(f"{answer.status_code} {answer.text[:100]}")


def _requests() -> Iterator[Json]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    number = 0
    while True:
        number += 1
        search = {"query": "csv report", "limit": 3}
        call = {"name": "skills_search", "arguments": search}
        params: Json = {"_meta": meta, **call}
        yield {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


if __name__ == "__main__":
    main()
