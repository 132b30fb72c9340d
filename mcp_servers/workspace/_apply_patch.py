"""`apply_patch`: change several files by one patch, or none of them."""

import asyncio
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult
from mcp_servers.workspace._document import Text
from mcp_servers.workspace._hunks import apply_hunks
from mcp_servers.workspace._patch import Add, Change, Delete, Update, parse_patch
from mcp_servers.workspace._places import in_workspace
from mcp_servers.workspace._read import decoded, existing


class PatchArguments(Arguments):
    """The patch."""

    input: Text = Field(description="A patch from '*** Begin Patch' to '*** End Patch'.")


@dataclass(frozen=True)
class _Step:
    """What one change does to the files: `data` is written to `path`, `removed` goes away."""

    letter: Literal["A", "M", "D"]
    path: str
    name: str
    data: bytes | None = None
    removed: str | None = None


def patch_tool(sandbox: Sandbox, changes: asyncio.Lock) -> Tool[PatchArguments]:
    """The tool that applies patches; `changes` is held from the first read to the last write."""

    async def run(arguments: PatchArguments) -> ToolResult:
        parsed = parse_patch(arguments.input)
        async with changes:
            steps = await _Plan(sandbox).make(parsed)
            for step in steps:
                await _carry_out(sandbox, step)
        lines = dict.fromkeys(f"{step.letter} {step.name}" for step in steps)
        return ToolResult("\n".join(["Patched:", *lines]), details={"summary": _summary(steps)})

    description = (
        "Add, delete, change and move files by one patch. Every hunk has to fit in one place of "
        "the file as it is now; if anything does not fit, no file is changed."
    )
    return Tool("apply_patch", description, PatchArguments, run)


class _Plan:
    """Works every change out before the first is carried out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._contents: dict[str, bytes | None] = {}

    async def make(self, changes: Sequence[Change]) -> list[_Step]:
        return [await self._step(change) for change in changes]

    async def _step(self, change: Change) -> _Step:
        path = self._path(change.path)
        if isinstance(change, Add):
            await self._require_absent(path, change.path)
            return self._written("A", path, change.path, change.text.encode())
        before = await self._read(path, change.path)
        if isinstance(change, Delete):
            self._contents[path] = None
            return _Step("D", path, change.path, removed=path)
        return await self._update(change, path, before)

    async def _update(self, change: Update, path: str, before: bytes) -> _Step:
        document = decoded(before, change.path, "apply_patch changes text only")
        data = apply_hunks(document, change.hunks, change.path).encode()
        if change.move_to is None or self._path(change.move_to) == path:
            return self._written("M", path, change.path, data)
        target = self._path(change.move_to)
        await self._require_absent(target, change.move_to)
        self._contents[path] = None
        return self._written("M", target, change.move_to, data, removed=path)

    def _path(self, name: str) -> str:
        path = in_workspace(self._sandbox, name)
        if not path:
            raise ToolFailure("the patch names the workspace itself; name a file in it")
        return path

    async def _read(self, path: str, name: str) -> bytes:
        if path not in self._contents:
            self._contents[path] = await existing(self._sandbox, path, name)
        data = self._contents[path]
        if data is None:
            raise ToolFailure(f"{name} is deleted or moved earlier in the patch")
        return data

    async def _require_absent(self, path: str, name: str) -> None:
        there = self._contents.get(path)
        if path not in self._contents:
            parent, entry = posixpath.split(path)
            there = entry.encode() if entry in await _names(self._sandbox, parent) else None
        if there is not None:
            raise ToolFailure(f"{name} exists already; update it, or delete it first")

    def _written(
        self,
        letter: Literal["A", "M"],
        path: str,
        name: str,
        data: bytes,
        removed: str | None = None,
    ) -> _Step:
        self._contents[path] = data
        return _Step(letter, path, name, data, removed)


async def _names(sandbox: Sandbox, folder: str) -> set[str]:
    try:
        return {name.rstrip("/") for name in await sandbox.list(folder)}
    except FileNotFoundError:
        return set()


async def _carry_out(sandbox: Sandbox, step: _Step) -> None:
    if step.data is not None:
        await sandbox.write(step.path, step.data)
    if step.removed is not None:
        await _remove(sandbox, step.removed)


async def _remove(sandbox: Sandbox, path: str) -> None:
    """Remove a file by a command in the box, where no link leads further than the box."""
    await sandbox.read(path)  # the way to it, step by step, is still without links
    whole = posixpath.join(sandbox.place(WORKSPACE), path)
    done = await sandbox.exec(["rm", "-f", "--", whole])
    if done.exit_code != 0:
        reason = done.stderr.decode(errors="replace").strip()
        raise ToolFailure(f"cannot remove {path}: {reason}")


def _summary(steps: Sequence[_Step]) -> dict[str, JsonValue]:
    names: dict[str, list[JsonValue]] = {"A": [], "M": [], "D": []}
    for letter, name in dict.fromkeys((step.letter, step.name) for step in steps):
        names[letter].append(name)
    return {"added": names["A"], "modified": names["M"], "deleted": names["D"]}
