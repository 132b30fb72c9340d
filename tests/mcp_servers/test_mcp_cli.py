"""`clawgym mcp` as a client starts it: real processes, the official client, real stdio."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym_skills.catalogue import Catalogue
from tests.mcp_servers.issuer import running_issuer

Mode = Literal["legacy", "auto"]
MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])


def clawgym(*arguments: str, cwd: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "clawgym", "mcp", *arguments], cwd=cwd
    )


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        ran = CliRunner().invoke(app, ["mcp", *arguments])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return subprocess.CompletedProcess(arguments, ran.exit_code, ran.stdout, ran.stderr)


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


@contextmanager
def served(*options: str, cwd: Path) -> Iterator[list[str]]:
    """What a server that was just started says: its URL, and perhaps a header."""
    command = [sys.executable, "-m", "clawgym", "mcp", *options, "--http", "0"]
    with subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            lines = (line.strip() for line in process.stderr)
            told = [next(line for line in lines if line.startswith("http"))]
            yield told if "--issuer" in options else [*told, next(lines)]
        finally:
            process.terminate()


def connect(url: str, headers: dict[str, str]) -> tuple[httpx2.AsyncClient, Client]:
    http = httpx2.AsyncClient(headers=headers)
    return http, Client(streamable_http_client(url, http_client=http))


@pytest.mark.parametrize(
    ("server", "tools"), [(["skills"], 3), (["workspace", ".", "--sandbox", "local"], 8)]
)
async def test_servers_over_http_ask_for_the_token_that_was_printed(
    tmp_path: Path, server: list[str], tools: int
):
    with served(*server, cwd=tmp_path) as (url, header):
        name, _, token = header.partition(": ")
        http, client = connect(url, {name: token})
        async with http, client:
            assert len((await client.list_tools()).tools) == tools
        async with httpx2.AsyncClient() as stranger:
            assert (await stranger.post(url, json={})).status_code == 401


async def test_tokens_of_an_authorization_server_are_accepted(tmp_path: Path):
    resource = "https://mcp.example.org/mcp"
    with running_issuer() as issuer:
        options = ["--issuer", issuer.url, "--audience", resource, "--require-scope", "skills"]
        with served("skills", *options, cwd=tmp_path) as (url,):
            token = issuer.token(resource, scope="skills")
            http, client = connect(url, {"Authorization": f"Bearer {token}"})
            async with http, client:
                assert len((await client.list_tools()).tools) == 3
            async with httpx2.AsyncClient() as stranger:
                foreign = issuer.token("https://another.example.org", scope="skills")
                header = {"Authorization": f"Bearer {foreign}", "Host": "mcp.example.org"}
                assert (await stranger.post(url, json={}, headers=header)).status_code == 401


async def test_a_host_that_is_allowed_may_be_named(tmp_path: Path):
    with served("skills", "--allow-host", "mcp.example.org", cwd=tmp_path) as (url, header):
        name, _, token = header.partition(": ")
        for host, let_in in (("mcp.example.org", True), ("evil.example", False)):
            async with httpx2.AsyncClient(headers={name: token, "Host": host}) as http:
                assert ((await http.post(url, json={})).status_code != 421) is let_in


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (["--issuer", "https://x.example"], 2, "add --http PORT"),
        (
            ["--http", "0", "--issuer", "https://x.example"],
            2,
            "--issuer and --resource go together",
        ),
        (["--http", "0", "--audience", "https://x.example"], 2, "go together"),
        (["--http", "0", "--require-scope", "a"], 2, "add --issuer and --resource"),
        (
            [
                "--http=0",
                "--issuer=https://x.example",
                "--resource=https://y.example",
                "--token=tt",
            ],
            2,
            "clients send one token",
        ),
        (
            ["--http", "0", "--issuer", "http://x.example", "--resource", "https://y.example/mcp"],
            2,
            "has to be an https:// URL",
        ),
        (
            [
                "--http",
                "0",
                "--issuer",
                "http://127.0.0.1:1",
                "--resource",
                "https://y.example/mcp",
            ],
            3,
            "cannot be reached at http://127.0.0.1:1/.well-known/oauth-authorization-server",
        ),
    ],
)
def test_options_about_http_that_cannot_be_used_are_refused(
    tmp_path: Path, options: list[str], code: int, reason: str
):
    done = run("skills", *options, cwd=tmp_path)
    assert done.returncode == code
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
