"""What `clawgym agent run` does, once its options are parsed."""

from dataclasses import asdict, dataclass
from pathlib import Path

from langchain_core.messages import AIMessage
from pydantic import JsonValue

from clawgym.atomic import check_writable
from clawgym.errors import ClawGymError, ExitCode, ProviderError, SandboxError
from clawgym.model import Usage
from graph_agents.agent import AgentSession
from graph_agents.assembly import Assembled, assemble
from graph_agents.events import StopReason, TurnEnded
from graph_agents.fronts import choose_front
from graph_agents.options import AgentOptions
from graph_agents.proposal import proposed_changes
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
    """How the turn went. `proposed` is the diff of a dry run."""

    session: str
    stop_reason: StopReason
    answer: str
    turns: int
    tool_calls: int
    usage: Usage
    cost: float | None
    error: str | None
    proposed: str | None


async def carry_out(request: RunRequest) -> Finished:
    """Run one turn, and show it.

    Raises:
        UsageError: no model is named, a skill is unknown, the trajectory cannot be written.
        SandboxError: this machine cannot make the box.
    """
    if request.save_to:
        check_writable(request.save_to)
    tally = Tally()
    model = request.options.settings.model or ""
    front = choose_front(tally, as_json=request.as_json, reads=False, status=lambda: model)
    asker = Asker(front)
    async with assemble(request.options, asker) as assembled:
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
        finished = _finished(session, chat.last, tally, proposed)
    if request.as_json:
        write_line(_result(finished))
    return finished


def exit_code(finished: Finished) -> int:
    """The exit code of a run that ended as it should.

    Raises:
        ClawGymError: the endpoint or the sandbox failed.
    """
    if failure := _FAILED.get(finished.stop_reason):
        raise failure(finished.error or finished.stop_reason.value)
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


def _finished(
    session: AgentSession, ended: TurnEnded | None, tally: Tally, proposed: str | None
) -> Finished:
    replies = [entry.message for entry in session.entries()]
    answers = [str(each.text) for each in replies if isinstance(each, AIMessage)]
    return Finished(
        session=session.id,
        stop_reason=ended.reason if ended else StopReason.INTERRUPTED,
        answer=answers[-1] if answers else "",
        turns=tally.replies,
        tool_calls=tally.calls,
        usage=tally.usage,
        cost=tally.cost,
        error=ended.error if ended else None,
        proposed=proposed,
    )


def _result(finished: Finished) -> dict[str, JsonValue]:
    """The last line for a program."""
    plain = asdict(finished) | {"stop_reason": finished.stop_reason.value}
    return {"type": "result", **plain}
