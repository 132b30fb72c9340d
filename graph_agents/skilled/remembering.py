"""A policy that also remembers which skills were approved for good."""

from collections.abc import Mapping

from pydantic import JsonValue

from graph_agents.approval import (
    ALLOWED,
    Answer,
    ApprovalDecision,
    ApprovalRequest,
    Scope,
    Verdict,
)
from graph_agents.parts import Policy
from graph_agents.skilled.skillset import Skillset


class SkillPolicy:
    """A `parts.Policy` around another, or around none, which then allows everything.

    The engine tells a policy what a person answered; a skill that was approved for good is kept in
    the skillset's `Trust`, as the digest of its files.
    """

    def __init__(self, skills: Skillset, inner: Policy | None = None) -> None:
        self._skills = skills
        self._inner = inner

    def judge(self, tool: str, arguments: Mapping[str, JsonValue]) -> Verdict:
        """As the other policy says."""
        return self._inner.judge(tool, arguments) if self._inner else ALLOWED

    def remember(self, request: ApprovalRequest, decision: ApprovalDecision) -> None:
        """Keep an answer.

        Raises:
            UsageError: it cannot be written down.
        """
        if decision.answer is Answer.APPROVE and decision.scope is Scope.ALWAYS:
            self._skills.approve_always(request.call)
        if self._inner:
            self._inner.remember(request, decision)
