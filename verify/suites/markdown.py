"""A task that is one markdown document: YAML front matter, and sections under `##` headings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml
from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from verify.suites.suite import Notes
from verify.suites.text import read_text

_FRONT = re.compile(r"^---\s*\n(.*?)\n---\s*(?:\n(.*)|)$", re.DOTALL)
_HEADING = re.compile(r"^##\s+(.+?)\s*$")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})(.*)$")
_CODE = re.compile(r"```python\s*(.*?)\s*```", re.DOTALL)
_ITEM = re.compile(r"^-\s+\[[ xX]\]\s+(.+)$")
_TITLE = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A task file: its front matter, its sections by heading, its title and all of its text."""

    path: Path
    front: Mapping[str, JsonValue]
    sections: Mapping[str, str]
    title: str
    text: str

    def section(self, name: str) -> str:
        """The body of a section, whatever the case of its heading; empty where there is none."""
        wanted = name.lower()
        return next((body for head, body in self.sections.items() if head.lower() == wanted), "")

    def front_text(self, key: str) -> str:
        """A string from the front matter; numbers are written out, else it is empty."""
        value = self.front.get(key)
        return str(value).strip() if isinstance(value, str | int | float) else ""


def read_document(path: Path, notes: Notes) -> Document:
    """Read a task file; without front matter, what can be told from the rest is.

    Raises:
        TaskFormatError: it is unreadable, or its front matter is no YAML mapping.
    """
    text = read_text(path, notes)
    front, body = split_front(text, str(path))
    if body == text:
        notes.add("front-matter-missing", "no front matter; the id is the name of the file")
    title = _TITLE.search(body)
    return Document(path, front, split_sections(body, notes), title[1] if title else "", text)


def split_front(text: str, where: str = "the task") -> tuple[Mapping[str, JsonValue], str]:
    """The front matter and the body; the body is all of the text where there is none.

    Raises:
        TaskFormatError: the front matter is no YAML mapping.
    """
    found = _FRONT.match(text.lstrip("\n"))
    return (_yaml(found[1], where), found[2] or "") if found else ({}, text)


def split_sections(body: str, notes: Notes) -> dict[str, str]:
    """The sections under `##` headings; a heading within a code fence is text."""
    lines: dict[str, list[str]] = {}
    current, fence = None, ""
    for line in body.split("\n"):
        fence = _fence_after(line, fence)
        heading = _HEADING.match(line)
        if heading and fence:
            notes.add("heading-in-fence", f"{line.strip()!r} stands in a code fence and is text")
        if heading and not fence:
            current = heading[1]
            if current in lines:
                notes.add("section-twice", f"the section {current!r} stands twice; the last counts")
            lines[current] = []
        elif current is not None:
            lines[current].append(line)
    if fence:
        notes.add("fence-open", "a code fence is never closed")
    return {name: "\n".join(body).strip() for name, body in lines.items()}


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after this line."""
    found = _FENCE.match(line)
    if not found:
        return fence
    mark, rest = found[1], found[2].strip()
    if not fence:
        return mark
    return "" if mark[0] == fence[0] and len(mark) >= len(fence) and not rest else fence


def python_code(section: str, notes: Notes) -> str:
    """The grading code of a section: its first Python fence, read as PinchBench reads it.

    A section that holds a bare `def grade(` without a fence is taken as code, with a note.
    """
    found = _CODE.search(section)
    if found and _compiles(found[1]):
        return found[1]
    whole = _whole_fence(section)
    if found and whole != found[1] and _compiles(whole):
        notes.add("code-fence", "the code holds ``` itself; it was read to the end of its fence")
        return whole
    if not found and "def grade(" in section:
        notes.add("fence-missing", "the grading code stands in no ```python fence")
        bare = "\n".join(line for line in section.split("\n") if not _FENCE.match(line))
        return bare[bare.index("def grade(") :] if not _compiles(bare) else bare
    return found[1] if found else ""


def _whole_fence(section: str) -> str:
    kept: list[str] = []
    fence = ""
    for line in section.split("\n"):
        before, fence = fence, _fence_after(line, fence)
        if before and not fence:
            break
        if before:
            kept.append(line)
    return "\n".join(kept).strip()


def _compiles(code: str) -> bool:
    try:
        compile(code, "grade", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def checklist(section: str) -> list[str]:
    """The items of a list of `- [ ]` boxes."""
    return [found[1] for line in section.split("\n") if (found := _ITEM.match(line.strip()))]


def _yaml(text: str, where: str) -> Mapping[str, JsonValue]:
    try:
        front: JsonValue = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TaskFormatError(f"the front matter of {where} is no YAML: {error}") from error
    if not isinstance(front, dict):
        raise TaskFormatError(f"the front matter of {where} must be a mapping")
    return cast("dict[str, JsonValue]", front)
