"""Tools of servers that the user lists: found, opened when called, and failing by themselves."""

import asyncio
import json
import sys

import pytest

from clawgym.errors import UsageError
from graph_agents.tools import servers
from graph_agents.tools.server_config import ServerSpec, load_servers
from graph_agents.tools.servers import Connection, server_tools
from mcp_servers.toolkit import ToolFailure

SERVER = """
import sys
from pathlib import Path
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

Path(sys.argv[1]).open("a").write("started\\n")
app = MCPServer("test")

@app.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> str:
    "Add two numbers."
    return str(a + b)

@app.tool()
def fail() -> str:
    "Always fails."
    from mcp.server.mcpserver.exceptions import ToolError
    raise ToolError("no luck")

@app.tool()
def leave() -> str:
    "Ends the server."
    import os
    os._exit(1)

@app.tool()
async def sleep() -> str:
    "Takes long."
    import anyio
    await anyio.sleep(30)
    return "late"

app.run("stdio")
"""


@pytest.fixture
def starts(tmp_path):
    return tmp_path / "starts"


@pytest.fixture
def spec(tmp_path, starts):
    (tmp_path / "server.py").write_text(SERVER)
    args = (str(tmp_path / "server.py"), str(starts))
    return ServerSpec(command=sys.executable, args=args, timeout=20)


def by_name(tools):
    return {tool.name: tool for tool in tools}


async def test_tools_are_named_after_the_users_label_and_keep_their_schema(spec):
    async with server_tools({"calc": spec}) as tools:
        add = by_name(tools)["calc__add"]
        assert add.description == "Add two numbers."
        assert set(add.input_schema["properties"]) == {"a", "b"}
        assert (await add.call({"a": 1, "b": 2})).text == "3"
        assert (await add.call('{"a": 20, "b": 3}')).text == "23"


async def test_a_hint_of_the_server_counts_only_where_the_user_says_so(spec):
    wary = Connection("calc", spec)
    await wary.tools()
    await wary.close()
    trusting = Connection("calc", spec.model_copy(update={"trust_hints": True}))
    assert not any(wary.tool(offer).read_only for offer in wary.seen)
    believed = [trusting.tool(offer) for offer in wary.seen]
    assert [tool.name for tool in believed if tool.read_only] == ["calc__add"]


async def test_what_is_wrong_comes_back_as_an_error(spec):
    async with server_tools({"calc": spec}) as tools:
        failed = await by_name(tools)["calc__fail"].call({})
        assert failed.is_error
        assert "no luck" in failed.text
        assert (await by_name(tools)["calc__add"].call({"a": "x"})).is_error


async def test_a_known_server_is_started_only_when_it_is_called(spec, starts, tmp_path):
    known = tmp_path / "known.json"
    async with server_tools({"calc": spec}, known=known):
        pass
    starts.unlink()
    async with server_tools({"calc": spec}, known=known) as tools:
        assert not starts.exists()
        assert (await by_name(tools)["calc__add"].call({"a": 1, "b": 1})).text == "2"
        await by_name(tools)["calc__add"].call({"a": 1, "b": 1})
    assert starts.read_text() == "started\n"


def test_other_arguments_make_it_another_server(spec):
    assert spec.digest != spec.model_copy(update={"env": {"A": "1"}}).digest


async def test_what_is_known_can_be_damaged_without_harm(spec, tmp_path):
    known = tmp_path / "known.json"
    known.write_text("{")
    async with server_tools({"calc": spec}, known=known) as tools:
        assert tools
    assert json.loads(known.read_text())


async def test_a_server_that_went_away_is_opened_again(spec, starts):
    async with server_tools({"calc": spec}) as tools:
        left = await by_name(tools)["calc__leave"].call({})
        assert left.is_error
        assert "may have taken effect" in left.text
        assert (await by_name(tools)["calc__add"].call({"a": 1, "b": 1})).text == "2"
    assert starts.read_text() == "started\n" * 2


async def test_a_call_that_takes_too_long_ends(spec):
    hasty = spec.model_copy(update={"timeout": 0.5})
    async with server_tools({"calc": hasty}) as tools:
        result = await by_name(tools)["calc__sleep"].call({})
        assert "did not answer within 0.5 seconds" in result.text


async def test_a_server_that_cannot_start_costs_only_its_own_tools(spec):
    broken = ServerSpec(command="/no/such/program")
    async with server_tools({"gone": broken, "calc": spec}) as tools:
        assert all(name.startswith("calc__") for name in by_name(tools))


async def test_what_a_server_said_before_it_failed_is_in_the_reason():
    complaint = "import sys; sys.exit('the licence is missing')"
    connection = Connection("calc", ServerSpec(command=sys.executable, args=("-c", complaint)))
    with pytest.raises(ToolFailure, match="the licence is missing"):
        await connection.tools()
    await connection.close()


async def test_a_tool_that_is_gone_says_so(spec):
    connection = Connection("calc", spec)
    await connection.tools()
    offer = connection.seen[0].model_copy(update={"name": "former"})
    result = await connection.tool(offer).call({})
    assert "does not offer former any more" in result.text
    await connection.close()


# The list ----------------------------------------------------------------------------------------


def test_the_same_list_can_be_json_or_toml(tmp_path):
    (tmp_path / "a.json").write_text(
        '{"mcpServers": {"my-files": {"command": "x", "args": ["-v"]}}, "other": 1}'
    )
    (tmp_path / "a.toml").write_text('[mcp_servers.my-files]\ncommand = "x"\nargs = ["-v"]\n')
    first, second = load_servers(tmp_path / "a.json"), load_servers(tmp_path / "a.toml")
    assert first == second
    assert first["my_files"].args == ("-v",)


def test_secrets_come_from_the_environment(tmp_path):
    path = tmp_path / "a.json"
    servers = {"t": {"url": "https://a.example", "headers": {"K": "${KEY} ${X:-none}"}}}
    path.write_text(json.dumps({"mcpServers": servers}))
    assert load_servers(path, {"KEY": "secret"})["t"].headers == {"K": "secret none"}
    with pytest.raises(UsageError, match="variable KEY"):
        load_servers(path, {})


def test_what_is_disabled_is_left_out(tmp_path):
    path = tmp_path / "a.json"
    servers = {"a": {"command": "x", "disabled": True}, "b": {"command": "x", "enabled": False}}
    path.write_text(json.dumps({"servers": {**servers, "c": {"command": "x"}}}))
    assert list(load_servers(path)) == ["c"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "cannot read"),
        ("[]", "lists no MCP servers"),
        ("{}", "lists no MCP servers"),
        ('{"mcpServers": {"a": {}}}', "either a command or a url"),
        ('{"mcpServers": {"a": {"command": "x", "url": "http://y"}}}', "either"),
        ('{"mcpServers": {"a-b": {"command": "x"}, "a.b": {"command": "x"}}}', "two MCP servers"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path, content, problem):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UsageError, match=problem):
        load_servers(tmp_path / "a.json")


@pytest.fixture
async def http():
    """A server on loopback that answers only who brings the key; its port."""
    import asyncio

    import uvicorn
    from mcp.server import MCPServer
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse

    app = MCPServer("team")

    @app.tool()
    def greet(name: str) -> str:
        return f"Hello {name}"

    class Guard:
        def __init__(self, app) -> None:
            self.app = app

        async def __call__(self, scope, receive, send):
            known = dict(scope.get("headers", [])).get(b"x-key") == b"secret"
            refused = PlainTextResponse("no", 401)
            await (self.app if known or scope["type"] != "http" else refused)(scope, receive, send)

    web = app.streamable_http_app()
    web.user_middleware.append(Middleware(Guard))
    server = uvicorn.Server(uvicorn.Config(web, port=0, log_level="error", lifespan="on"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def test_a_server_at_an_address_gets_the_users_headers(http):
    spec = ServerSpec(url=f"http://127.0.0.1:{http}/mcp", headers={"X-Key": "secret"})
    async with server_tools({"team": spec}) as tools:
        assert (await by_name(tools)["team__greet"].call({"name": "you"})).text == "Hello you"


async def test_a_server_that_refuses_says_so(http):
    connection = Connection("team", ServerSpec(url=f"http://127.0.0.1:{http}/mcp"))
    with pytest.raises(ToolFailure, match="the MCP server team cannot be reached"):
        await connection.tools()
    await connection.close()


async def test_what_is_waited_for_is_said_and_giving_up_is_quick(caplog, monkeypatch):
    monkeypatch.setattr(servers, "_PATIENCE", 0.1)
    monkeypatch.setattr(servers, "_OPENING_SECONDS", 1.0)
    silent = ServerSpec(command=sys.executable, args=("-c", "import time; time.sleep(60)"))
    async with asyncio.timeout(20), server_tools({"silent": silent}) as tools:
        assert tools == []
    assert "waiting for the MCP server silent, for 1 seconds at most" in caplog.text


async def test_the_last_words_of_a_server_begin_with_a_whole_word(caplog):
    script = "import sys; sys.stderr.write('whatever ' * 100)"
    talking = ServerSpec(command=sys.executable, args=("-c", script))
    async with server_tools({"talking": talking}):
        pass
    assert "it said: … whatever whatever" in caplog.text
