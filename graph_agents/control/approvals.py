"""What the user has said so far, on top of a policy.

What is remembered is narrow on purpose: one command as it stands, one tool on the same paths, or
one call with the same arguments. It answers questions; it never lifts a denial.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from graph_agents.approval import (
    Answer,
    ApprovalDecision,
    ApprovalRequest,
    Leave,
    Scope,
    Verdict,
)
from graph_agents.control.policy import Call, Rules
from graph_agents.kept_file import load_kept, save_kept

_SHORT = 160
_OF_FILES = frozenset({"write", "edit", "apply_patch"})


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: int = 1
    allowed: dict[str, str] = {}
    """What was allowed, in words, by what identifies it."""


class StandingPolicy:
    """A policy together with the answers that hold for longer than one call.

    Args:
        rules: what holds where nothing was said.
        read_only: the names of the tools that cannot change anything.
        workspace: where the workspace stands as the agent sees it; answers hold for it alone.
        kept_in: the file for answers that hold always; None: none does.

    Raises:
        UsageError: the file is malformed.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        read_only: Collection[str] = (),
        workspace: str = "",
        kept_in: Path | None = None,
    ) -> None:
        self._rules = rules
        self._read_only = frozenset(read_only)
        self._workspace = workspace
        self._file = kept_in
        self._kept = load_kept(_Kept, kept_in, "approvals")
        self._session: dict[str, str] = {}

    @property
    def remembered(self) -> tuple[str, ...]:
        """What was allowed beyond one call, in words."""
        return tuple((self._kept.allowed | self._session).values())

    def judge(self, tool: str, arguments: Mapping[str, JsonValue]) -> Verdict:
        """What the policy says; what it asks about may have been answered before."""
        call = self._call(tool, arguments)
        verdict = self._rules.judge(call)
        if verdict.leave is not Leave.ASK:
            return verdict
        identity = _identity(call)
        words = self._session.get(identity) or self._kept.allowed.get(identity)
        return Verdict(Leave.ALLOW, f"allowed before: {words}") if words else verdict

    def remember(self, request: ApprovalRequest, decision: ApprovalDecision) -> None:
        """Keep an answer, as far as the user wants it kept.

        Raises:
            UsageError: it cannot be written down.
        """
        if decision.answer is not Answer.APPROVE or decision.scope is Scope.ONCE:
            return
        arguments = request.arguments if decision.arguments is None else decision.arguments
        call = self._call(request.call.name, arguments)
        self._session[_identity(call)] = same_call(call)
        if decision.scope is Scope.ALWAYS:
            self._kept.allowed[_identity(call)] = same_call(call)
            save_kept(self._kept, self._file)

    def forget(self) -> None:
        """Forget every answer.

        Raises:
            UsageError: the file cannot be written.
        """
        self._session.clear()
        self._kept.allowed.clear()
        save_kept(self._kept, self._file)

    def _call(self, tool: str, arguments: Mapping[str, JsonValue]) -> Call:
        return Call(tool, arguments, tool in self._read_only, self._workspace)


def same_call(call: Call) -> str:
    """What an answer is remembered for, in words."""
    if call.script is not None:
        return f"the command {_cut(str(call.arguments.get('command', '')))}"
    if call.tool in _OF_FILES and call.paths:
        return f"{call.tool} on {_cut(', '.join(call.paths))}"
    return f"{call.tool} with the same arguments"


def _identity(call: Call) -> str:
    text = json.dumps([call.tool, call.workspace, _matter(call)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _matter(call: Call) -> JsonValue:
    """What makes two calls the same in the eyes of the user."""
    if call.script is not None:
        kept = ("command", "workdir", "env")
        return {key: call.arguments[key] for key in kept if key in call.arguments}
    if call.tool in _OF_FILES and call.paths:
        return list(call.paths)
    return dict(call.arguments)


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
