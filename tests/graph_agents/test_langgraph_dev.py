"""The agent in LangGraph's own server: as its factory, and under `langgraph dev` where that is.

The server is under the Elastic licence and therefore no dependency. `CLAWGYM_LANGGRAPH_VENV` names
a virtual environment that holds it, and ClawGym:

    python -m venv DIR && DIR/bin/pip install "langgraph-cli[inmem]" -e .
"""

import asyncio
import contextlib
import importlib
import json
import os
import socket
from pathlib import Path

import httpx2
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graph_agents.dev import make_graph
from tests.graph_agents.endpoint.server import serving
from tests.graph_agents.engine_parts import call

ROOT = Path(__file__).parents[2]
WHERE = os.environ.get("CLAWGYM_LANGGRAPH_VENV", "")
needs_server = pytest.mark.skipif(
    not Path(WHERE, "bin", "langgraph").is_file(),
    reason="CLAWGYM_LANGGRAPH_VENV names no environment with langgraph-cli[inmem]",
)
ASK = {"messages": [{"role": "user", "content": "profile the table t.csv"}]}
FOUND = "t.csv: 2 rows, 2 columns"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "t.csv").write_text("a,b\n1,2\n3,4\n")
    monkeypatch.setenv("CLAWGYM_AGENT_WORKSPACE", str(folder))
    monkeypatch.setenv("CLAWGYM_MODEL", "offline")
    return folder


def test_langgraph_json_names_the_factory():
    named = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["clawgym"]
    module, _, name = named.partition(":")
    assert getattr(importlib.import_module(module), name) is make_graph


async def test_the_factory_makes_the_agent_on_the_folder(workspace, monkeypatch):
    monkeypatch.setenv("CLAWGYM_AGENT_POLICY", "trusting")
    async with make_graph({"configurable": {"thread_id": "t"}}) as graph:
        final = await graph.ainvoke(ASK)
    assert FOUND in final["messages"][-1].content


async def test_what_the_policy_asks_about_interrupts_the_graph(workspace):
    config = {"configurable": {"thread_id": "t"}}
    async with make_graph(config) as graph:
        graph.checkpointer = InMemorySaver()
        final = await graph.ainvoke(ASK, config)
        asked = 0
        while "__interrupt__" in final:
            asked += 1
            final = await graph.ainvoke(Command(resume=True), config)
    assert asked == 2
    assert FOUND in final["messages"][-1].content


async def test_who_is_asked_sees_what_the_call_would_change(workspace, monkeypatch):
    async def writer(model, messages):
        return call(("write", {"path": "t.csv", "content": "a,b\n1,2\n"}))

    config = {"configurable": {"thread_id": "t"}}
    async with serving(writer) as served:
        monkeypatch.setenv("CLAWGYM_MODEL", "writer")
        monkeypatch.setenv("CLAWGYM_BASE_URL", served.base_url)
        async with make_graph(config) as graph:
            graph.checkpointer = InMemorySaver()
            final = await graph.ainvoke(ASK, config)
    [asked] = final["__interrupt__"][0].value["approvals"]
    assert asked["preview"].endswith(" a,b\n 1,2\n-3,4")


@contextlib.asynccontextmanager
async def dev_server(folder):
    """`langgraph dev` as a user starts it: blocking calls on its loop are errors."""
    (folder / "langgraph.json").write_text((ROOT / "langgraph.json").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(str(Path(WHERE, "bin", "langgraph")), "dev", "--no-browser", "--no-reload"),
        *("--port", str(port)),
        cwd=folder,
        env={**os.environ, "LANGSMITH_TRACING": "false"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            await asyncio.wait_for(_awake(client), 60)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _awake(client) -> None:
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            if (await client.get("/ok")).status_code == 200:
                return
        await asyncio.sleep(0.2)


@needs_server
async def test_it_runs_asks_and_goes_on_under_langgraph_dev(workspace, tmp_path):
    async with dev_server(tmp_path) as client:
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        runs, asked = f"/threads/{thread}/runs/wait", 0
        state = (await client.post(runs, json={"assistant_id": "clawgym", "input": ASK})).json()
        while "__interrupt__" in state:
            asked += 1
            more = {"assistant_id": "clawgym", "command": {"resume": True}}
            state = (await client.post(runs, json=more)).json()
        schemas = await client.get(f"/assistants/{await _assistant(client)}/schemas")
    assert asked == 2, state
    assert FOUND in state["messages"][-1]["content"]
    assert state["stop_reason"] == "done"
    assert schemas.status_code == 200


async def _assistant(client) -> str:
    found = (await client.post("/assistants/search", json={})).json()
    return found[0]["assistant_id"]
