"""Kills the agent with SIGKILL at random moments, over and over, and counts what it did.

Each run is a conversation whose calls append numbers to a file. The process that carries it out is
killed after a random time and started again until the conversation is over. Every call must then
have happened exactly once, but for those whose answer says that they may have taken effect: those,
at most once. At most one call a kill may be so marked.

    python benchmarks/agent_crashes.py --kills 200
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import AIMessage, ToolMessage

from clawgym.errors import UsageError
from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from graph_agents.agent import AgentSession, AgentSetup, open_agent
from graph_agents.chat_model import parse_arguments, tool_requests
from graph_agents.events import StopReason, TurnEnded
from graph_agents.state import AgentLimits
from mcp_servers.toolkit import Arguments, Tool

ROUNDS = 12
CALLS = 3


class Number(Arguments):
    number: int


class _Box:
    def place(self, name: str) -> str:
        return f"/{name}"


def _script(messages: list[Message]) -> Message:
    """The next round: it depends on nothing but how many there were."""
    said = sum(message.role is Role.ASSISTANT for message in messages)
    if said == ROUNDS:
        return Message(Role.ASSISTANT, "done")
    # Every third call only reads.
    numbers = range(said * CALLS, (said + 1) * CALLS)
    calls = [
        ToolRequest(f"c{n % CALLS}", "look" if n % 3 == 1 else "add", json.dumps({"number": n}))
        for n in numbers
    ]
    return Message(Role.ASSISTANT, f"round {said}", tuple(calls))


def _tools(folder: Path) -> list[Tool[Number]]:
    async def add(arguments: Number) -> str:
        await asyncio.sleep(0.001)
        with (folder / "effects").open("ab", buffering=0) as effects:
            effects.write(b"%d\n" % arguments.number)
        await asyncio.sleep(0.001)
        return f"added {arguments.number}"

    async def look(arguments: Number) -> str:
        await asyncio.sleep(0.001)
        return f"saw {arguments.number}"

    return [
        Tool("add", "Add a number.", Number, add),
        Tool("look", "Look.", Number, look, read_only=True),
    ]


async def _life(folder: Path) -> bool:
    """Begin or continue the conversation; whether it is over."""
    model = ScriptedModel(lambda messages: _script(list(messages)))
    setup = AgentSetup(
        folder, model, _Box(), folder / "agent.sqlite", _tools(folder), limits=AgentLimits(999, 999)
    )
    async with open_agent(setup) as agent:
        try:
            session = await agent.resume("last")
        except UsageError:
            session = agent.new_session()
        if not session.messages:
            return await _ended(session, begin=True)
        return not session.unfinished or await _ended(session, begin=False)


async def _ended(session: AgentSession, *, begin: bool) -> bool:
    turn = session.send("count") if begin else session.go_on()
    *_, last = [event async for event in turn]
    return isinstance(last, TurnEnded) and last.reason is StopReason.DONE


def live(folder: Path, seconds: float | None) -> bool:
    """One life in a process of its own, killed after some seconds; whether it ended by itself."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os._exit(0 if asyncio.run(_life(folder)) else 1)
        os._exit(2)
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            deadline = None
        time.sleep(0.0005)
    if os.WIFSIGNALED(status):
        return False
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"a life ended with status {status}; look into {folder}")
    return True


@dataclass
class Found:
    """What a finished run shows. `problems` must be empty."""

    kills: int
    marked: int
    problems: list[str]


def run_once(folder: Path, rng: random.Random, longest: float) -> Found:
    """Carry out one conversation through as many deaths as it takes."""
    kills = 0
    while not live(folder, rng.uniform(0.0, longest)):
        kills += 1
    return _checked(folder, kills)


def _checked(folder: Path, kills: int) -> Found:
    messages = asyncio.run(_read(folder))
    lines = (folder / "effects").read_text().split()
    happened = Counter(map(int, lines))
    answers: dict[int, ToolMessage] = {}
    asked: list[int] = []
    open_calls: list[int] = []
    for message in messages:
        if isinstance(message, AIMessage):
            open_calls = [_number(call) for call in tool_requests(message)]
            asked += open_calls
        elif isinstance(message, ToolMessage):
            answers[open_calls.pop(0)] = message
    problems = [] if asked == list(range(ROUNDS * CALLS)) else [f"the rounds are {asked}"]
    problems += [f"{n} has no answer" for n in asked if n not in answers]
    marked = {n for n, answer in answers.items() if "may have taken effect" in str(answer.content)}
    for n in asked:
        reads, times = n % 3 == 1, happened[n]
        if reads and (times or n in marked):
            problems.append(f"the reading call {n} is marked or has an effect")
        elif not reads and times != 1 and not (n in marked and times == 0):
            problems.append(f"{n} happened {times} times, marked: {n in marked}")
    if len(marked) > kills:
        problems.append(f"{len(marked)} calls are marked after {kills} kills")
    return Found(kills, len(marked), problems)


def _number(call: ToolRequest) -> int:
    return int(str((parse_arguments(call.arguments) or {})["number"]))


async def _read(folder: Path) -> list[object]:
    model = ScriptedModel([])
    setup = AgentSetup(folder, model, _Box(), folder / "agent.sqlite", [])
    async with open_agent(setup) as agent:
        session = await agent.resume("last")
        return list(session.messages)


def main() -> int:
    """Run until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, kills, marked, runs, problems = random.Random(options.seed), 0, 0, 0, list[str]()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        (warm := Path(scratch, "warm")).mkdir()
        live(warm, None)
        longest = 1.2 * (time.monotonic() - began)
        while kills < options.kills:
            (folder := Path(scratch, str(runs))).mkdir()
            found = run_once(folder, rng, longest)
            kills, marked, runs = kills + found.kills, marked + found.marked, runs + 1
            problems += [f"run {runs}: {problem}" for problem in found.problems]
    report = {
        "kills": kills,
        "conversations": runs,
        "effects": runs * ROUNDS * CALLS * 2 // 3,
        "marked": marked,
        "problems": problems,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(report, indent=1))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
