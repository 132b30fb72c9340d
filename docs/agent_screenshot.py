"""Draws `docs/images/agent_chat.svg`: a real turn of the agent, with a scripted model.

python docs/agent_screenshot.py > docs/images/agent_chat.svg
"""

import asyncio
import io
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console, Group

from clawgym.model import (
    ChatReply,
    Message,
    OnDelta,
    Role,
    ScriptedModel,
    ToolRequest,
    ToolSchema,
    Usage,
)
from clawgym.model.endpoint import serve
from clawgym.settings import Settings
from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest
from graph_agents.assembly import assemble
from graph_agents.events import AgentEvent
from graph_agents.options import AgentOptions
from graph_agents.ui.asking import Asker
from graph_agents.ui.screen import Screen
from graph_agents.ui.tally import Tally

WIDTH = 92
SALES = "region,amount\nnorth,120\nsouth,95\nnorth,80\n"
REPORT = "# Sales by region\n\n- north: 200\n- south: 95\n"


def call(name: str, thought: str | None = None, **arguments: str) -> Message:
    """A reply that calls one tool."""
    request = ToolRequest(f"call_{name}", name, json.dumps(arguments))
    return Message(Role.ASSISTANT, "", (request,), reasoning=thought)


class Model(ScriptedModel):
    """Follows a script, and counts tokens as an endpoint would."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """The next reply."""
        reply = await super().complete(messages, tools, on_delta=on_delta)
        prompt = 3100 + 90 * len(messages)
        return replace(reply, usage=Usage(prompt, 84, prompt - 200))


SCRIPT = [
    call("read", "The columns decide how to add up, so look at the file first.", path="sales.csv"),
    call("exec", command="awk -F, 'NR>1 {s[$1]+=$2} END {for (r in s) print r, s[r]}' sales.csv"),
    call("write", path="report.md", content=REPORT),
]


async def drawn(folder: Path) -> str:
    """The picture of a turn that waits for an approval."""
    (folder / "sales.csv").write_text(SALES, encoding="utf-8")
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    tally = Tally()
    screen = Screen(lambda: "qwen3-8b · careful", tally, console=console)
    reached = asyncio.Event()
    asker = Asker(screen)

    async def approve(request: ApprovalRequest) -> ApprovalDecision:
        if request.call.name != "write":
            return ApprovalDecision(Answer.APPROVE)
        asking = asyncio.ensure_future(asker(request))
        await asyncio.sleep(0)
        reached.set()
        return await asking

    async with serve(Model(SCRIPT)) as endpoint:
        given = {"model": "qwen3-8b", "base_url": endpoint.base_url, "sandbox": "local"}
        settings = Settings.model_validate(given)
        options = AgentOptions(folder, settings, policy="careful", state=folder.parent / "s.sqlite")
        async with assemble(options, approve) as assembled:
            session = assembled.agent.new_session()
            events = session.send("Summarise sales.csv by region in report.md")
            turn = asyncio.ensure_future(_follow(screen, events))
            await reached.wait()
            await asyncio.sleep(0.05)
            screen.editor.text, screen.editor.cursor = "y", 1
            console.print(Group(*screen.rows()))
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)
    return console.export_svg(title="clawgym agent chat", unique_id="agent-chat")


async def _follow(screen: Screen, events: AsyncIterator[AgentEvent]) -> None:
    async for event in events:
        screen.show(event)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch, "reports")
        work.mkdir()
        sys.stdout.write(asyncio.run(drawn(work)))
