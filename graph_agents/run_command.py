"""What `clawgym agent run` does, once its options are parsed."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from langchain_core.messages import AIMessage
from pydantic import JsonValue

from clawgym.atomic import check_writable
from clawgym.errors import ClawGymError, ExitCode, ProviderError, SandboxError, UsageError
from clawgym.model import Usage
from graph_agents.agent import AgentSession
from graph_agents.assembly import Assembled, assemble
from graph_agents.events import StopReason
from graph_agents.fronts import choose_front
from graph_agents.options import AgentOptions
from graph_agents.proposal import proposed_changes
from graph_agents.session_commands import delete_session
from graph_agents.ui.asking import Asker
from graph_agents.ui.chat import Chat
from graph_agents.ui.front import Front
from graph_agents.ui.lines import write_line
from graph_agents.ui.render import diff_text
from graph_agents.ui.slash import Talk
from graph_agents.ui.tally import Tally

INTERRUPTED = 130
_FAILED: dict[StopReason, type[ClawGymError]] = {
    StopReason.MODEL_FAILED: ProviderError,
    StopReason.CONTEXT: ProviderError,
    StopReason.SANDBOX_FAILED: SandboxError,
}


@dataclass(frozen=True)
class RunRequest:
    """One call of the command. `session` is one to go on with; None for a new one."""

    options: AgentOptions
    instruction: str
    session: str | None = None
    save_to: Path | None = None
    as_json: bool = False


@dataclass(frozen=True)
class Finished:
    """How the turn went. `proposed` is the diff of a dry run.

    `stop_reason` is None where the turn could not begin, or broke off: `error` says why.
    """

    session: str
    stop_reason: StopReason | None
    answer: str
    turns: int
    tool_calls: int
    usage: Usage
    cost: float | None
    error: str | None
    proposed: str | None


async def carry_out(request: RunRequest) -> Finished:
    """Run one turn, and show it; with JSON the last line is the result, whatever has failed.

    Raises:
        UsageError: no model is named, a skill is unknown, the trajectory cannot be written.
        SandboxError: this machine cannot make the box.
        ClawGymError: the turn could not begin, or broke off; the session goes if it has none.
    """
    if not request.instruction.strip():
        raise UsageError("the instruction is empty: say what the agent shall do")
    try:
        finished, failure = await _carried_out(request)
    except ClawGymError as error:
        if request.as_json:
            write_line(_result(_not_begun(request, error)))
        raise
    if request.as_json:
        write_line(_result(finished))
    if failure:
        raise failure
    return finished


async def _carried_out(request: RunRequest) -> tuple[Finished, ClawGymError | None]:
    if request.save_to:
        check_writable(request.save_to)
    tally = Tally()
    model = request.options.settings.model or ""
    front = choose_front(tally, as_json=request.as_json, reads=False, status=lambda: model)
    asker = Asker(front)
    options = request.options
    # Nobody can undo anything in the private copy of a single turn.
    options = replace(options, undo=options.undo and not options.dry_run)
    async with assemble(options, asker) as assembled:
        agent = assembled.agent
        session = await agent.resume(request.session) if request.session else agent.new_session()
        chat = Chat(Talk(agent, session, front, tally, assembled.skills), asker)
        async with front:
            try:
                await chat.say(request.instruction)
            finally:
                if request.save_to and session.entries():
                    session.export("atif", request.save_to)
            proposed = await _proposed(request.options, assembled, front)
        finished = _finished(session, chat, tally, proposed)
        is_empty = not session.entries()
    if is_empty:
        delete_session(session.id, request.options.state)
    return finished, chat.failure


def _not_begun(request: RunRequest, error: ClawGymError) -> Finished:
    session = request.session or ""
    return Finished(session, None, "", 0, 0, Usage(), None, str(error), None)


def exit_code(finished: Finished, *, told: bool) -> int:
    """The exit code of a run.

    Args:
        finished: how it went.
        told: the user has already seen what failed.

    Raises:
        ClawGymError: the endpoint or the sandbox failed, and nobody was told so.
    """
    reason = finished.stop_reason
    if reason and (failure := _FAILED.get(reason)):
        if told:
            return failure.exit_code
        raise failure(finished.error or reason.value)
    if finished.stop_reason is StopReason.INTERRUPTED:
        return INTERRUPTED
    return ExitCode.DONE if finished.stop_reason is StopReason.DONE else ExitCode.FINDINGS


async def _proposed(options: AgentOptions, assembled: Assembled, front: Front) -> str | None:
    return await show_proposed(assembled, options, front) if options.dry_run else None


async def show_proposed(assembled: Assembled, options: AgentOptions, front: Front) -> str:
    """Show what a dry run would change; ends the use of the box."""
    diff = await proposed_changes(assembled.sandbox, options.workspace)
    front.say("this is what would change:" if diff else "nothing would change")
    if diff:
        front.say(diff_text(diff, None))
    return diff


def _finished(session: AgentSession, chat: Chat, tally: Tally, proposed: str | None) -> Finished:
    ended, failure = chat.last, chat.failure
    replies = [entry.message for entry in session.entries()]
    answers = [str(each.text) for each in replies if isinstance(each, AIMessage)]
    return Finished(
        session=session.id,
        stop_reason=ended.reason if ended else None if failure else StopReason.INTERRUPTED,
        answer=answers[-1] if answers else "",
        turns=tally.replies,
        tool_calls=tally.calls,
        usage=tally.usage,
        cost=tally.cost,
        error=ended.error if ended else str(failure) if failure else None,
        proposed=proposed,
    )


def _result(finished: Finished) -> dict[str, JsonValue]:
    """The last line for a program."""
    reason = finished.stop_reason.value if finished.stop_reason else "error"
    return {"type": "result", **asdict(finished), "stop_reason": reason}
