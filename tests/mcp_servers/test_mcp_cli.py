"""`clawgym mcp` as a client starts it: real processes, the official client, real stdio."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client

from clawgym_skills.catalogue import Catalogue

Mode = Literal["legacy", "auto"]
MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])


def clawgym(*arguments: str, cwd: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "clawgym", "mcp", *arguments], cwd=cwd
    )


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawgym", "mcp", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def text_of(result: types.CallToolResult) -> str:
    assert isinstance(result.content[0], types.TextContent)
    return result.content[0].text


@pytest.fixture
def catalogue(tmp_path: Path, skill_folder: Path) -> Path:
    path = tmp_path / "catalogue.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.index([skill_folder])
    return path


class Ask(types.Request[dict[str, str], str]):
    """A request of the extension."""


class Entry(types.Result):
    """What `skills/get` answers."""

    skill: dict[str, object]


@MODES
async def test_skills_over_stdio(tmp_path: Path, catalogue: Path, mode: Mode):
    server = clawgym("skills", "--catalog", str(catalogue), cwd=tmp_path)
    async with Client(server, mode=mode) as client:
        assert len((await client.list_tools()).tools) == 3
        found = await client.call_tool("skills_search", {"query": "csv"})
        assert "csv-analysis" in text_of(found)
        (content,) = (await client.read_resource("skill://csv-analysis/SKILL.md")).contents
        assert isinstance(content, types.TextResourceContents)
        request = Ask(method="skills/get", params={"uri": "skill://csv-analysis/SKILL.md"})
        entry = (await client.session.send_request(request, Entry)).skill
        digest = "sha256:" + hashlib.sha256(content.text.encode()).hexdigest()
        assert {"uri": content.uri, "digest": digest, "size": len(content.text)} in entry[
            "resources"
        ]


@MODES
async def test_a_workspace_over_stdio(tmp_path: Path, mode: Mode):
    server = clawgym("workspace", str(tmp_path), "--sandbox", "local", cwd=tmp_path)
    async with Client(server, mode=mode) as client:
        assert [t.name for t in (await client.list_tools()).tools] == [
            *("read", "write", "edit", "apply_patch", "exec", "process"),
            *("memory_search", "memory_get"),
        ]
        await client.call_tool("write", {"path": "a.txt", "content": "hi"})
        ran = await client.call_tool("exec", {"command": "cat a.txt; cat"})
        assert text_of(ran) == "hi\n(Command exited with code 0)"
        bad = await client.call_tool("read", {"path": "../a.txt"})
        assert bad.is_error
        assert "outside the workspace" in text_of(bad)
    assert (tmp_path / "a.txt").read_text() == "hi"


async def test_without_a_catalogue_the_bundled_skills_are_served(tmp_path: Path):
    async with Client(clawgym("skills", cwd=tmp_path)) as client:
        names = [resource.name for resource in (await client.list_resources()).resources]
    assert "csv-analysis" in names
    assert os.listdir(tmp_path) == []


def test_config_starts_what_it_prints(tmp_path: Path):
    (tmp_path / "data").mkdir()
    shown = json.loads(run("config", "data", cwd=tmp_path).stdout)["mcpServers"]
    assert shown["clawgym-workspace"]["command"] == sys.executable
    assert shown["clawgym-workspace"]["args"][-2:] == ["workspace", str(tmp_path / "data")]
    assert shown["clawgym-skills"]["args"] == ["-m", "clawgym", "mcp", "skills"]


def test_config_names_the_catalogue_by_its_whole_path(tmp_path: Path, catalogue: Path):
    shown = json.loads(run("config", "--catalog", catalogue.name, cwd=tmp_path).stdout)
    assert shown["mcpServers"]["clawgym-skills"]["args"][-2:] == ["--catalog", str(catalogue)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["skills", "--catalog", "nothing.sqlite"], "there is no catalogue nothing.sqlite"),
        (["skills", "--skills", "csv-analisys"], "did you mean csv-analysis?"),
        (["workspace", "nowhere"], "nowhere is not a directory"),
        (["config", "nowhere"], "nowhere is not a directory"),
        (["config", "--skills", "csv-analisys"], "did you mean csv-analysis?"),
        (["config", "--skills", "zzz"], "`clawgym skills index DIR` adds some"),
    ],
)
def test_a_wrong_command_is_one_line_on_stderr_and_exit_code_2(tmp_path, arguments, reason):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_the_servers_import_no_langchain():
    program = (
        "import sys, mcp_servers.cli, mcp_servers.skills, mcp_servers.workspace_server\n"
        "heavy = ('langchain', 'langgraph', 'openai', 'torch')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture
def served(tmp_path: Path):
    """URL, header name and token of a server that was just started."""
    command = [sys.executable, "-m", "clawgym", "mcp", "skills", "--http", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        url = process.stderr.readline().strip()
        name, _, token = process.stderr.readline().strip().partition(": ")
        yield url, name, token
        process.terminate()


async def test_skills_over_http_ask_for_the_token_that_was_printed(served: tuple[str, str, str]):
    url, name, token = served
    async with (
        httpx2.AsyncClient(headers={name: token}) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        assert len((await client.list_tools()).tools) == 3
    async with httpx2.AsyncClient() as stranger:
        assert (await stranger.post(url, json={})).status_code == 401
