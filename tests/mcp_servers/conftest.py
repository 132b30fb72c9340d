"""A real box on this machine, and the workspace tools over it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from clawgym.sandbox import open_backend
from clawgym.sandbox.protocol import BoxSpec, Limits, Sandbox
from mcp_servers.toolkit import ToolResult
from mcp_servers.workspace import workspace_tools

CallTool = Callable[..., Awaitable[ToolResult]]


@pytest.fixture
def skills_dir(tmp_path: Path) -> Path:
    """A folder of skills as a task mounts it."""
    folder = tmp_path / "mounted-skills" / "csv-analysis"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: csv-analysis\n---\nUse the csv module.\n")
    (folder / "scripts" / "profile.py").write_text("print('profile')\n" * 5_000)
    return folder.parent


@pytest.fixture
async def sandbox(skills_dir: Path) -> AsyncIterator[Sandbox]:
    """An empty workspace with `skills` mounted."""
    limits = Limits(wall_seconds=20, output_bytes=20_000)
    box = await open_backend("local").create(BoxSpec(mounts={"skills": skills_dir}, limits=limits))
    yield box
    await box.close()


@pytest.fixture
def call(sandbox: Sandbox) -> CallTool:
    """Call a workspace tool by name: `await call("read", path="a.txt")`."""
    tools = {tool.name: tool for tool in workspace_tools(sandbox)}

    async def run(name: str, **arguments: object) -> ToolResult:
        return await tools[name].call(arguments)  # type: ignore[arg-type]

    return run


CONFORMANT = b"""---
name: csv-analysis
description: Profile CSV files and answer questions about them.
license: Apache-2.0
metadata:
  version: "1.10"
---
# CSV analysis

Run scripts/profile.py first.
"""
NESTED_METADATA = """---
name: weather-report
description: Write a weather report from station logs.
user-invocable: false
released: 2026-01-31
metadata: {"openclaw": {"emoji": "\U0001f326", "requires": {"bins": ["jq"]}}}
---
# Weather

Read the logs.
"""
WRONG_NAME = b"""\xef\xbb\xbf---\r
name: Invoice Checker\r
description: Check invoices against orders: totals, dates and duplicates.\r
---\r
Compare each line.\r
"""


@pytest.fixture
def skill_folder(tmp_path: Path) -> Path:
    """Skills as authors write them: one conformant, two not."""
    folder = tmp_path / "skills"
    files = {
        "csv-analysis/SKILL.md": CONFORMANT,
        "csv-analysis/scripts/profile.py": b"print('profile')\n",
        "csv-analysis/references/deep/a b.md": b"# Notes\r\n",
        "csv-analysis/assets/logo.png": b"\x89PNG\r\n\xff\x00",
        "weather-report/SKILL.md": NESTED_METADATA.encode(),
        "invoice-checker/SKILL.md": WRONG_NAME,
    }
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder
