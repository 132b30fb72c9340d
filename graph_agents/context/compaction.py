"""Shorter conversations: a summary of the older part, checked before it takes the part's place.

The limits are OpenClaw's: it is time when the window less a reserve is used up, and the most recent
20,000 tokens stay as they are. A summary that lacks a heading or an exact name, or does not shorten
anything, is sent back; after two corrections the conversation stays as it was.
"""

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from string import Template

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from clawgym.errors import ProviderError
from graph_agents.charging import charged
from graph_agents.chat_model import (
    AnyChatModel,
    Respond,
    parse_arguments,
    responder,
    tool_requests,
)
from graph_agents.context import notes
from graph_agents.context.identifiers import exact_names
from graph_agents.context.tokens import KEPT, SUMMARY, TokenEstimate, text_tokens
from graph_agents.context.transcript import pieces
from graph_agents.control.overflow import is_overflow
from graph_agents.conversation import Conversation, mark, marked
from graph_agents.parts import Compaction, Flush

RESERVE = 20_000
KEEP = 20_000
CORRECTIONS = 2
FLUSH_TOOLS = ("read", notes.NAME)

_USUAL_WINDOW = 128_000
_SMALLEST_PIECE = 1_000
_REQUEST_CHARACTERS = 6_000
_CARD = "progress_card"
_SKILLS = "skills-to-read-again"

_log = logging.getLogger(__name__)


def reserve_of(window: int) -> int:
    """The tokens of a window that are kept free for what comes next."""
    return min(RESERVE, window // 4)


@dataclass
class SummaryCompactor:
    """Summarises with the agent's own model, or another; a `parts.Compactor`.

    Attributes:
        window: the context of the model in tokens, which bounds what one request for a summary may
            hold; set by `wanted`.
        keep: the most recent tokens that stay as they are; at most half of the conversation.
        model: writes the summaries instead of the agent's own.
        flush_tools: what the silent turn before a compaction may use; without any there is none.
    """

    window: int = _USUAL_WINDOW
    keep: int = KEEP
    model: AnyChatModel | None = None
    flush_tools: Sequence[str] = FLUSH_TOOLS
    _tokens: TokenEstimate = field(default_factory=TokenEstimate)

    def wanted(self, tokens: int, window: int) -> bool:
        """Whether a conversation of so many tokens leaves too little of the window."""
        self.window = window
        return tokens >= window - reserve_of(window)

    async def compact(
        self, messages: Sequence[BaseMessage], model: AnyChatModel, flush: Flush | None
    ) -> Compaction | None:
        """Summarise the older part, after the agent had a turn to write down what must last.

        Returns:
            None when there is no older part, or when no summary passed the checks.

        Raises:
            ProviderError: the model that summarises cannot be asked.
        """
        first_kept = self._cut(messages)
        if first_kept == 0:
            return None
        if flush is not None and self.flush_tools:
            await self._flush(flush)
        with charged(self.model) if self.model else nullcontext(model) as writes:
            writer = _Writer(responder(writes, ()), messages[:first_kept], messages[first_kept:])
            text = await writer.summary(self.window)
        if text is None:
            _log.warning("no summary of the conversation passed its checks: it stays as it is")
            return None
        kept = {KEPT: len(messages) - first_kept}
        summary = HumanMessage(text, additional_kwargs={**mark(SUMMARY), **kept})
        return Compaction(
            summary,
            first_kept,
            tokens_before=self._estimate(messages),
            tokens_after=self._estimate([summary, *messages[first_kept:]]),
        )

    def _cut(self, messages: Sequence[BaseMessage]) -> int:
        """Where the part begins that stays: never between a call and its result."""
        keep = min(self.keep, self._estimate(messages) // 2)
        starts = [at for at, one in enumerate(messages) if not isinstance(one, ToolMessage)]
        left = keep
        cut = len(messages)
        for start in reversed(starts):
            left -= self._estimate(messages[start:cut])
            if left < 0 and cut < len(messages):
                break
            cut = start
        # A summary alone at the front is not worth summarising again.
        return 0 if cut == 1 and marked(messages[0], SUMMARY) else cut

    def _estimate(self, messages: Sequence[BaseMessage]) -> int:
        return sum(map(self._tokens.of, messages))

    async def _flush(self, flush: Flush) -> None:
        try:
            await flush(_text("flush"), self.flush_tools)
        except ProviderError as error:
            _log.warning("nothing was noted before the compaction: %s", error)


@dataclass
class _Writer:
    """Gets one summary that holds."""

    respond: Respond
    dropped: Sequence[BaseMessage]
    kept: Sequence[BaseMessage]

    async def summary(self, window: int) -> str | None:
        """The text of the summary, what is carried over word for word included."""
        earlier = _text_of_summary(self.dropped)
        carried = _carried(self.dropped, self.kept, earlier)
        names = exact_names(self.dropped, _section(earlier, _headings()[-1]))
        room = sum(map(TokenEstimate().of, self.dropped)) - text_tokens(carried)
        piece = window // 2
        while piece >= _SMALLEST_PIECE:
            try:
                text = await self._in_pieces(pieces(self.dropped, piece), names, room)
            except ProviderError as error:
                if not is_overflow(error):
                    raise
                piece //= 2
                continue
            return text and _framed(f"{text}\n\n{carried}")
        return None

    async def _in_pieces(self, parts: Sequence[str], names: Sequence[str], room: int) -> str | None:
        """A summary of all parts: each is summarised together with what came of those before."""
        summary: str | None = None
        for number, part in enumerate(parts, 1):
            transcript = part if summary is None else f"[earlier summary]\n{summary}\n\n{part}"
            held = names if number == len(parts) else [name for name in names if name in transcript]
            summary = await self._checked(transcript, held, room)
            if summary is None:
                return None
        return summary

    async def _checked(self, transcript: str, names: Sequence[str], room: int) -> str | None:
        words = max(150, min(1_500, room // 4))
        said: list[BaseMessage] = [
            HumanMessage(
                Template(_text("task")).substitute(
                    transcript=transcript, names=_listed(names) or "(none)", words=words
                )
            )
        ]
        for _ in range(CORRECTIONS + 1):
            conversation = Conversation()
            conversation.follow(said)
            reply = await self.respond(_text("summary"), conversation, None)
            text = str(reply.text).strip()
            problems = problems_of(text, names, room)
            if not problems:
                return text
            correction = Template(_text("correction")).substitute(problems=_listed(problems))
            said += [AIMessage(text or "(nothing)"), HumanMessage(correction)]
        return None


def problems_of(summary: str, names: Sequence[str], room: int) -> list[str]:
    """Why a summary cannot be used; empty if it can. `room` is what it replaces, in tokens."""
    problems = [
        f"the section {heading} is missing or out of its place"
        for heading in _missing_headings(summary)
    ]
    problems += [f"it does not name {name} exactly" for name in names if name not in summary]
    if (size := text_tokens(summary)) >= room:
        problems.append(f"it has about {size} tokens, and what it replaces only {max(room, 0)}")
    return problems


def _missing_headings(summary: str) -> list[str]:
    lines = [line.strip() for line in summary.splitlines()]
    missing: list[str] = []
    start = 0
    for heading in _headings():
        if heading in lines[start:]:
            start = lines.index(heading, start) + 1
        else:
            missing.append(heading)
    return missing


@cache
def _headings() -> tuple[str, ...]:
    return tuple(line for line in _text("summary").splitlines() if line.startswith("## "))


def _carried(dropped: Sequence[BaseMessage], kept: Sequence[BaseMessage], earlier: str) -> str:
    """What is kept word for word: last request and plan, unless they stay anyway, and skills."""
    parts: list[str] = []
    if not any(map(_is_request, kept)):
        said = [str(message.text) for message in dropped if _is_request(message)]
        request = _cut_off(said[-1]) if said else _tagged(earlier, "last-request")
        parts += [f"<last-request>\n{request}\n</last-request>"] if request else []
    if not _cards(kept):
        cards = _cards(dropped)
        card = cards[-1] if cards else _tagged(earlier, _CARD)
        parts += [f"<{_CARD}>\n{card}\n</{_CARD}>"] if card else []
    skills = dict.fromkeys([*_tagged(earlier, _SKILLS).splitlines(), *_skills_read(dropped)])
    if skills:
        listed = "\n".join(skills)
        parts.append(f"<{_SKILLS}>\n{listed}\n</{_SKILLS}>")
    return "\n\n".join(["Word for word, from before:", *parts]) if parts else ""


def _is_request(message: BaseMessage) -> bool:
    return isinstance(message, HumanMessage) and not message.additional_kwargs.get("clawgym")


def _cards(messages: Sequence[BaseMessage]) -> list[str]:
    replies = [message for message in messages if isinstance(message, AIMessage)]
    calls = [call for reply in replies for call in tool_requests(reply)]
    return [call.arguments for call in calls if call.name == _CARD]


def _skills_read(messages: Sequence[BaseMessage]) -> list[str]:
    """The instructions that were read; they are to be read again before they are followed."""
    replies = [message for message in messages if isinstance(message, AIMessage)]
    calls = [call for reply in replies for call in tool_requests(reply) if call.name == "read"]
    paths = [(parse_arguments(call.arguments) or {}).get("path") for call in calls]
    return [path for path in paths if isinstance(path, str) and path.endswith("/SKILL.md")]


def _cut_off(text: str) -> str:
    left_out = len(text) - _REQUEST_CHARACTERS
    more = f"\n[… {left_out:,} more characters …]" if left_out > 0 else ""
    return text[:_REQUEST_CHARACTERS] + more


def _tagged(text: str, tag: str) -> str:
    return (
        text.rpartition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0] if f"<{tag}>" in text else ""
    )


def _text_of_summary(dropped: Sequence[BaseMessage]) -> str:
    return str(dropped[0].text) if dropped and marked(dropped[0], SUMMARY) else ""


def _section(text: str, heading: str) -> str:
    return text.partition(f"{heading}\n")[2].partition("\n\n")[0]


def _listed(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _framed(text: str) -> str:
    return Template(_text("carried")).substitute(summary=text.strip())


@cache
def _text(name: str) -> str:
    return files("graph_agents.context").joinpath("compacting", f"{name}.md").read_text("utf-8")
