"""One round of tools: every call of a reply is judged, run and answered, in its place.

Approvals come before the first call runs, so that waiting for a person never leaves a round half
done. Then calls that only read run together; a call with effects runs alone, between a line in the
journal that says that it begins and one that holds its answer. What a crash leaves between these
two lines is answered with a warning on resume, not run again.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage

from clawgym.errors import SandboxError
from clawgym.model import ToolRequest, Usage
from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest, Leave, Verdict
from graph_agents.asking import decisions_for, refusal
from graph_agents.chat_model import answer_to, parse_arguments, tool_requests
from graph_agents.events import (
    FilesChanged,
    LoopSeen,
    Offloaded,
    StopReason,
    ToolEnded,
    ToolOutput,
    ToolStarted,
    emit,
)
from graph_agents.journal.entries import Kind
from graph_agents.journal.ledger import Done, Ledger
from graph_agents.journal.sessions import new_id
from graph_agents.parts import Budget, LoopWatch, Parts
from graph_agents.pieces import Pieces
from graph_agents.steering import steering
from graph_agents.turnstile import outside
from mcp_servers.toolkit import Tool, ToolResult, watching

_log = logging.getLogger(__name__)

_AT_ONCE = 8
"""How many reading calls run at the same time."""

_NOT_RUN = ToolResult(
    "Error: not run, because the limit on tool calls for this task is reached", is_error=True
)
_STOPPED = ToolResult("Error: not run, because the user interrupted", is_error=True)
_CUT = ToolResult("Error: not run, because the turn was cut short before this call", is_error=True)
_LOOPING = ToolResult("Error: not run, because the same calls went round in circles", is_error=True)
_IN_FLIGHT = ToolResult(
    "Error: the run was interrupted while this call was in flight; it may have taken effect, in "
    "part or as a whole. Look before you repeat it.",
    is_error=True,
)


@dataclass(frozen=True)
class _Call:
    """A call in its place. `given` is its answer where it is known without running it."""

    position: int
    request: ToolRequest
    tool: Tool[Any] | None
    given: ToolResult | None = None
    answer: ToolMessage | None = None

    @property
    def settled(self) -> bool:
        return self.given is not None or self.answer is not None

    @property
    def together(self) -> bool:
        """Whether it may run beside others: it changes nothing."""
        return self.settled or self.tool is None or self.tool.read_only


@dataclass
class Acting:
    """The round of one reply.

    `left` is how many calls may still run; `can_wait` says that the graph can be interrupted.
    """

    session: str
    reply: AIMessage
    tools: Mapping[str, Tool[Any]]
    parts: Parts
    loops: LoopWatch | None
    budget: Budget | None
    ledger: Ledger | None
    left: int
    can_wait: bool
    _stop: StopReason | None = None

    async def answers(self) -> tuple[list[ToolMessage], StopReason | None]:
        """The answers in the order of the calls, and why the turn is over, if it is.

        Raises:
            SandboxError: the sandbox is broken; what has run is in the journal.
        """
        calls = await self._judged(self._planned())
        answers: list[ToolMessage] = []
        for together, group in groupby(calls, lambda call: call.together):
            if together:
                answers += await self._read_together(list(group))
            else:
                for call in group:
                    self._keep(answers)
                    answers.append(await self._run_alone(call))
        if len(calls) > self.left:
            self._stop = self._stop or StopReason.MAX_TOOL_CALLS
        return answers, self._stop

    def _planned(self) -> list[_Call]:
        known = self.ledger.of(self._id) if self.ledger else dict[int, Done]()
        requests = tool_requests(self.reply)
        return [
            self._plan(position, call, known.get(position))
            for position, call in enumerate(requests)
        ]

    @property
    def _id(self) -> str:
        return self.reply.id or ""

    def _plan(self, position: int, request: ToolRequest, done: Done | None) -> _Call:
        call = _Call(position, request, self.tools.get(request.name))
        if done and done.answer is not None:
            return replace(call, answer=done.answer)
        if done and done.started and not (call.tool and call.tool.read_only):
            return replace(call, given=_IN_FLIGHT)
        if position >= self.left:
            return replace(call, given=_NOT_RUN)
        if call.tool is None:
            return replace(call, given=_unknown(request.name, self.tools))
        return replace(call, given=self._rehearsed(call.tool, request))

    def _rehearsed(self, tool: Tool[Any], request: ToolRequest) -> ToolResult | None:
        if not self.parts.dry_run or tool.read_only:
            return None
        shown = request.arguments[:2000]
        return ToolResult(f"Dry run: {tool.name} was not called. It would get {shown}")

    async def _judged(self, calls: Sequence[_Call]) -> list[_Call]:
        """Refuse what the policy denies, and ask about what it does not allow by itself."""
        verdicts = {call.position: self._verdict(call) for call in calls if not call.settled}
        asked = [
            ApprovalRequest(
                f"{self._id}:{call.position}",
                call.request,
                parse_arguments(call.request.arguments) or {},
                verdicts[call.position].rule,
                await self._preview(call.request),
            )
            for call in calls
            if call.position in verdicts and verdicts[call.position].leave is Leave.ASK
        ]
        decisions: Mapping[str, ApprovalDecision] = {}
        if asked:
            decisions = await decisions_for(asked, self.parts, self.ledger, can_wait=self.can_wait)
        return [self._ruled(call, verdicts.get(call.position), decisions) for call in calls]

    async def _preview(self, request: ToolRequest) -> str:
        """What a person sees who is asked: the skills that a call reaches, the diff it makes."""
        skills, preview = self.parts.skills, self.parts.preview
        shown = [skills.about(request)] if skills else []
        if preview:
            async with outside():
                shown.append(await preview(request))
        return self._clean("\n\n".join(part for part in shown if part))

    def _verdict(self, call: _Call) -> Verdict:
        policy, skills = self.parts.policy, self.parts.skills
        arguments = parse_arguments(call.request.arguments)
        verdicts: list[Verdict] = []
        if policy and arguments is not None:
            verdicts.append(policy.judge(call.request.name, arguments))
        if skills and (verdict := skills.judge(self.session, call.request)):
            verdicts.append(verdict)
        strict = [Leave.DENY, Leave.ASK, Leave.ALLOW]
        return min(
            verdicts, key=lambda each: strict.index(each.leave), default=Verdict(Leave.ALLOW)
        )

    def _ruled(
        self, call: _Call, verdict: Verdict | None, decisions: Mapping[str, ApprovalDecision]
    ) -> _Call:
        if verdict is None or verdict.leave is Leave.ALLOW:
            return call
        if verdict.leave is Leave.DENY:
            return replace(call, given=refusal(f"denied by the policy ({verdict.rule})"))
        decision = decisions[f"{self._id}:{call.position}"]
        if decision.answer is Answer.REJECT:
            return replace(call, given=refusal(decision.message or "the user said no"))
        if decision.arguments is None:
            return call
        changed = json.dumps(dict(decision.arguments), ensure_ascii=False)
        return replace(call, request=replace(call.request, arguments=changed))

    async def _read_together(self, calls: Sequence[_Call]) -> list[ToolMessage]:
        """Run calls at the same time; what becomes of them is told in their order all the same."""
        gate, done = asyncio.Semaphore(_AT_ONCE), dict[int, ToolMessage]()
        untold = list(calls)

        async def one(call: _Call) -> None:
            async with gate:
                done[call.position] = await self._answered(call)
            while untold and untold[0].position in done:
                first = untold.pop(0)
                emit(ToolEnded(first.request, done[first.position], first.answer is not None))

        ended = await asyncio.gather(*map(one, calls), return_exceptions=True)
        for error in filter(None, ended):
            raise error
        return [done[call.position] for call in calls]

    async def _run_alone(self, call: _Call) -> ToolMessage:
        if self.ledger and not self._ended():
            self.ledger.start(self._id, call.position, call.request)
        answer = await self._answered(call)
        if self.ledger:
            self.ledger.finish(self._id, call.position, answer)
        emit(ToolEnded(call.request, answer, call.answer is not None))
        return answer

    def _keep(self, answers: Sequence[ToolMessage]) -> None:
        """Commit the answers before a call with effects: the journal has the order of the calls."""
        for position, answer in enumerate(answers):
            if self.ledger:
                self.ledger.finish(self._id, position, answer)

    def _ended(self) -> ToolResult | None:
        """What a call is answered with that must not begin any more."""
        control = steering()
        if control and control.interrupted:
            return _STOPPED
        return _LOOPING if self._stop is StopReason.LOOP else None

    async def _answered(self, call: _Call) -> ToolMessage:
        if call.answer is not None:
            return call.answer
        emit(ToolStarted(call.request))
        result = call.given or self._ended() or await self._called(call)
        if self.budget:
            self.budget.charge(Usage(), calls=1)
        return _answer(call.request, result)

    async def _called(self, call: _Call) -> ToolResult:
        request, tool = call.request, call.tool
        assert tool is not None
        pieces = Pieces(self.parts.redactor, lambda text: emit(ToolOutput(request, text)))
        try:
            with watching(pieces.take):
                async with outside():
                    result = await tool.call(request.arguments)
        except SandboxError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in a tool must not end the conversation
            _log.warning("tool %s raised", request.name, exc_info=True)
            result = ToolResult(f"Error: {request.name} failed: {error!r}", is_error=True)
        finally:
            pieces.end()
        return await self._looked_at(request, result)

    async def _looked_at(self, request: ToolRequest, result: ToolResult) -> ToolResult:
        """What the parts make of a result before the model and the journal see it."""
        result = replace(result, text=self._clean(result.text))
        for name in ("diff", "patch"):
            if isinstance(diff := result.details.get(name), str) and diff:
                emit(FilesChanged(request, self._clean(diff)))
                break
        self._watch_skills(request, result)
        seen = self.loops.saw(request, result) if self.loops else None
        if self.parts.offload:
            async with outside():
                result = await self.parts.offload.shorten(request, result)
            self._note_offload(request, result)
        return self._warned(seen, result)

    def _clean(self, text: str) -> str:
        return self.parts.redactor.redact(text) if self.parts.redactor else text

    def _watch_skills(self, request: ToolRequest, result: ToolResult) -> None:
        skills = self.parts.skills
        used = skills.saw(self.session, request, result) if skills else None
        if used:
            emit(used)
            if self.ledger:
                self.ledger.note(Kind.SKILL, name=used.name, digest=used.digest)

    def _note_offload(self, request: ToolRequest, result: ToolResult) -> None:
        if isinstance(path := result.details.get("offloaded"), str):
            emit(Offloaded(request, path))
            if self.ledger:
                self.ledger.note(Kind.OFFLOAD, call=request.id, path=path)

    def _warned(self, seen: LoopSeen | None, result: ToolResult) -> ToolResult:
        if seen is None:
            return result
        emit(seen)
        if seen.stop:
            self._stop = StopReason.LOOP
        return replace(result, text=f"{result.text}\n\n[Warning: {seen.pattern}]")


def _unknown(name: str, tools: Mapping[str, Tool[Any]]) -> ToolResult:
    names = ", ".join(tools) or "none"
    return ToolResult(f"Error: there is no tool {name!r}; there are: {names}", is_error=True)


def _answer(request: ToolRequest, result: ToolResult) -> ToolMessage:
    return answer_to(request, result.text, is_error=result.is_error, id=new_id())


def settled(reply: AIMessage, ledger: Ledger) -> list[ToolMessage]:
    """Answers to the calls of a reply whose round will not go on, from what the journal knows."""
    known = ledger.of(reply.id or "")
    answers: list[ToolMessage] = []
    for position, request in enumerate(tool_requests(reply)):
        done = known.get(position, Done())
        given = _IN_FLIGHT if done.started else _CUT
        answers.append(done.answer or _answer(request, given))
    return answers
