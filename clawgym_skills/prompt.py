"""The list of skills for an agent's system prompt: names first, the instructions on demand."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape

from clawgym_skills._text import shorten
from clawgym_skills.skill import Skill

MAX_CHARACTERS = 18_000
MAX_SKILLS = 150

_END = "</available_skills>\n"
_SHORTEST = 16
_LONGEST = 1024


def skills_prompt(
    skills: Iterable[Skill],
    location: Callable[[Skill], str],
    *,
    max_characters: int = MAX_CHARACTERS,
    max_skills: int = MAX_SKILLS,
) -> str:
    """The `## Skills` section of a system prompt, '' where there is no skill to offer.

    `location` gives the path of a skill's `SKILL.md` as the agent's own tools see it. Skills are
    sorted by id; those that a model may not choose are left out. Over `max_characters` or
    `max_skills` the descriptions are shortened, then dropped, then whole skills are, and a line
    says so; the heading and that line stay whatever the limit is. The layout follows
    agentskills.io and OpenClaw.
    """
    offered = sorted((skill for skill in skills if skill.model_invocable), key=lambda s: s.id)
    if not offered:
        return ""
    listed = offered[:max_skills]
    full = _render(listed, location, _LONGEST, _warning(len(offered), len(listed), ""))
    if len(full) <= max_characters:
        return full
    return _within(offered, listed, location, max_characters)


def _within(
    offered: Sequence[Skill],
    listed: Sequence[Skill],
    location: Callable[[Skill], str],
    max_characters: int,
) -> str:
    """The fullest listing that fits: the longest descriptions, else none, else fewer skills."""
    total = len(offered)

    def shortened(length: int) -> str:
        warning = _warning(total, len(listed), "descriptions are shortened")
        return _render(listed, location, length, warning)

    def bare(count: int) -> str:
        warning = _warning(total, count, "descriptions are left out")
        return _render(listed[:count], location, 0, warning)

    def largest(sizes: range, text: Callable[[int], str]) -> int | None:
        fitting = bisect_left(sizes, True, key=lambda size: len(text(size)) > max_characters)
        return sizes[fitting - 1] if fitting else None

    length = largest(range(_SHORTEST, _LONGEST), shortened)
    if length is not None:
        return shortened(length)
    return bare(largest(range(len(listed) + 1), bare) or 0)


def _warning(total: int, listed: int, also: str) -> str:
    parts = [f"only {listed} of {total} skills are listed"] if listed < total else []
    parts += [also] if also else []
    return f"Note: {' and '.join(parts)} to save space.\n" if parts else ""


def _render(
    skills: Sequence[Skill], location: Callable[[Skill], str], length: int, warning: str
) -> str:
    entries = "".join(_entry(skill, location(skill), length) for skill in skills)
    return f"{_head()}{entries}{_END}{warning}"


def _entry(skill: Skill, location: str, length: int) -> str:
    description = shorten(skill.description, length) if length else ""
    lines = [f"    <name>{_xml(skill.id)}</name>"]
    if description:
        lines.append(f"    <description>{_xml(description)}</description>")
    lines.append(f"    <location>{_xml(location)}</location>")
    return "\n".join(("  <skill>", *lines, "  </skill>", ""))


def _xml(text: str) -> str:
    return escape(text, {'"': "&quot;", "'": "&apos;"})


@cache
def _head() -> str:
    return files("clawgym_skills").joinpath("prompt.md").read_text("utf-8")
