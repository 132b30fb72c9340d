"""Real clients do their work with our servers; see `run.py`, which also installs them.

Only the official Python client is always there. The others are tried where `run.py` has put them:
in the folder that CLAWGYM_REAL_CLIENTS names, or in build/real_clients.
"""

import os
from pathlib import Path

import pytest

from tests.mcp_servers.real_clients.dialects import ChatCompletions, Json, Turn
from tests.mcp_servers.real_clients.endpoint import CLOSING, Endpoint, PlannedCall, ours
from tests.mcp_servers.real_clients.installing import Cache
from tests.mcp_servers.real_clients.run import CLIENTS, attempt

ROOT = Path(__file__).parents[3]
CACHE = Cache(Path(os.environ.get("CLAWGYM_REAL_CLIENTS", ROOT / "build/real_clients")), False)
READ = PlannedCall("clawgym-workspace", "read", "read a file", lambda _: {"path": "a.txt"})


@pytest.mark.parametrize("client", CLIENTS)
def test_a_real_client_does_its_work(client: str):
    outcome = attempt(client, CACHE)
    if outcome.skipped:
        pytest.skip(f"{client}: {outcome.skipped}; run tests/mcp_servers/real_clients/run.py")
    assert [finding for finding in outcome.findings if not finding.good] == []
    assert len(outcome.findings) >= 5


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mcp__clawgym-workspace__read", True),
        ("mcp_clawgym_workspace_read", True),
        ("clawgym-workspace_read", True),
        ("read", False),
        ("mcp__clawgym-skills__skill_read", False),
    ],
)
def test_a_tool_is_known_by_the_name_that_an_agent_gives_it(name: str, meant: bool):
    assert ours(name, READ) is meant


def test_a_hidden_tool_is_searched_for_and_called_by_the_name_that_was_found():
    endpoint = Endpoint([READ])
    tools = {"tool_search": ("query",), "tool_call": ("name", "arguments")}
    assert endpoint.reply(Turn(tools, ())).tool == "tool_search"
    found = '{"tools": ["mcp__clawgym-workspace__read"]}'
    call = endpoint.reply(Turn(tools, (found,)))
    arguments: Json = {"name": "mcp__clawgym-workspace__read", "arguments": {"path": "a.txt"}}
    assert (call.tool, call.arguments) == ("tool_call", arguments)
    assert endpoint.reply(Turn(tools, (found, "text of the file"))).text == CLOSING
    assert endpoint.results == ("text of the file",)


def test_a_tool_that_is_not_offered_ends_the_work_with_the_reason():
    said = Endpoint([READ]).reply(Turn({"clawgym-workspace_write": (), "tool_search": ()}, ()))
    assert said.tool == "tool_search"
    silent = Endpoint([READ, READ]).reply(Turn({"clawgym-workspace_write": ()}, ()))
    assert silent.text == "ok"


def test_a_request_without_our_tools_is_not_part_of_the_work():
    endpoint = Endpoint([READ])
    assert endpoint.reply(ChatCompletions.read({"messages": [], "tools": []})).text == "ok"
    assert endpoint.called == []
