"""The system prompt: sections in one order, made once a session and the same for all of it.

What seldom changes comes first and what changes daily last, so that prompt caches of sessions that
follow each other still serve most of it.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from graph_agents.context.bootstrap import (
    NAMES,
    OF_SUBAGENTS,
    Shown,
    bootstrap_files,
    recent_notes,
)
from graph_agents.context.notes import local_now


class Detail(StrEnum):
    """How much the prompt says."""

    FULL = "full"
    MINIMAL = "minimal"
    """For subagents: no persona, memory or notes, and of the workspace's files only AGENTS.md."""
    NONE = "none"
    """Who the agent is, and where."""


def _always_full(session: str) -> Detail:
    del session
    return Detail.FULL


def _no_skills(session: str) -> str:
    del session
    return ""


@dataclass
class WorkspacePrompt:
    """Writes the system prompt for sessions on a workspace; a `parts.PromptSource`.

    Attributes:
        workspace: the folder on the host, for its bootstrap files.
        sandbox: says what the folder is called inside.
        tools: the names of the agent's tools; advice about a tool that is not there is left out.
        skills: the section that offers skills to a session, such as `SkillBook.section`.
        detail: how much a session is told; `Family.detail` of `graph_agents.tools` knows children.
        now: the time with its zone.
    """

    workspace: Path
    sandbox: Sandbox
    tools: Collection[str] = ()
    skills: Callable[[str], str] = _no_skills
    detail: Callable[[str], Detail] = _always_full
    now: Callable[[], datetime] = local_now
    _made: dict[str, str] = field(default_factory=dict[str, str])

    async def system(self, session: str) -> str:
        """The prompt for a session; whatever changes meanwhile, it is the same when asked again.

        Files are read in a thread. `skills` and `detail` are asked here: they may know a database
        that stays with its thread.
        """
        if session not in self._made:
            detail = self.detail(session)
            skills = "" if detail is Detail.NONE else self.skills(session)
            self._made[session] = await asyncio.to_thread(self._write, detail, skills)
        return self._made[session]

    def _write(self, detail: Detail, skills: str) -> str:
        if detail is Detail.NONE:
            return _joined([_section("10-identity"), self._workspace()])
        full = detail is Detail.FULL
        parts = [_section("10-identity"), _section("20-work"), _section("30-safety")]
        parts += [_section(name) for name, wanted in _ADVICE.items() if self._has(wanted)]
        parts += [_section("60-memory")] if full and self._has({"memory_search"}) else []
        parts += [self._workspace(), skills]
        parts.append(_files("80-files", bootstrap_files(self.workspace, _shown_files(full=full))))
        parts.append(_files("85-notes", recent_notes(self.workspace)) if full else "")
        parts.append(self._now())
        return _joined(parts)

    def _has(self, wanted: Collection[str]) -> bool:
        return set(wanted).issubset(self.tools)

    def _workspace(self) -> str:
        network = "." if "web_fetch" in self.tools else ", and there is no network."
        place = self.sandbox.place(WORKSPACE)
        return Template(_section("70-workspace")).substitute(workspace=place, network=network)

    def _now(self) -> str:
        now = self.now()
        date = f"{now:%A, %Y-%m-%d}"
        return Template(_section("90-now")).substitute(date=date, zone=now.tzname() or "local time")


_ADVICE: dict[str, Collection[str]] = {
    "40-subagents": {"sessions_spawn", "agents_wait"},
    "50-planning": {"progress_card"},
}


def _shown_files(*, full: bool) -> tuple[str, ...]:
    return NAMES if full else OF_SUBAGENTS


def _files(heading: str, shown: list[Shown]) -> str:
    if not shown:
        return ""
    parts = [f"## {file.name}\n\n{file.text.strip()}" for file in shown]
    return _joined([_section(heading), *parts])


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


@cache
def _section(name: str) -> str:
    return files("graph_agents.context").joinpath("prompt", f"{name}.md").read_text("utf-8")
