"""What a user may say about how an agent shall work, before anything is opened."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.model import Usage
from clawgym.settings import Settings
from graph_agents.approval import Leave
from graph_agents.control.policy import Rule, Rules
from graph_agents.control.spending import Allowance
from graph_agents.state import AgentLimits

_PRICE = re.compile(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens. Cached prompt tokens count in full."""

    prompt: float
    completion: float

    @classmethod
    def parse(cls, text: str) -> "Prices":
        """Read `0.5/1.5`: prompt, then completion.

        Raises:
            UsageError: it is no price.
        """
        found = _PRICE.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                f"{text!r} is no price: write dollars for a million prompt tokens, a slash, and "
                "those for a million completion tokens, as in 0.5/1.5"
            )
        return cls(float(found[1]), float(found[2]))

    def __call__(self, model: str, usage: Usage) -> float:
        """The price of an exchange, whichever model it was with."""
        del model
        tokens = usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion
        return tokens / 1e6


@dataclass(frozen=True)
class AgentOptions:
    """One agent, as it was asked for.

    Attributes:
        workspace: the folder to work in.
        settings: model, endpoint, sandbox, catalogue.
        skills: names, comma-separated; `none`; None for all bundled ones.
        pinned: skills that the prompt always shows.
        policy: the name of a policy, or the path of one.
        allow, deny: rules on top of it, as `TOOL` or `TOOL:PATTERN`.
        dry_run: work on a private copy of the workspace.
        undo: keep the workspace before each turn.
        limits, allowance: of a turn, and of a session.
        prices: needed for a limit on money.
        state: the journal; None for the user's.
        fallback_models: asked in this order when the model fails.
        retries: how often each model is asked again.
        window: the model's context in tokens; None for what the endpoint says.
        mcp_config: a JSON file of MCP servers.
    """

    workspace: Path
    settings: Settings
    skills: str | None = None
    pinned: tuple[str, ...] = ()
    policy: str = "trusting"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    dry_run: bool = False
    undo: bool = True
    limits: AgentLimits = field(default_factory=AgentLimits)
    allowance: Allowance = field(default_factory=Allowance)
    prices: Prices | None = None
    state: Path | None = None
    fallback_models: tuple[str, ...] = ()
    retries: int = 3
    window: int | None = None
    mcp_config: Path | None = None

    def __post_init__(self) -> None:
        if self.allowance.money is not None and self.prices is None:
            raise UsageError("a limit on money needs the price of the model: add --price IN/OUT")

    def rules(self) -> Rules:
        """The policy with what was allowed and denied on top.

        Raises:
            UsageError: there is no such policy, it is malformed, or a pattern is.
        """
        return Rules.load(self.policy).extended(self.said_rules())

    def said_rules(self) -> list[Rule]:
        """What was allowed and denied on top of the policy.

        Raises:
            UsageError: a pattern is malformed.
        """
        return [*_rules(self.allow, Leave.ALLOW), *_rules(self.deny, Leave.DENY)]


def _rules(patterns: Sequence[str], action: Leave) -> Iterator[Rule]:
    for text in patterns:
        tool, colon, pattern = (part.strip() for part in text.partition(":"))
        if not tool or (colon and not pattern):
            raise UsageError(
                f"{text!r} is no pattern: write a tool, or a tool and what it is used on, as in "
                "write, write:docs/** or exec:git push*"
            )
        if not colon:
            yield Rule(action=action, tool=tool)
        elif tool == "exec":
            yield Rule(action=action, tool=tool, command=pattern)
        else:
            yield Rule(action=action, tool=tool, path=pattern)
