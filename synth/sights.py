"""Sights: what strikes one about a wrong result, and how it does in the lines of a text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_TWICE = 2

_TAG = re.compile(r"<[^<>]*>")
_FIRST_CELL = re.compile(r"\|([^|]+)\|.*|<tr><td>(.*?)</td>.*|(?:F?N|UID|SUMMARY):([^;]+);*")
_MASK = re.compile(r"\[[A-Z]+[^\]]*\]")
_PIECE = re.compile(r"\[[A-Z]+[^\]]*\]|[^\s\[\]<>()]+")

_QUOTED = re.compile(r"[^`\n]{4,70}")
"""Lines that can be told by what they say."""


@dataclass(frozen=True)
class Sight:
    """What strikes one about a wrong result.

    `way` is a key of the words for it (`seen` in `data/phrases/_frame.toml`); the other fields are
    what those say in braces, "" where there is nothing to say: `said` is what stands there, `meant`
    what should. `where` is the file of a folder in which it does.
    """

    way: str
    column: str = ""
    example: str = ""
    off: str = ""
    said: str = ""
    meant: str = ""
    where: str = ""


def seen_in_lines(wrong: Sequence[str], right: Sequence[str]) -> Sight:
    """What strikes one about the lines of a text: the first of those that lack or are wrong."""
    codes = [
        code
        for code in SequenceMatcher(None, wrong, right, autojunk=False).get_opcodes()
        if code[0] != "equal"
    ]
    if not codes:
        return Sight("other")
    tag, start, end, first, last = codes[0]
    many = "_many" if len(codes) > 1 or max(end - start, last - first) > 1 else ""
    if tag == "insert":
        before = _last_said(wrong[:start])
        ends = not any(map(_words_of, wrong[start:]))
        way = "line_ends" if ends else "line_missing"
        return Sight(f"{way}{many}" if before else "line_nowhere", example=before)
    if tag == "replace" and (masked := masked_in(wrong[start], right[first])):
        return masked
    line = min(filter(_words_of, wrong[start:end]), key=right.count, default="")
    if not line:
        return Sight("line_nowhere")
    way = "line_wrong"
    if tag == "delete":
        way = "line_twice" if right.count(line) and wrong.count(line) == _TWICE else "line_surplus"
    return Sight(f"{way}{many}", example=f"`{_words_of(line)}`")


def _words_of(line: str) -> str:
    """A line as one reads it, or the first cell of one, where it can be told by what it says."""
    first = _FIRST_CELL.match(line.strip())
    text = " ".join(_TAG.sub(" ", first[1] or first[2] or first[3] if first else line).split())
    return text if _QUOTED.fullmatch(text) and any(map(str.isalpha, text)) else ""


def _last_said(lines: Sequence[str]) -> str:
    """The last line that can be told by what it says; "" where there is none."""
    return next((f"`{said}`" for said in map(_words_of, reversed(lines)) if said), "")


def masked_in(wrong: str, right: str) -> Sight | None:
    """What was to be hidden and is there, or the other way round; None where it is neither."""
    olds, news = (_PIECE.findall(text) for text in (wrong, right))
    for tag, *ends in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        old, new = olds[ends[0] : ends[1]], news[ends[2] : ends[3]]
        shown, hidden = (any(map(_MASK.fullmatch, piece)) for piece in (old, new))
        if tag == "replace" and shown != hidden:
            said = " ".join(new if shown else old).strip(".,;:()!?\"'<>")
            known = said and "`" not in said
            return Sight("masked" if shown else "unmasked", said=f"`{said}`") if known else None
    return None
