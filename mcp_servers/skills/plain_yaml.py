"""The frontmatter of a SKILL.md as any host's YAML reader finds it, and quickly.

Publication has to know of every skill whether a plain reader agrees with what we announce, and YAML
takes its time. Most frontmatters consist of lines that leave no reader a choice: a regular
expression reads those, YAML everything else. Where the first has an answer, the second has the
same one; a property test says so.
"""

import re
from typing import cast

import yaml
from pydantic import JsonValue

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_HEADER = re.compile(rb"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_PLAIN = r"[A-Za-z](?:[^:#]|:(?=[^ ])|(?<! )#)*(?<! )"
_LINE = re.compile(rf"(  )?([a-z][a-z_-]*):(?: ({_PLAIN}|\"[^\"\\]*\"|'[^']*'))?")
_PRINTABLE = re.compile(
    "[\x20-\x7e\u00a1-\u02ff\u0370-\u167f\u2010-\u2027\u2030-\u205e\u2190-\u2bff"
    "\u3001-\ud7ff\ufe0f\U0001f300-\U0001faff]*"
)
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})


def read_frontmatter(data: bytes) -> object:
    """What a YAML reader makes of it; None where that is not certain, or there is none."""
    found = _HEADER.match(data)
    if found is None:
        return None
    try:
        text = found[1].decode()
        obvious = read_obvious(text)
        return obvious or cast("object", yaml.load(text, _LOADER))  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return None


def read_obvious(text: str) -> dict[str, JsonValue] | None:
    """A mapping of words to texts, or to mappings of words to texts; None for anything else."""
    result: dict[str, JsonValue] = {}
    inner: dict[str, JsonValue] | None = None
    for line in text.splitlines():
        found = _LINE.fullmatch(line) if _PRINTABLE.fullmatch(line) else None
        if found is None:
            return None
        indented, key, written = found.groups()
        target = inner if indented else result
        if target is None or key in target or key in _NOT_TEXT or inner == {} != target:
            return None
        if written is None:
            if indented:
                return None
            inner = {}
            result[key] = inner
            continue
        if written.lower() in _NOT_TEXT:
            return None
        target[key] = written[1:-1] if written[0] in "\"'" else written
        inner = inner if indented else None
    return None if inner == {} else result
