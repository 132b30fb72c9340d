"""Which paths a tool call names, as seen from the workspace."""

import posixpath
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from graph_agents.control.commands import read_script

_NAMED_PATHS = ("path", "file", "file_path", "filename", "directory", "workdir", "cwd")
_PATCHED = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")


def touched_paths(
    tool: str, arguments: Mapping[str, JsonValue], workspace: str = ""
) -> tuple[str, ...]:
    """The paths in a call, relative to the workspace where they are inside, without doubles.

    For commands these are the words that could be paths and the files that output goes to: what a
    program does beyond its arguments cannot be known.

    Args:
        tool: the tool's name.
        arguments: as the model gave them.
        workspace: where the workspace stands as the agent sees it, for absolute paths.
    """
    found = dict.fromkeys(
        _as_seen_from(workspace, path) for path in _named(tool, arguments) if path.strip()
    )
    return tuple(found)


def _named(tool: str, arguments: Mapping[str, JsonValue]) -> Iterator[str]:
    for name in _NAMED_PATHS:
        if isinstance(value := arguments.get(name), str):
            yield value
    if tool == "apply_patch":
        for line in str(arguments.get("input", "")).splitlines():
            yield from (line.removeprefix(mark) for mark in _PATCHED if line.startswith(mark))
    if tool == "exec":
        for command in read_script(str(arguments.get("command", ""))).commands:
            yield from command.writes
            yield from (word for word in command.words[1:] if not word.startswith("-"))


def _as_seen_from(workspace: str, path: str) -> str:
    plain = posixpath.normpath(path.strip())
    if workspace and (plain == workspace or plain.startswith(f"{workspace}/")):
        return posixpath.relpath(plain, workspace)
    return plain
