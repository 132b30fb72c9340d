"""Scripts of skills as tools: declared, named by the user, typed, and run in the box."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.sandbox import BoxSpec, open_backend
from clawgym_skills.bundle import bundled_directory, bundled_skills
from mcp_servers.scripts import KEY, declared_scripts, script_tools
from mcp_servers.workspace_server import workspace_server

PROGRAM = "import json, os, sys\nprint(json.dumps(sys.argv[1:]))\n"
SCRIPT: dict[str, Any] = {
    "name": "stats",
    "description": "Profile a table.",
    "run": ["python3", "scripts/table.py", "stats", "{input}", ["-n", "{count}"], ["-s", "{sort}"]],
    "parameters": {
        "input": {"type": "path", "description": "A table."},
        "count": {"type": "integer", "optional": True},
        "sort": {"type": "choice", "choices": ["up", "down"], "optional": True},
    },
}


def skill(*scripts: dict[str, Any], key: str = "clawgym-scripts") -> Files:
    declared = json.dumps(json.dumps(list(scripts)))
    header = f"---\nname: tables\ndescription: x\nmetadata:\n  {key}: {declared}\n---\n"
    return Files({"SKILL.md": header, "scripts/table.py": PROGRAM})


@pytest.fixture
async def call(tmp_path):
    files = skill(SCRIPT)
    files.write_to(tmp_path / "tables")
    box = await open_backend("local").create(BoxSpec(mounts={"skills": tmp_path}))
    (tool,) = script_tools(box, {"tables": files})
    assert tool.name == "tables__stats"

    async def run(**arguments: Any):
        return await tool.call(arguments)

    yield run
    await box.close()


async def test_parameters_fill_one_argument_each(call):
    result = await call(input="a b; rm -rf *.csv", count=3, sort="up")
    assert json.loads(result.text) == ["stats", "./a b; rm -rf *.csv", "-n", "3", "-s", "up"]


async def test_what_is_not_given_is_left_out_with_its_option(call):
    assert json.loads((await call(input="a.csv")).text) == ["stats", "./a.csv"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "input: Field required"),
        ({"input": "--help"}, "must not start with -"),
        ({"input": "../secret"}, "outside the workspace"),
        ({"input": "a", "count": "many"}, "count: Input should be a valid integer"),
        ({"input": "a", "sort": "sideways"}, "sort: Input should be 'up' or 'down'"),
        ({"input": "a", "extra": 1}, "extra: Extra inputs are not permitted"),
    ],
)
async def test_what_does_not_fit_is_refused(call, arguments, reason):
    result = await call(**arguments)
    assert result.is_error
    assert reason in result.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"run": ["rm", "scripts/table.py"], "parameters": {}}, "does not start with one of"),
        ({"run": ["python3", "-c"], "parameters": {}}, "no file of the skill"),
        ({"run": ["python3", "/usr/bin/x"], "parameters": {}}, "no file of the skill"),
        ({"parameters": {}}, "but describes"),
        ({"name": "Stats!"}, "name"),
        ({"surprise": 1}, "surprise"),
        ({"run": ["python3", "scripts/table.py", "{a}"], "parameters": {"a": {"optional": True}}},
         "could not be left out"),
        ({"run": ["python3", "scripts/table.py", "{a}"], "parameters": {"a": {"type": "choice"}}},
         "choices"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_used_is_refused(change, reason):
    with pytest.raises(UsageError, match=reason):
        declared_scripts("tables", skill({**SCRIPT, **change}))


def test_a_skill_that_declares_nothing_offers_nothing():
    with pytest.raises(UsageError, match="declares no clawgym-scripts"):
        declared_scripts("tables", skill(SCRIPT, key="other"))


BUNDLED = {skill.name: skill.files for skill in bundled_skills()}
DECLARING = sorted(
    name for name, files in BUNDLED.items() if KEY.encode() in files["SKILL.md"].data
)


def test_bundled_skills_declare_scripts():
    assert DECLARING == ["checksum-manifest", "csv-analysis"]
    assert [len(declared_scripts(name, BUNDLED[name])) for name in DECLARING] == [2, 3]


async def offered(directory: Path, *scripts: str, read_only: bool = False) -> set[str]:
    async with (
        workspace_server(
            directory,
            open_backend("local"),
            skills=bundled_directory(),
            scripts=scripts,
            read_only=read_only,
        ) as server,
        Client(server) as client,
    ):
        tools = (await client.list_tools()).tools
        return {tool.name for tool in tools if "__" in tool.name}


async def test_no_script_is_a_tool_unless_its_skill_is_named(tmp_path: Path):
    assert await offered(tmp_path) == set()
    manifest = {"checksum_manifest__create", "checksum_manifest__verify"}
    assert await offered(tmp_path, "checksum-manifest") == manifest


async def test_where_nothing_may_be_written_only_scripts_that_read_are_tools(tmp_path: Path):
    assert await offered(tmp_path, *DECLARING, read_only=True) == {
        "checksum_manifest__verify",
        "csv_analysis__stats",
    }


async def test_scripts_of_bundled_skills_do_what_they_say(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "orders.csv").write_text("region,amount\nSouth,10\nNorth,20\nSouth,5\n")
    async with (
        workspace_server(
            tmp_path, open_backend("local"), skills=bundled_directory(), scripts=DECLARING
        ) as server,
        Client(server) as client,
    ):

        async def call(name: str, **arguments: str) -> str:
            result = await client.call_tool(name, arguments)
            assert not result.is_error
            return result.model_dump_json()

        table = {"input": "data/orders.csv"}
        assert "amount" in await call("csv_analysis__stats", **table)
        await call("csv_analysis__filter", **table, output="big.csv", where="amount > 5")
        await call(
            "csv_analysis__aggregate", **table, output="sum.csv", by="region", measure="sum:amount"
        )
        await call("checksum_manifest__create", folder="data", manifest="data.sha256")
        (tmp_path / "data" / "orders.csv").write_text("changed")
        told = await call("checksum_manifest__verify", manifest="data.sha256", folder="data")
    assert (tmp_path / "big.csv").read_text().split() == ["region,amount", "South,10", "North,20"]
    assert "South,15" in (tmp_path / "sum.csv").read_text()
    assert "orders.csv" in told
    assert "exited with code 1" in told
