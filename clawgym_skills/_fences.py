"""Finding the frontmatter of a SKILL.md, also where it is not where it should be."""

import re
from dataclasses import dataclass
from itertools import pairwise

from clawgym_skills.diagnostic import Code, Findings

ENTRY = re.compile(r"(?P<key>[A-Za-z_][\w.-]*)[ \t]*:(?:[ \t]+(?P<value>.*))?$")
"""A line that starts a top-level entry. It is applied to one line, from its first byte."""

_FENCE = re.compile(r"---[ \t]*")
_CODE_FENCE = re.compile(r"(?:```|~~~)[ \t]*(?:ya?ml|md|markdown|text)?[ \t]*", re.IGNORECASE)
_BARE_START = re.compile(r"(?:name|description)[ \t]*:(?:[ \t]|$)")
_HEADING = re.compile(r"#{1,6} ")
_STOP = re.compile(r"#{1,6} |```|~~~|---[ \t]*$")
_MAX_PREAMBLE = 60


@dataclass(frozen=True)
class Split:
    """A text in two: the lines between the fences, and everything else.

    `header_line` is the number of the first header line, counted from 1.
    """

    header: tuple[str, ...]
    header_line: int
    body: str


def split_frontmatter(text: str, findings: Findings) -> Split | None:
    """The frontmatter and the body, or None where nothing looks like frontmatter."""
    lines = text.split("\n")
    start = _find_start(lines)
    if start is None:
        return None
    if start > 0:
        findings.add(Code.LATE_FRONTMATTER, start + 1)
    fenced = _FENCE.fullmatch(lines[start]) is not None
    first = start + 1 if fenced else start
    end = _end_of_header(lines, first, findings, fenced=fenced)
    in_code = start > 0 and _CODE_FENCE.fullmatch(lines[start - 1].strip()) is not None
    preamble = lines[: start - 1 if in_code else start]
    rest = _after_header(lines, end, in_code=in_code)
    body = "\n".join((*preamble, *rest)).strip("\n")
    return Split(tuple(lines[first:end]), first + 1, body)


def _find_start(lines: list[str]) -> int | None:
    """The opening fence, or the first of the entries that have none."""
    start = _after_preamble(lines)
    if start < len(lines) and (_FENCE.fullmatch(lines[start]) or _BARE_START.match(lines[start])):
        return start
    for number in range(min(_MAX_PREAMBLE, len(lines) - 1)):
        if _HEADING.match(lines[number]):
            return None  # from here on it would be an example in the text
        if _FENCE.fullmatch(lines[number]) and _BARE_START.match(lines[number + 1]):
            return number
    return None


def _after_preamble(lines: list[str]) -> int:
    """Skip blank lines, comments, block quotes and the opening of a code fence."""
    in_comment = False
    for number, line in enumerate(lines[:_MAX_PREAMBLE]):
        stripped = line.strip()
        if in_comment or stripped.startswith("<!--"):
            in_comment = "-->" not in stripped
        elif stripped and _CODE_FENCE.fullmatch(stripped):
            return number + 1
        elif stripped and not stripped.startswith(">"):
            return number
    return len(lines)


def _end_of_header(lines: list[str], first: int, findings: Findings, *, fenced: bool) -> int:
    if not fenced:
        findings.add(Code.NO_FENCE, first + 1)
        return _end_of_entries(lines, first)
    closing = _closing_fence(lines, first)
    if closing is None or _runs_into_text(lines[first:closing]):
        findings.add(Code.UNCLOSED_FENCE, first)
        return _end_of_entries(lines, first)
    if closing == len(lines) - 1:
        findings.add(Code.FENCE_AT_END, closing + 1)
    return closing


def _closing_fence(lines: list[str], first: int) -> int | None:
    """A `---` at the margin, else the first one that was indented by mistake."""
    indented: int | None = None
    for number in range(first, len(lines)):
        if _FENCE.fullmatch(lines[number]):
            return number
        if indented is None and _FENCE.fullmatch(lines[number].lstrip()):
            indented = number
    return indented


def _runs_into_text(header: list[str]) -> bool:
    """Whether a Markdown heading with prose behind it comes before the closing fence.

    Then that fence is a rule in the text, and the frontmatter was never closed.
    """
    headed = False
    for above, line in pairwise(header):
        headed = headed or (not above.strip() and _HEADING.match(line) is not None)
        if headed and line.strip() and line[0] not in " \t-#]}" and not ENTRY.match(line):
            return True
    return False


def _end_of_entries(lines: list[str], first: int) -> int:
    """Where an unclosed run of `key: value` lines gives way to something else."""
    blank_since: int | None = None
    begun = False
    for number in range(first, len(lines)):
        line = lines[number]
        begun = begun or ENTRY.match(line.lstrip()) is not None
        if not begun:
            continue
        if not line.strip():
            blank_since = number if blank_since is None else blank_since
        elif _STOP.match(line) or (blank_since is not None and not _continues(line)):
            return number if blank_since is None else blank_since
        else:
            blank_since = None
    return len(lines)


def _continues(line: str) -> bool:
    return line[0] in " \t" or ENTRY.match(line) is not None


def _after_header(lines: list[str], end: int, *, in_code: bool) -> list[str]:
    """The lines behind the header, without the fences that close it."""
    rest = lines[end:]
    if rest and _FENCE.fullmatch(rest[0].lstrip()):
        rest = rest[1:]
    if in_code and rest and rest[0].strip() in ("```", "~~~"):
        rest = rest[1:]
    return rest
