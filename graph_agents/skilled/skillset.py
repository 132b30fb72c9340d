"""The skills of an agent's sessions: offered, called, read, approved, and what they disclose."""

import logging
import posixpath
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from pydantic import Field

from clawgym.errors import UsageError
from clawgym.model import ToolRequest
from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from clawgym_skills.metadata import metadata_of
from clawgym_skills.records import ActivationRecord
from clawgym_skills.skill import Skill
from graph_agents.approval import Leave, Verdict
from graph_agents.events import SkillActivated
from graph_agents.prompting import SKILLS
from graph_agents.skilled.listing import Listing, choose, loaded, section
from graph_agents.skilled.mentions import (
    MOST_NAMED,
    command_of,
    mentioned,
    reached,
    reads_instructions,
)
from graph_agents.skilled.offers import Offer, SkillSource
from graph_agents.skilled.shelf import Shelf
from graph_agents.skilled.trust import Trust
from mcp_servers.scripts import KEY, script_tools
from mcp_servers.toolkit import Arguments, Tool, ToolResult

SEARCH = "skills_search"
_FOUND_DESCRIPTION = 300
_RULES_SHOWN = 5
_INLINE_CHARACTERS = 20_000
"""Longer instructions are pointed at, to be read page by page."""

_log = logging.getLogger(__name__)


class SearchArguments(Arguments):
    """What to look for."""

    query: str = Field(min_length=1, max_length=1_000, description="A few words about the work.")
    limit: int = Field(8, ge=1, le=25, description="How many skills to show at most.")


@dataclass
class _Session:
    """What one session uses: digests by skill id, and the tools that came with them."""

    active: dict[str, str] = field(default_factory=dict[str, str])
    tools: dict[str, tuple[Tool[Any], ...]] = field(
        default_factory=dict[str, tuple[Tool[Any], ...]]
    )
    disclosed: tuple[Tool[Any], ...] = ()


class Skillset:
    """A `parts.SkillBook` over a source of skills.

    A skill that nobody vouches for is used only once a person has agreed to its present files: the
    engine is told to ask before a call reaches into its folder. What a session begins with is what
    the source holds then; a skill that changes later is another one, and asked about again.

    Args:
        source: what there is.
        sandbox: sees the shelf as its mount `skills`.
        shelf: where skills are put for the sandbox.
        pinned: ids of skills whose instructions stand in every prompt, once approved.
        trust: what was agreed to.
        root_of: the session whose approvals hold for another, such as `Family.root_of`; by default
            each has its own.

    Raises:
        UsageError: a pinned skill is not offered.
    """

    def __init__(
        self,
        source: SkillSource,
        sandbox: Sandbox,
        shelf: Shelf,
        *,
        pinned: Sequence[str] = (),
        trust: Trust | None = None,
        root_of: Callable[[str], str] = str,
    ) -> None:
        self._source = source
        self._sandbox = sandbox
        self._shelf = shelf
        self._root = sandbox.place(SKILLS)
        self._trust = trust or Trust()
        self._root_of = root_of
        self._sessions: dict[str, _Session] = {}
        self._by_name: dict[str, Offer] = {}
        self._by_public: dict[str, Offer] = {}
        self._seen: Sequence[Offer] = ()
        self._made: tuple[Listing, str, int] | None = None
        self._refresh()
        self._pinned = [self._required(name).id for name in pinned]
        self.outgrown = self._section()[1] > 0

    # What a session is told ------------------------------------------------------------------

    def section(self, session: str) -> str:
        """The section of the system prompt: what there is, and the pinned instructions."""
        self._refresh()
        text, more = self._section()
        parts = [text]
        if more:
            words = _text("more" if text else "only_search")
            parts.append(Template(words).substitute(more=f"{more:,}"))
        parts += [
            self._written(
                "pinned" if len(skill.body) <= _INLINE_CHARACTERS else "long", offer, skill
            )
            for offer, skill in loaded(self._source, self._pinned_offers())
            if self._may(session, offer)
        ]
        return "\n".join(part.strip() + "\n" for part in parts if part)

    def _section(self) -> tuple[str, int]:
        listing = choose(self._seen, self._pinned, self._source.used())
        if self._made is None or self._made[0] != listing:
            self._made = listing, *self._make(listing)
        return self._made[1:]

    def _make(self, listing: Listing) -> tuple[str, int]:
        there = loaded(self._source, listing.offers)
        for offer, skill in there:
            self._shelf.put(offer.public, skill.files)
        places = {skill.id: self._location(offer, skill) for offer, skill in there}
        return section(listing, [skill for _, skill in there], lambda skill: places[skill.id])

    def tools(self) -> list[Tool[Any]]:
        """`skills_search` where there are more skills than the prompt names, else nothing."""
        if not self.outgrown:
            return []
        description = (
            "Find skills (instructions and scripts for a kind of work) beyond those listed. A "
            "skill that is found can be read at its location."
        )
        return [Tool(SEARCH, description, SearchArguments, self._search, read_only=True)]

    async def _search(self, arguments: SearchArguments) -> str:
        found = self._source.search(arguments.query, arguments.limit)
        hits = [self._by_name[name] for name in found if name in self._by_name]
        useful = [hit for hit in hits if hit.model_invocable and not hit.refused]
        lines: list[str] = []
        for offer, skill in loaded(self._source, useful[: arguments.limit]):
            self._shelf.put(offer.public, skill.files)
            about = " ".join(offer.description.split())[:_FOUND_DESCRIPTION]
            lines.append(f"- {offer.id}: {about}\n  {self._location(offer, skill)}")
        if not lines:
            return f"No skill fits {arguments.query!r}. Try fewer or more general words."
        return "\n".join([*lines, "Read the SKILL.md that fits before you use it."])

    # What the engine asks ----------------------------------------------------------------------

    def expand(self, session: str, prompt: str) -> tuple[str, Sequence[SkillActivated]]:
        """A user message, before it the instructions of the skills that it calls.

        Of a skill that is not approved as it is now only the location is given, so that reading it
        asks. Names that are no skill's are left alone, as is what a user may not call.
        """
        command = command_of(prompt)
        called = self._callable(command[0]) if command else None
        text = command[1] if command and called else prompt
        offers = dict.fromkeys([called] if called else [])
        offers |= dict.fromkeys(
            offer for name in mentioned(text) if (offer := self._callable(name)) is not None
        )
        parts: list[str] = []
        used: list[SkillActivated] = []
        for offer, skill in loaded(self._source, list(offers)[:MOST_NAMED]):
            self._shelf.put(offer.public, skill.files)
            approved = self._may(session, offer) and len(skill.body) <= _INLINE_CHARACTERS
            parts.append(self._written("named" if approved else "to_read", offer, skill))
            if approved and (activated := self._activate(session, offer)):
                used.append(activated)
        if len(offers) > MOST_NAMED:
            parts.append(f"(Only the first {MOST_NAMED} of {len(offers)} skills named are used.)")
        return "\n\n".join([*(part.strip() for part in parts), text]).strip(), used

    def judge(self, session: str, call: ToolRequest) -> Verdict | None:
        """Ask before a call reaches into a skill that is not approved; None where none does."""
        verdicts = [
            verdict
            for offer in self._reached(call)
            if (verdict := self._verdict(session, offer)) is not None
        ]
        strictest = [verdict for verdict in verdicts if verdict.leave is Leave.DENY] or verdicts
        if not strictest:
            return None
        rules = [verdict.rule for verdict in strictest[:_RULES_SHOWN]]
        more = len(strictest) - len(rules)
        rules += [f"and so for {more} more skills"] if more else []
        return Verdict(strictest[0].leave, "; ".join(rules))

    def about(self, call: ToolRequest) -> str:
        """Id, description, digest and findings of the skills that a call reaches, for a person."""
        offers = self._reached(call)
        lines = [
            f"skill {offer.id}: {offer.description}\nfiles: {offer.digest}"
            + (f"\nfindings: {offer.findings}" if offer.findings else "")
            for offer in offers[:_RULES_SHOWN]
        ]
        more = len(offers) - _RULES_SHOWN
        return "\n\n".join([*lines, *([f"and {more} more skills"] if more > 0 else [])])

    def saw(self, session: str, call: ToolRequest, result: ToolResult) -> SkillActivated | None:
        """What a call that ran has reached is approved; if it showed a SKILL.md, in use as well."""
        offers = self._reached(call)
        for offer in offers:
            self._trust.approve(self._root_of(session), offer.id, offer.digest)
        if len(offers) != 1 or result.is_error or not reads_instructions(call):
            return None
        return self._activate(session, offers[0])

    def disclosed(self, session: str) -> Sequence[Tool[Any]]:
        """The scripts of the skills in use that declare them as tools."""
        return self._session(session).disclosed

    def restore(self, session: str, activated: Sequence[SkillActivated]) -> None:
        """Use again what was in use; what has changed meanwhile has to be read, and asked, anew."""
        for used in activated:
            offer = self._by_name.get(used.name)
            if offer is None or offer.digest != used.digest or offer.refused:
                _log.info("the skill %s is no longer what the session used", used.name)
                continue
            self._trust.approve(self._root_of(session), offer.id, offer.digest)
            self._use(self._session(session), offer)

    def approve_always(self, call: ToolRequest) -> None:
        """Keep for good what a person agreed to: the skills that a call reaches, as they are now.

        Raises:
            UsageError: it cannot be written down.
        """
        for offer in self._reached(call):
            self._trust.approve_always(offer.id, offer.digest)

    # ------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        offers = self._source.offers()
        if offers is not self._seen:
            self._seen = offers
            self._by_public = {offer.public: offer for offer in offers}
            self._by_name = self._by_public | {offer.id: offer for offer in offers}

    def _required(self, name: str) -> Offer:
        offer = self._by_name.get(name)
        if offer is None:
            raise UsageError(
                f"the skill {name!r} cannot be pinned: it is not there, or not for this machine"
            )
        return offer

    def _pinned_offers(self) -> list[Offer]:
        return [offer for name in self._pinned if (offer := self._by_name.get(name))]

    def _callable(self, name: str) -> Offer | None:
        offer = self._by_name.get(name) or self._by_name.get(name.lower())
        return offer if offer and offer.user_invocable and not offer.refused else None

    def _reached(self, call: ToolRequest) -> list[Offer]:
        names = reached(call, self._root, self._sandbox.place(WORKSPACE))
        wanted = self._shelf.held if "" in names else names
        return [self._by_public[name] for name in wanted if name in self._by_public]

    def _may(self, session: str, offer: Offer) -> bool:
        return self._verdict(session, offer) is None

    def _verdict(self, session: str, offer: Offer) -> Verdict | None:
        if offer.refused:
            return Verdict(Leave.DENY, f"the skill {offer.id} is not used: {offer.refused}")
        root = self._root_of(session)
        if offer.trusted or self._trust.covers(root, offer.id, offer.digest):
            return None
        changed = self._trust.knew(root, offer.id)
        why = "has changed since it was approved" if changed else "has not been approved"
        return Verdict(Leave.ASK, f"the skill {offer.id} {why} (files {offer.digest[:12]})")

    def _activate(self, session: str, offer: Offer) -> SkillActivated | None:
        state = self._session(session)
        if state.active.get(offer.id) == offer.digest or offer.refused:
            return None
        self._use(state, offer)
        now = time.time_ns() // 1_000_000
        self._source.log(ActivationRecord(offer.id, offer.digest, session, now))
        return SkillActivated(offer.id, offer.digest)

    def _session(self, session: str) -> _Session:
        if session not in self._sessions:
            state = self._sessions[session] = _Session()
            for offer in self._pinned_offers():
                if self._may(session, offer):
                    self._use(state, offer)
        return self._sessions[session]

    def _use(self, state: _Session, offer: Offer) -> None:
        state.active[offer.id] = offer.digest
        for _, skill in loaded(self._source, [offer]):
            self._shelf.put(offer.public, skill.files)
            state.tools[offer.id] = self._scripts(offer, skill)
        state.disclosed = tuple(tool for tools in state.tools.values() for tool in tools)

    def _scripts(self, offer: Offer, skill: Skill) -> tuple[Tool[Any], ...]:
        if KEY not in (metadata_of(skill.frontmatter) or {}):
            return ()
        try:
            return tuple(script_tools(self._sandbox, {offer.public: skill.files}))
        except UsageError as error:
            _log.warning("%s", error)
            return ()

    def _location(self, offer: Offer, skill: Skill) -> str:
        return posixpath.join(self._root, offer.public, skill.file_name)

    def _written(self, template: str, offer: Offer, skill: Skill) -> str:
        folder = posixpath.join(self._root, offer.public)
        values: Mapping[str, str] = {
            "name": offer.id,
            "folder": folder,
            "location": self._location(offer, skill),
            "body": skill.body.strip().replace("{baseDir}", folder),
        }
        return Template(_text(template)).substitute(values)


@cache
def _text(name: str) -> str:
    return files("graph_agents.skilled").joinpath("texts", f"{name}.md").read_text("utf-8")
