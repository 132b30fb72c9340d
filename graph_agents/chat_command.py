"""What `clawgym agent chat` and `resume` do, once their options are parsed."""

from dataclasses import dataclass

from rich.text import Text

from graph_agents.agent import Agent, AgentSession
from graph_agents.assembly import assemble
from graph_agents.events import StopReason
from graph_agents.fronts import choose_front
from graph_agents.journal import Kind
from graph_agents.options import AgentOptions
from graph_agents.run_command import show_proposed
from graph_agents.ui.asking import Asker
from graph_agents.ui.chat import Chat
from graph_agents.ui.printable import one_line
from graph_agents.ui.slash import Talk, complete
from graph_agents.ui.tally import Tally


@dataclass(frozen=True)
class ChatRequest:
    """One conversation. `session` is one to go on with; None for a new one."""

    options: AgentOptions
    prompt: str | None = None
    session: str | None = None
    as_json: bool = False


async def hold(request: ChatRequest) -> None:
    """Talk until the user leaves.

    Raises:
        UsageError: no model is named, the session is unknown or in use.
        SandboxError: this machine cannot make the box.
    """
    talk: Talk | None = None
    tally = Tally()
    front = choose_front(
        tally,
        as_json=request.as_json,
        reads=True,
        status=lambda: _status(request.options, talk),
        complete=lambda line: complete(line, talk.skills if talk else ()),
    )
    asker = Asker(front)
    async with assemble(request.options, asker) as assembled:
        session = await _session(assembled.agent, request.session)
        tally.begin(session.entries())
        talk = Talk(assembled.agent, session, front, tally, assembled.skills)
        async with front:
            front.say(_greeting(request.options, session))
            go_on = _goes_on(session, request, asks=front.can_ask)
            if not go_on and _stopped_early(session):
                front.say(Text("the last turn was stopped; /continue goes on", style="dim"))
            if request.session and not (go_on or request.prompt or front.can_ask):
                front.say(
                    "the last turn has finished: there is nothing to go on with; -m says more"
                )
            await Chat(talk, asker).converse(request.prompt, go_on=go_on)
            if request.options.dry_run:
                await show_proposed(assembled, request.options, front)


def _goes_on(session: AgentSession, request: ChatRequest, *, asks: bool) -> bool:
    """Whether the last turn is continued before anything else.

    After a crash it is. Where a person or a limit stopped it, somebody should say so, or there is
    nobody who could.
    """
    cut_short = session.unfinished or bool(session.asked)
    return cut_short or (not asks and request.prompt is None and _stopped_early(session))


def _stopped_early(session: AgentSession) -> bool:
    stops = [entry for entry in session.entries() if entry.kind is Kind.STOP]
    finished = {StopReason.DONE.value, StopReason.EMPTY_REPLY.value}
    return bool(stops) and stops[-1].body.get("reason") not in finished


async def _session(agent: Agent, name: str | None) -> AgentSession:
    return await agent.resume(name) if name else agent.new_session()


def _greeting(options: AgentOptions, session: AgentSession) -> Text:
    line = Text("clawgym", style="bold")
    words = [options.settings.model or "", str(options.workspace), f"session {session.id}"]
    if title := session.info.title:
        words.append(one_line(title, 60))
    return line.append("".join(f" · {word}" for word in words), style="dim")


def _status(options: AgentOptions, talk: Talk | None) -> str:
    words = [options.settings.model or ""]
    if talk:
        words.append(talk.session.id)
    if options.policy != "trusting":
        words.append(options.policy)
    if options.dry_run:
        words.append("dry run")
    return " · ".join(words)
