"""What may be done without asking, and the question when it may not."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from clawgym.model import ToolRequest


class Leave(StrEnum):
    """What a policy says about a call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True)
class Verdict:
    """A judgement, with the rule that says so in words that a person recognises."""

    leave: Leave
    rule: str = ""


ALLOWED = Verdict(Leave.ALLOW)


@dataclass(frozen=True)
class ApprovalRequest:
    """A call that waits for a person. `id` is unique within the journal and stable over a resume.

    `preview` is what the person should see beside the arguments: a diff, a skill's digest.
    """

    id: str
    call: ToolRequest
    arguments: Mapping[str, JsonValue]
    rule: str
    preview: str = ""


class Answer(StrEnum):
    """What a person says."""

    APPROVE = "approve"
    REJECT = "reject"


class Scope(StrEnum):
    """How long an answer holds; the policy remembers it."""

    ONCE = "once"
    SESSION = "session"
    ALWAYS = "always"


@dataclass(frozen=True)
class ApprovalDecision:
    """The answer. `arguments` replace the model's own; `message` is told to the model."""

    answer: Answer
    scope: Scope = Scope.ONCE
    arguments: Mapping[str, JsonValue] | None = None
    message: str = ""


Approve = Callable[[ApprovalRequest], Awaitable[ApprovalDecision]]
"""Asks a person, in place."""
