"""Which skills a user's message calls by name, and which a call of a tool reaches into."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from clawgym.model import ToolRequest
from graph_agents.chat_model import parse_arguments

MOST_NAMED = 8
"""How many skills one message may call."""

_NAME = r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?"
_COMMAND = re.compile(rf"\s*/({_NAME})(?:\s+|$)")
_MENTION = re.compile(rf"(?<![\w$])\$({_NAME})")


def command_of(prompt: str) -> tuple[str, str] | None:
    """The name and the rest of `/name rest`, where a message begins like that."""
    found = _COMMAND.match(prompt)
    return (found[1], prompt[found.end() :].strip()) if found else None


def mentioned(prompt: str) -> list[str]:
    """The names after a dollar sign, each once, as far as they are written like names."""
    return list(dict.fromkeys(name.rstrip(".-") for name in _MENTION.findall(prompt)))


def reached(call: ToolRequest, root: str, workspace: str) -> list[str]:
    """The folders below the mount of the skills at `root` that a call speaks of; '' for all.

    A path of `read` is resolved as the tool will. In other arguments, such as a command, the mount
    is looked for as text; one that speaks of it without naming a skill may mean any.
    """
    arguments = parse_arguments(call.arguments) or {}
    if call.name == "read":
        path = arguments.get("path")
        return _of_path(path, root, workspace) if isinstance(path, str) else []
    pattern = re.compile(rf"{re.escape(root)}(?![\w.-])/*+(?:([A-Za-z0-9][\w.-]*+)(?![*?\[{{]))?")
    found = [match for text in _texts(arguments) for match in pattern.finditer(text)]
    return list(dict.fromkeys(match[1] or "" for match in found))


def reads_instructions(call: ToolRequest) -> bool:
    """Whether a call shows a SKILL.md: by `read`, or by a command that names one."""
    arguments = parse_arguments(call.arguments) or {}
    return any("skill.md" in text.lower() for text in _texts(arguments))


def _of_path(path: str, root: str, workspace: str) -> list[str]:
    whole = posixpath.normpath(posixpath.join(workspace, path))
    if whole == root:
        return [""]
    if not whole.startswith(f"{root}/"):
        return []
    return [whole[len(root) + 1 :].split("/")[0]]


def _texts(value: JsonValue | Mapping[str, JsonValue]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
