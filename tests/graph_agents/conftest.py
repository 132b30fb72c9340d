"""A small workspace on disk with real tools, for tests that need no sandbox."""

from pathlib import Path
from typing import Any

import pytest

from mcp_servers.toolkit import Arguments, Tool, ToolFailure


class PathArguments(Arguments):
    path: str


class WriteArguments(Arguments):
    path: str
    content: str


@pytest.fixture
def tools(tmp_path: Path) -> list[Tool[Any]]:
    """`read` and `write` below `tmp_path`, and `explode`, which has a bug."""

    async def read(arguments: PathArguments) -> str:
        return (tmp_path / arguments.path).read_text()

    async def write(arguments: WriteArguments) -> str:
        if arguments.path.startswith("/"):
            raise ToolFailure("absolute paths are not allowed")
        (tmp_path / arguments.path).write_text(arguments.content)
        return f"wrote {len(arguments.content)} characters"

    async def explode(arguments: PathArguments) -> str:
        raise RuntimeError(f"bug at {arguments.path}")

    return [
        Tool("read", "Read a file.", PathArguments, read, read_only=True),
        Tool("write", "Write a file.", WriteArguments, write),
        Tool("explode", "Fail.", PathArguments, explode),
    ]
