"""What a step of the agent costs beside the model: CPU, disk and memory, next to its peers.

    python benchmarks/agent_overhead.py [--rounds 3] [--cache DIR] [--crowd]

All talk over HTTP to one endpoint on loopback that answers at once, call a tool that returns 2 kB,
and save every step synchronously. Every round runs each contender once and in turn, so that a busy
machine is busy for all; the medians are printed. `--cache` is a directory with `venv/bin/python`
in which langchain, langchain-openai, langgraph-checkpoint-sqlite and deepagents are installed;
without it our agent runs alone. `--crowd` runs 100 agents in one process instead, with a model in
that process that takes half a second.
"""

import argparse
import importlib.metadata
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "agents"
BARS = {"cpu_ms": 6.0, "bytes": 8192.0, "flat": 1.2, "wall": 1.1, "kib_each": 250.0}
CROWD, CROWD_STEPS, CROWD_DELAY = 100, 50, 0.5


@dataclass(frozen=True)
class Contender:
    """A program under `agents/`, and what runs it."""

    name: str
    python: str

    def run(self, port: int, steps: int, agents: int = 1, delay: float = 0.0) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            command = [self.python, str(HERE / f"{self.name}.py"), f"http://127.0.0.1:{port}/v1"]
            command += [str(steps), str(agents), str(delay), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{self.name} failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def endpoint() -> Iterator[int]:
    command = [sys.executable, str(HERE / "model_server.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        yield int(server.stdout.readline())
        server.stdin.close()


def contenders(cache: Path | None) -> list[Contender]:
    found = [Contender("ours", sys.executable)]
    python = cache / "venv" / "bin" / "python" if cache else None
    for name, module in (("create_agent", "langchain_openai"), ("deep_agent", "deepagents")):
        if python is None or not python.exists():
            print(f"{name}: skipped, {python or '--cache'} has no interpreter", file=sys.stderr)
            continue
        command = [str(python), "-c", f"import {module}, langgraph.checkpoint.sqlite.aio"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            print(f"{name}: skipped, {python} cannot import {module}", file=sys.stderr)
            continue
        found.append(Contender(name, str(python)))
    return found


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}


def steps_report(port: int, options: argparse.Namespace) -> dict[str, dict[str, object]]:
    runs: dict[tuple[str, int], list[dict[str, float]]] = {}
    everyone = contenders(options.cache)
    for number in range(options.rounds):
        for steps in (50, options.long):
            for each in everyone:
                if number >= options.peer_rounds and each.name != "ours":
                    continue
                found = each.run(port, steps)
                runs.setdefault((each.name, steps), []).append(found)
                print(f"round {number} {each.name} {steps}: {found}", file=sys.stderr)
    report: dict[str, dict[str, object]] = {}
    for each in everyone:
        short, long = median(runs[each.name, 50]), median(runs[each.name, options.long])
        report[each.name] = {
            "50": short,
            str(options.long): long,
            "cpu growth": round(long["cpu_ms"] / short["cpu_ms"], 2),
            "bytes growth": round(long["bytes"] / short["bytes"], 2),
        }
    return report


def crowd_report(port: int, options: argparse.Namespace) -> dict[str, dict[str, object]]:
    ideal = (CROWD_STEPS + 1) * CROWD_DELAY
    report: dict[str, dict[str, object]] = {}
    for each in contenders(options.cache):
        found = each.run(port, CROWD_STEPS, CROWD, CROWD_DELAY)
        report[each.name] = {**found, "wall / ideal": round(found["wall_s"] / ideal, 2)}
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-rounds", type=int, default=1, help="of these, with the peers")
    parser.add_argument("--long", type=int, default=500, help="the steps of the long runs")
    parser.add_argument("--cache", type=Path, help="the directory with the peers' environment")
    parser.add_argument("--crowd", action="store_true", help="100 agents at a time")
    options = parser.parse_args()
    with endpoint() as port:
        report = crowd_report(port, options) if options.crowd else steps_report(port, options)
    openai = importlib.metadata.version("openai")
    print(json.dumps({"openai": openai, "bars": BARS, **report}, indent=1))


if __name__ == "__main__":
    main()
