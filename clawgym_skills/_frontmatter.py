"""From the lines between the fences to a mapping, entry by entry where the whole is not YAML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from clawgym_skills._fences import ENTRY, Split
from clawgym_skills._text import without_controls
from clawgym_skills._yaml import YamlRefusedError, parse_yaml
from clawgym_skills.diagnostic import Code, Findings

Frontmatter = Mapping[str, JsonValue]
"""The parsed frontmatter: text, integers, booleans, null, lists and mappings."""

_BLOCK_MARK = re.compile(r"[|>][+-]?[0-9]?[+-]?")
_CONFLICT_MARK = re.compile(r"(?:<<<<<<<|=======|>>>>>>>)(?: |$)")
_SPLIT_TRAP = re.compile(r"\S.*---|---.*\S")


@dataclass(frozen=True)
class _Entry:
    """The lines of one top-level key; `line` is the number of the first, counted from 1."""

    key: str
    line: int
    lines: list[str]


def parse_header(split: Split, findings: Findings) -> Frontmatter:
    """Read a header; one bad entry costs only itself, and is kept as text."""
    _report_split_trap(split, findings)
    try:
        value = parse_yaml("\n".join(split.header))
    except YamlRefusedError:
        return _entry_by_entry(split, findings)
    if isinstance(value, dict):
        return value
    return _entry_by_entry(split, findings)


def _report_split_trap(split: Split, findings: Findings) -> None:
    for number, line in enumerate(split.header, split.header_line):
        if _SPLIT_TRAP.match(line) and not line.lstrip().startswith("#"):
            findings.add(Code.SPLIT_TRAP, number)
            return


def _entry_by_entry(split: Split, findings: Findings) -> Frontmatter:
    result: dict[str, JsonValue] = {}
    for entry in _entries(split):
        if entry.key in result:
            findings.add(Code.DUPLICATE_KEY, entry.line, entry.key)
            continue
        result[entry.key] = _read_entry(entry, findings)
    return result


def _entries(split: Split) -> list[_Entry]:
    """Cut the header before each line that starts a key at the margin.

    The first key may be indented by mistake; lines before it, and the marks of an unresolved
    merge, belong to no entry.
    """
    entries: list[_Entry] = []
    for number, line in enumerate(split.header, split.header_line):
        if _CONFLICT_MARK.match(line):
            continue
        start = line if entries else line.lstrip()
        if found := ENTRY.match(start):
            entries.append(_Entry(found["key"], number, [start]))
        elif entries:
            entries[-1].lines.append(line)
    return entries


def _read_entry(entry: _Entry, findings: Findings) -> JsonValue:
    try:
        value = parse_yaml("\n".join(entry.lines))
        if isinstance(value, dict) and list(value) == [entry.key]:
            return value[entry.key]
        code = Code.KEPT_AS_TEXT
    except YamlRefusedError as error:
        single = len([line for line in entry.lines if line.strip()]) == 1
        code = Code.QUOTED_VALUE if single else Code.KEPT_AS_TEXT
        code = Code.YAML_ALIAS if error.alias else code
    findings.add(code, entry.line, entry.key)
    return _as_text(entry)


def _as_text(entry: _Entry) -> str:
    """The value as its author probably meant it: unquoted, its lines joined by blanks."""
    found = ENTRY.match(entry.lines[0])
    head = (found["value"] or "").strip() if found else ""
    lines = [line.strip() for line in entry.lines[1:] if not line.startswith("#")]
    if not _BLOCK_MARK.fullmatch(head):
        lines.insert(0, head)
    return without_controls(_unquoted(" ".join(line for line in lines if line)))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
