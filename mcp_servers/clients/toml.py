"""Changing one table of a settings file in TOML, and nothing else in it."""

import re
import tomllib
from collections.abc import Mapping, Sequence

import tomli_w
from pydantic import JsonValue

from mcp_servers.clients.jsonc import SettingsSyntaxError

_HEADER = re.compile(r"^[ \t]*\[")


def read_toml(text: str) -> dict[str, JsonValue]:
    """The tables of a settings file.

    Raises:
        SettingsSyntaxError: it is no TOML; the message has the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsSyntaxError(str(error)) from error


def set_in_toml(text: str, keys: Sequence[str], value: Mapping[str, JsonValue]) -> str:
    """The text with the table at `keys` added at its end, or replaced where it stands.

    Raises:
        SettingsSyntaxError: the text is no TOML.
    """
    read_toml(text)
    nested: dict[str, JsonValue] = dict(value)
    for key in reversed(keys[1:]):
        nested = {key: nested}
    block = tomli_w.dumps({keys[0]: nested})
    lines = text.splitlines(keepends=True)
    start, end = _table(lines, keys)
    if start == end:
        gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{block}"
    rest = "".join(lines[end:])
    return "".join(lines[:start]) + block + ("\n" if rest.strip() else "") + rest


def _table(lines: Sequence[str], keys: Sequence[str]) -> tuple[int, int]:
    """The lines of a table and of those within it; an empty range where there is none."""
    first = None
    for number, line in enumerate(lines):
        if not _HEADER.match(line):
            continue
        inside = _path(line)[: len(keys)] == list(keys)
        if inside and first is None:
            first = number
        if not inside and first is not None:
            return first, number
    return (len(lines), len(lines)) if first is None else (first, len(lines))


def _path(header: str) -> list[str]:
    """The keys of a table's header; none for a line that only looks like one."""
    try:
        found: JsonValue = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return []
    path: list[str] = []
    while isinstance(found, dict) and len(found) == 1:
        ((key, found),) = found.items()
        path.append(key)
    return path
