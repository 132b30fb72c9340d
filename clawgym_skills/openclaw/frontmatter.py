"""OpenClaw's frontmatter parser: every value a string, or the reason why the skill is skipped.

Source: the npm package openclaw 2026.9.6, `dist/frontmatter-*.mjs` (behaviour, not code).
"""

import re
from collections.abc import Mapping

from clawgym_skills.openclaw._javascript import (
    SPACES,
    JsValue,
    text_of,
    to_json,
    trim,
)
from clawgym_skills.openclaw._yaml12 import Block, Yaml12Error, parse_block

OpenClawFrontmatter = Mapping[str, str]
"""Frontmatter as OpenClaw hands it on: lists and mappings are JSON."""

_BLANK = f"[{SPACES}]"
_INLINE_BLANK = f"[{SPACES.replace(chr(10), '')}]"
_OPENING = re.compile(rf"---{_INLINE_BLANK}*\n")
_CLOSING = re.compile(rf"(?:^|\n)---{_INLINE_BLANK}*(?:\n|\Z)")
_REST = "[^\n\r\u2028\u2029]*"
_LINE = re.compile(rf"(?P<key>[A-Za-z0-9_-]+):{_BLANK}*(?P<value>{_REST})")
_FIELD = re.compile(
    rf"(?P<quote>[\"']?)(?P<key>[A-Za-z0-9_-]+)(?P=quote):(?![^ \t]){_BLANK}*(?P<value>{_REST})"
)
_BLOCK_HEADER = re.compile(r"[|>](?:[1-9][+-]?|[+-][1-9]?)?")
_FREE_TEXT = frozenset(("description", "read_when", "summary"))


class OpenClawSkippedError(Exception):
    """OpenClaw would report the skill and go on without it; `line` of SKILL.md counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


def parse_frontmatter(text: str) -> OpenClawFrontmatter:
    """Parse the frontmatter of a SKILL.md; without any it is empty.

    Raises:
        OpenClawSkippedError: the fence is not closed, or the block is not YAML.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    opening = _OPENING.match(text)
    if opening is None:
        return {}
    tail = text[opening.end() :]
    closing = _CLOSING.search(tail)
    if closing is None:
        raise OpenClawSkippedError("the closing --- is missing", 1)
    block = tail[: closing.start()]
    return _parse_block(block) if block else {}


def _parse_block(block: str) -> OpenClawFrontmatter:
    """Parse a block; free text that is no YAML is quoted, one line at a time."""
    by_line = _parse_lines(block)
    for _ in _FREE_TEXT:
        try:
            return _values(parse_block(block), block, by_line)
        except Yaml12Error as error:
            quoted = _quote_line(block, error)
            if quoted == block:
                raise _skipped(error) from error
            block = quoted
    try:
        return _values(parse_block(block), block, by_line)
    except Yaml12Error as error:
        raise _skipped(error) from error


def _skipped(error: Yaml12Error) -> OpenClawSkippedError:
    return OpenClawSkippedError(str(error), error.line + 2)


def _values(parsed: Block, block: str, by_line: Mapping[str, str]) -> OpenClawFrontmatter:
    if not isinstance(parsed.value, dict):
        raise Yaml12Error("the frontmatter is not a mapping", 0)
    lines = block.split("\n")
    result: dict[str, str] = {}
    for written, value in parsed.value.items():
        key = trim(written)
        if not key or value is None:
            continue
        as_written = by_line.get(key)
        if _is_structured(value) and as_written is not None and _has_colon(parsed, written, lines):
            result[key] = as_written  # "key: {a}: b" was meant as text
        else:
            result[key] = to_json(value) if _is_structured(value) else trim(text_of(value))
    return {**by_line, **result}


def _is_structured(value: JsValue) -> bool:
    return not isinstance(value, str | bool | int | float)


def _has_colon(parsed: Block, key: str, lines: list[str]) -> bool:
    """Whether the line of a key has a second colon behind the first."""
    line, column = parsed.keys[key]
    found = _LINE.fullmatch(lines[line][column:])
    return found is not None and found["key"] == trim(key) and ":" in found["value"]


def _parse_lines(block: str) -> dict[str, str]:
    """What a reader that knows no YAML sees: `key: value`, or indented lines below `key:`."""
    result: dict[str, str] = {}
    lines = block.split("\n")
    number = 0
    while number < len(lines):
        found = _LINE.fullmatch(lines[number])
        number += 1
        if found is None:
            continue
        value = trim(found["value"])
        if not value and number < len(lines) and lines[number].startswith((" ", "\t")):
            first = number
            while number < len(lines) and (
                not lines[number] or lines[number].startswith((" ", "\t"))
            ):
                number += 1
            value = trim("\n".join(lines[first:number]))
        else:
            value = _unquoted(value)
        if value:
            result[found["key"]] = value
    return result


def _unquoted(value: str) -> str:
    if value and value[0] in "\"'" and value[-1] == value[0]:
        return value[1:-1]
    return value


def _quote_line(block: str, error: Yaml12Error) -> str:
    """The block with the line of the error quoted, where it is free text at the margin."""
    lines = block.split("\n")
    found = _FIELD.fullmatch(lines[error.line]) if error.line < len(lines) else None
    if found is None or found["key"] not in _FREE_TEXT:
        return block
    value = trim(found["value"])
    other = found["key"] != "description" and not (error.colon and ": " in value)
    if not value or other or _BLOCK_HEADER.fullmatch(value):
        return block
    lines[error.line] = f"{found['key']}: {to_json(_unquoted(value))}"
    return "\n".join(lines)
