"""`server.json` as the MCP registry takes it: the rules of its schema, revision 2025-12-11.

Source: modelcontextprotocol/registry:docs/reference/server-json.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mcp_servers.clients.publication import write_registry_entry

ROOT = Path(__file__).parents[3]


def text(most: int = 255, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most, **more}


def fields(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


NAME = r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"
VERSION = text(pattern=r"^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$")  # one version, never a range
ARGUMENT = fields("type value", type={"const": "positional"}, value=text())
PACKAGE = fields(
    "registryType identifier version transport",
    registryType={"const": "pypi"},
    identifier=text(),
    version=VERSION,
    runtimeHint={"const": "uvx"},
    transport=fields("type", type={"const": "stdio"}),
    packageArguments={"type": "array", "items": ARGUMENT},
)
ENTRY = fields(
    "$schema name description version packages",
    **{
        "$schema": {
            "const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
        }
    },
    name=text(200, minLength=3, pattern=NAME),
    title=text(100),
    description=text(100),
    version=VERSION,
    packages={"type": "array", "items": PACKAGE, "minItems": 1},
)


@pytest.fixture
def entry(tmp_path: Path) -> dict[str, Any]:
    return json.loads(write_registry_entry(tmp_path / "server.json").read_text("utf-8"))


def test_the_entry_keeps_the_rules_of_the_registry(entry: dict[str, Any]):
    jsonschema.validate(entry, ENTRY)


def test_the_readme_proves_that_the_name_is_ours(entry: dict[str, Any]):
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"mcp-name: (\S+)", readme) == [entry["name"]]


def test_what_the_entry_starts_is_a_command_of_the_package(entry: dict[str, Any]):
    (package,) = entry["packages"]
    arguments = [argument["value"] for argument in package["packageArguments"]]
    done = subprocess.run(
        [sys.executable, "-m", package["identifier"], *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout == b""
