"""The parts that the engine can be given: each has one job, each is optional, each works alone.

These are the sockets. What fits into them stands in `context`, `skilled`, `control` and `journal`;
a user's own class fits just as well. The engine calls nothing else of them.

Who is called when, in a step: `prompt` and `tokens`/`compactor` before the model, `budget_of` after
it; for each call `policy` and `skills` judge, `redactor`, `offload`, `loops` and `skills` look at
the result, in this order.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import JsonValue

from clawgym.model import ToolRequest, Usage
from graph_agents.approval import ApprovalDecision, ApprovalRequest, Approve, Verdict
from graph_agents.chat_model import AnyChatModel
from graph_agents.events import BudgetSeen, LoopSeen, OnEvent, SkillActivated
from mcp_servers.toolkit import Tool, ToolResult


class Policy(Protocol):
    """Says what may be done without asking."""

    def judge(self, tool: str, arguments: Mapping[str, JsonValue]) -> Verdict:
        """Allow, ask or deny a call, before it runs."""
        ...

    def remember(self, request: ApprovalRequest, decision: ApprovalDecision) -> None:
        """Keep an answer whose scope is wider than once."""
        ...


class Budget(Protocol):
    """What one session may still spend."""

    def charge(
        self, usage: Usage, cost: float | None = None, *, calls: int = 0, seconds: float = 0.0
    ) -> None:
        """Count an exchange with the model, calls of tools, or time of an earlier process."""
        ...

    def at_work(self) -> AbstractContextManager[None]:
        """Time that is spent in this block counts; several blocks may be open at a time."""
        ...

    def exceeded(self) -> BudgetSeen | None:
        """The limit that is reached, if one is."""
        ...


class LoopWatch(Protocol):
    """Notices that a session repeats itself; one for each turn."""

    def saw(self, call: ToolRequest, result: ToolResult) -> LoopSeen | None:
        """Look at a finished call. The warning is added to the result; `stop` ends the turn."""
        ...


class Redactor(Protocol):
    """Keeps the values of secrets out of prompts, journal, transcripts and events."""

    def redact(self, text: str) -> str:
        """The text without them."""
        ...

    def settled(self, text: str) -> int:
        """How much of the beginning of a text that is still coming can be redacted by itself."""
        ...


@dataclass(frozen=True)
class Undone:
    """What an undo has changed in the workspace, as paths in it.

    `kept_in` is a folder with what was overwritten and removed.
    """

    restored: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept_in: Path | None = None


class Snapshots(Protocol):
    """Keeps the agent's workspace as it was before each turn."""

    async def begin(self) -> str:
        """Keep what is there before a turn; the name is what the other methods need."""
        ...

    async def go_on(self, snapshot: str) -> None:
        """Note that the turn, which was stopped, works again."""
        ...

    async def stop(self, snapshot: str) -> None:
        """Note that the turn has stopped, and what it has changed."""
        ...

    async def undo(self, snapshot: str, spawned: Sequence[str], *, force: bool) -> Undone:
        """Put back what a turn and those that it spawned have changed.

        Raises:
            UsageError: it is not kept, or somebody else has changed the same; nothing has changed.
        """
        ...


class PromptSource(Protocol):
    """Writes the system prompt. It is asked once a session; the journal keeps the answer."""

    async def system(self, session: str) -> str:
        """The prompt for a session."""
        ...


class TokenCounter(Protocol):
    """Estimates tokens; asked with a growing list each step, so it must count incrementally."""

    def count(self, messages: Sequence[BaseMessage]) -> int:
        """The tokens of a conversation."""
        ...


Flush = Callable[[str, Collection[str]], Awaitable[None]]
"""Runs a silent turn: a prompt, and the names of the tools that it may use. Nothing of it stays in
the conversation; what its tools write stays in the workspace."""


@dataclass(frozen=True)
class Compaction:
    """A shorter conversation: the summary, then the messages from `first_kept` on, as they were.

    `first_kept` indexes the messages that `compact` was given; it never parts a call and its
    result.
    """

    summary: HumanMessage
    first_kept: int
    tokens_before: int
    tokens_after: int


class Compactor(Protocol):
    """Shortens conversations."""

    def wanted(self, tokens: int, window: int) -> bool:
        """Whether it is time."""
        ...

    async def compact(
        self, messages: Sequence[BaseMessage], model: AnyChatModel, flush: Flush | None
    ) -> Compaction | None:
        """Summarise; None when no summary passed its own checks: the history then stays.

        What another model than the given one has used is told by `charging.charged`.
        """
        ...


class Offload(Protocol):
    """Moves large results out of the conversation."""

    async def shorten(self, call: ToolRequest, result: ToolResult) -> ToolResult:
        """The result, or a preview whose `details["offloaded"]` is the path of the whole."""
        ...


class SkillBook(Protocol):
    """The skills of a session: which are in use, and what they disclose."""

    def expand(self, session: str, prompt: str) -> tuple[str, Sequence[SkillActivated]]:
        """A user message with the skills that it names (`/skill`, `$skill`) written out."""
        ...

    def judge(self, session: str, call: ToolRequest) -> Verdict | None:
        """Whether a call that would activate a skill may; None where it activates none."""
        ...

    def about(self, call: ToolRequest) -> str:
        """What a person should know of the skills that a call reaches; '' where it reaches none."""
        ...

    def saw(self, session: str, call: ToolRequest, result: ToolResult) -> SkillActivated | None:
        """Look at a finished call: reading a skill activates it."""
        ...

    def disclosed(self, session: str) -> Sequence[Tool[Any]]:
        """The tools that the skills in use add."""
        ...

    def restore(self, session: str, activated: Sequence[SkillActivated]) -> None:
        """Called when a session is resumed, with what the journal kept."""
        ...


Preview = Callable[[ToolRequest], Awaitable[str]]
"""Shows what a call would change, as a diff; '' where nobody can say."""

Price = Callable[[str, Usage], float | None]
"""US dollars for an exchange with the model of that name; None where nobody knows."""


@dataclass(frozen=True)
class Parts:
    """What the engine works with beside a model and tools. Everything may be left out.

    `budget_of` is asked once for each session and `loops` once for each turn, because what they
    make counts; with a journal a budget begins with what the session, and those that it spawned,
    have spent before. `preview` is shown to whoever is asked about a call. `window` is the model's
    context in tokens; without it only an overflow that the endpoint reports leads to compaction.
    `dry_run` answers calls that would have effects with what they would do. Without `approve`, a
    call to be approved interrupts the graph (LangGraph's `interrupt`), and is refused where nothing
    could resume it.
    """

    policy: Policy | None = None
    approve: Approve | None = None
    preview: Preview | None = None
    budget_of: Callable[[str], Budget] | None = None
    price: Price | None = None
    loops: Callable[[], LoopWatch] | None = None
    redactor: Redactor | None = None
    snapshots: Snapshots | None = None
    prompt: PromptSource | None = None
    tokens: TokenCounter | None = None
    compactor: Compactor | None = None
    window: int | None = None
    offload: Offload | None = None
    skills: SkillBook | None = None
    dry_run: bool = False
    on_event: OnEvent | None = None
