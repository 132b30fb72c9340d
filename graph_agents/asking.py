"""Getting an answer to what a policy asks: from a callback in place, or by interrupting the graph.

With an interrupt LangGraph runs the node again from its beginning once the answer is there. All the
questions of a reply are therefore asked at once, before any call has run.
"""

# langgraph is a namespace package whose marker pyright does not find:
# pyright: reportMissingTypeStubs=false

from collections.abc import Mapping, Sequence
from typing import cast

from langgraph.types import interrupt
from pydantic import JsonValue

from clawgym.model import ToolRequest
from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest, Scope
from graph_agents.events import ApprovalAsked, ApprovalDecided, emit
from graph_agents.journal.ledger import Ledger
from graph_agents.parts import Parts
from graph_agents.turnstile import outside
from mcp_servers.toolkit import ToolResult

_NOBODY = ApprovalDecision(
    Answer.REJECT, message="it needs the user's approval, and nobody is here to give it"
)


async def decisions_for(
    asked: Sequence[ApprovalRequest], parts: Parts, ledger: Ledger | None, *, can_wait: bool
) -> Mapping[str, ApprovalDecision]:
    """A decision for each request, by its id; what the policy shall remember, it remembers."""
    if parts.approve:
        return {request.id: await _in_place(request, parts, ledger) for request in asked}
    if not can_wait:
        return {request.id: _NOBODY for request in asked}
    said: object = interrupt({"approvals": [request_json(request) for request in asked]})
    decisions = {request.id: decision_from(said, request.id) for request in asked}
    for request in asked:
        _settle(request, decisions[request.id], parts, ledger)
    return decisions


async def _in_place(
    request: ApprovalRequest, parts: Parts, ledger: Ledger | None
) -> ApprovalDecision:
    reply, _, position = request.id.rpartition(":")
    done = ledger.of(reply).get(int(position)) if ledger else None
    if done and done.decision:
        return done.decision
    assert parts.approve is not None
    emit(ApprovalAsked(request))
    async with outside():
        decision = await parts.approve(request)
    _settle(request, decision, parts, ledger)
    return decision


def _settle(
    request: ApprovalRequest, decision: ApprovalDecision, parts: Parts, ledger: Ledger | None
) -> None:
    emit(ApprovalDecided(request, decision))
    if ledger:
        reply, _, position = request.id.rpartition(":")
        ledger.decided(reply, int(position), decision)
    if parts.policy and decision.scope is not Scope.ONCE:
        parts.policy.remember(request, decision)


def request_json(request: ApprovalRequest) -> dict[str, JsonValue]:
    """A request for whoever resumes the graph."""
    return {
        "id": request.id,
        "call": request.call.id,
        "tool": request.call.name,
        "arguments": dict(request.arguments),
        "raw_arguments": request.call.arguments,
        "rule": request.rule,
        "preview": request.preview,
    }


def request_from(data: Mapping[str, JsonValue]) -> ApprovalRequest:
    """What `request_json` made."""
    call = ToolRequest(str(data["call"]), str(data["tool"]), str(data["raw_arguments"]))
    arguments = cast("dict[str, JsonValue]", data["arguments"])
    return ApprovalRequest(
        str(data["id"]), call, arguments, str(data["rule"]), str(data.get("preview", ""))
    )


def decision_json(decision: ApprovalDecision) -> dict[str, JsonValue]:
    """A decision for the graph that is resumed with it."""
    return {
        "answer": decision.answer.value,
        "scope": decision.scope.value,
        "arguments": dict(decision.arguments) if decision.arguments is not None else None,
        "message": decision.message,
    }


def decision_from(said: object, request: str) -> ApprovalDecision:
    """What a resumed graph was told about a request.

    It may be a decision or what is made of one in JSON, `true` or `false`, "approve" or "reject",
    for all requests or in an object by their ids. Anything else is a no.
    """
    if isinstance(said, ApprovalDecision):
        return said
    if isinstance(said, Mapping):
        told = cast("Mapping[str, object]", said)
        return decision_from(told[request], request) if request in told else _from_json(told)
    if said is True or said == Answer.APPROVE.value:
        return ApprovalDecision(Answer.APPROVE)
    reason = said if isinstance(said, str) and said != Answer.REJECT.value else ""
    return ApprovalDecision(Answer.REJECT, message=reason)


def _from_json(told: Mapping[str, object]) -> ApprovalDecision:
    approved = told.get("answer") == Answer.APPROVE.value
    arguments = told.get("arguments")
    scope = str(told.get("scope", Scope.ONCE.value))
    return ApprovalDecision(
        Answer.APPROVE if approved else Answer.REJECT,
        Scope(scope) if scope in list(Scope) else Scope.ONCE,
        cast("dict[str, JsonValue]", arguments) if isinstance(arguments, dict) else None,
        str(told.get("message", "")),
    )


def refusal(reason: str) -> ToolResult:
    """What the model is told of a call that may not run."""
    return ToolResult(f"Error: not run: {reason}", is_error=True)
