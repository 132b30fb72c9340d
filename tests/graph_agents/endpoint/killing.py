"""The real command, killed by SIGKILL, and resumed by the next."""

import asyncio
import json
import os
import signal
import sys

from graph_agents.journal import Store
from graph_agents.journal.sessions import Sessions
from tests.graph_agents.endpoint.stage import Stage


async def killed(stage: Stage, at: int, delay: float) -> None:
    """Kill `clawgym agent run` so long after the reply of that number, then resume the session."""
    moment = asyncio.Event()
    stage.player.before_reply = lambda number: moment.set() if number == at else None
    running = await _command(stage, "run", stage.instruction)
    ended = asyncio.ensure_future(running.wait())
    reached = asyncio.ensure_future(moment.wait())
    await asyncio.wait([ended, reached], return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    await asyncio.sleep(delay)
    assert not ended.done(), "the command ended before it was killed"
    os.kill(running.pid, signal.SIGKILL)
    assert await ended == -signal.SIGKILL
    await running.communicate()
    resumed = await _command(stage, "resume")
    out, err = await resumed.communicate()
    assert resumed.returncode == 0, err.decode()
    events = [json.loads(line) for line in out.splitlines()]
    ends = [event for event in events if event["type"] == "turn_ended"]
    assert [each["reason"] for each in ends] == ["done"], f"{ends} {err.decode()}"
    with Store(stage.state) as store:
        assert len(Sessions(store).all(None)) == 1


async def _command(stage: Stage, name: str, *arguments: str) -> asyncio.subprocess.Process:
    options = stage.options
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clawgym", "agent", name, *arguments),
        *("-w", str(stage.workspace), "--state", str(stage.state), "--json"),
        *("--model", "expert", "--base-url", stage.served.base_url),
        *("--sandbox", stage.sandbox, "--skills", str(options.skills)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
