"""Scripts of skills as tools: declared, named by the user, typed, and run in the box."""

import json
from typing import Any

import pytest

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.sandbox import BoxSpec, open_backend
from mcp_servers.scripts import declared_scripts, script_tools

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
