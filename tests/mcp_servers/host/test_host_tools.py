"""Tools of servers in a LangChain agent."""

import sys
from pathlib import Path

import pytest
from langchain_core.messages import ToolCall
from mcp import Client, StdioServerParameters

from clawgym.errors import UsageError
from clawgym.sandbox import open_backend
from mcp_servers.host.tools import client_tools, open_tools
from mcp_servers.workspace_server import workspace_server


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(name=name, args=arguments, id="1", type="tool_call")


@pytest.fixture
async def tools(tmp_path: Path):
    async with (
        workspace_server(tmp_path, open_backend("local")) as server,
        Client(server) as client,
    ):
        yield {tool.name: tool for tool in await client_tools(client)}


async def test_a_tool_keeps_its_schema_and_says_what_it_may_change(tools):
    assert set(tools["read"].args) == {"path", "offset", "limit", "cursor", "optional"}
    assert tools["read"].metadata == {
        "mcp": {
            "read_only_hint": True,
            "destructive_hint": False,
            "idempotent_hint": True,
            "open_world_hint": False,
        }
    }


async def test_a_result_is_a_message_of_text_blocks(tools, tmp_path):
    (tmp_path / "a.txt").write_text("hello\n")
    message = await tools["read"].ainvoke(call("read", path="a.txt"))
    assert message.content == [{"type": "text", "text": "hello\n"}]


async def test_a_picture_is_an_image_block(tools, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n....")
    message = await tools["read"].ainvoke(call("read", path="a.png"))
    assert [block["type"] for block in message.content] == ["text", "image"]


async def test_what_the_server_calls_an_error_reaches_the_model(tools):
    message = await tools["read"].ainvoke(call("read", path="nowhere"))
    assert message.status == "error"
    assert "does not exist" in message.content


async def test_one_session_serves_all_calls(tmp_path: Path):
    """A background command of one call is there in the next: the server is the same one."""
    start = StdioServerParameters(
        command=sys.executable,
        args=["-m", "clawgym", "mcp", "workspace", str(tmp_path), "--sandbox", "local"],
    )
    async with open_tools({"work": start}) as tools:
        by_name = {tool.name: tool for tool in tools}
        await by_name["work__exec"].ainvoke(call("work__exec", command="sleep 9", background=True))
        listed = await by_name["work__process"].ainvoke(call("work__process", action="list"))
        assert "running" in listed.content[0]["text"]


@pytest.mark.parametrize("label", ["a b", "a__b", "", "../x"])
async def test_a_label_must_not_be_confusable(label):
    with pytest.raises(UsageError, match="cannot label a server"):
        async with open_tools({label: "http://127.0.0.1:9/mcp"}):
            pass
