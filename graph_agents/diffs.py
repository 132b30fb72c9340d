"""What calls change in files, as diffs for people: afterwards, and before they are allowed."""

import difflib
import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import JsonValue

from clawgym.model import ToolRequest
from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from graph_agents.chat_model import parse_arguments, storable
from graph_agents.control.touched import touched_paths
from mcp_servers.toolkit import Arguments, Tool, ToolResult

CHANGE_FILES = frozenset({"write", "edit", "apply_patch"})
"""The tools whose calls name every file that they change."""

_LONGEST = 256 * 1024


def with_diff(tool: Tool[Any], sandbox: Sandbox) -> Tool[Any]:
    """The same tool, with the diff of what a call changed in `details["diff"]`."""
    if tool.name not in CHANGE_FILES:
        return tool

    async def run(arguments: Arguments) -> ToolResult:
        paths = touched_paths(tool.name, arguments.model_dump(), sandbox.place(WORKSPACE))
        before = await _texts(sandbox, paths)
        answer = await tool.run(arguments)
        result = ToolResult(answer) if isinstance(answer, str) else answer
        changed = diff(before, await _texts(sandbox, paths))
        return replace(result, details={**result.details, "diff": changed}) if changed else result

    return replace(tool, run=run)


async def preview(sandbox: Sandbox, call: ToolRequest) -> str:
    """What a call would change, as far as that can be said before it runs; '' for other tools."""
    arguments = parse_arguments(call.arguments) or {}
    if call.name == "apply_patch":
        return str(arguments.get("input", ""))
    if call.name not in CHANGE_FILES:
        return ""
    named = str(arguments.get("path", ""))
    [path] = touched_paths(call.name, arguments, sandbox.place(WORKSPACE))[:1] or (named,)
    before = await _text(sandbox, path)
    if call.name == "write":
        return diff({path: before}, {path: str(arguments.get("content", ""))})
    pairs = [_old_and_new(each) for each in _edits(arguments) if isinstance(each, dict)]
    after = before
    for old, new in pairs:
        if after is None or not old or after.count(old) != 1:
            # It may fail, or be found by other means than letter by letter: show what was asked.
            return "\n".join(diff({path: old}, {path: new}) for old, new in pairs)
        after = after.replace(old, new)
    return diff({path: before}, {path: after})


def diff(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> str:
    """The unified diff of texts by path; None for what is not there or is no text."""
    parts: list[str] = []
    for path in dict.fromkeys([*before, *after]):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        lines = difflib.unified_diff(
            (old or "").splitlines(),
            (new or "").splitlines(),
            f"a/{path}" if old is not None else "/dev/null",
            f"b/{path}" if new is not None else "/dev/null",
            lineterm="",
        )
        parts += lines
    return "\n".join(parts)


def _edits(arguments: Mapping[str, JsonValue]) -> Sequence[JsonValue]:
    """The replacements of a call; the tool takes the list as a JSON string, too."""
    given = arguments.get("edits")
    if isinstance(given, str):
        try:
            given = cast("JsonValue", json.loads(given))
        except (ValueError, RecursionError):
            return ()  # the tool refuses it, and changes nothing
    return given if isinstance(given, list) else [dict(arguments)]


def _old_and_new(edit: Mapping[str, JsonValue]) -> tuple[str, str]:
    old, new = (
        next((storable(str(edit[name])) for name in names if name in edit), "")
        for names in (("oldText", "old_string", "old_text"), ("newText", "new_string", "new_text"))
    )
    return old, new


async def _texts(sandbox: Sandbox, paths: Iterable[str]) -> dict[str, str | None]:
    return {path: await _text(sandbox, path) for path in paths}


async def _text(sandbox: Sandbox, path: str) -> str | None:
    if posixpath.isabs(path):
        return None
    try:
        data = await sandbox.read(path)
        return data.decode() if len(data) <= _LONGEST else None
    except (OSError, UnicodeDecodeError):
        return None
