"""Ways to play a task: what the user does, and what happens to the agent meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

from clawgym.files import Files
from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest, Scope
from graph_agents.events import (
    ModelReplied,
    SkillActivated,
    StopReason,
    ToolEnded,
    ToolStarted,
)
from tests.graph_agents.endpoint.stage import Stage

YES = ApprovalDecision(Answer.APPROVE)
SECRET = "sk-0123456789-not-a-real-key"


async def straight(stage: Stage) -> None:
    """From the instruction to the end."""
    async with stage.opened() as agent:
        await stage.done(agent.new_session().send(stage.instruction))


async def called_skill(stage: Stage, sign: str) -> None:
    """The user names a skill."""
    skill = stage.task.graph.skills[0] if stage.task.graph else ""
    first = f"{sign}{skill} {stage.instruction}"
    async with stage.opened() as agent:
        await stage.done(agent.new_session().send(first))
    kinds = [type(event) for event in stage.events]
    assert kinds.index(SkillActivated) < kinds.index(ModelReplied), "read, not called"


async def asked_in_turn(stage: Stage, *, again: bool) -> None:
    """Nobody sits there: the turn ends with each question, and goes on with the answer."""
    async with stage.opened() as agent:
        session = agent.new_session()
        ended = await stage.play(session.send(stage.instruction))
        while ended.reason is StopReason.APPROVAL and not again:
            ended = await stage.play(session.go_on(YES))
    while ended.reason is StopReason.APPROVAL:
        async with stage.opened() as agent:
            session = await agent.resume("last")
            assert session.asked, "the question is forgotten"
            ended = await stage.play(session.go_on(YES))
    assert ended.reason is StopReason.DONE, f"stopped: {ended.reason}"
    assert stage.kinds()["ApprovalAsked"] > 1


async def interrupted(stage: Stage) -> None:
    """The user stops the turn, and lets it go on."""
    async with stage.opened() as agent:
        session = agent.new_session()
        turn = session.send(stage.instruction)
        async for event in turn:
            stage.events.append(event)
            if isinstance(event, ToolStarted) and event.call.id.startswith("aside"):
                session.interrupt()
        assert stage.events[-1].reason is StopReason.INTERRUPTED  # type: ignore[union-attr]
        await stage.done(session.go_on())


async def interrupted_asking(stage: Stage) -> None:
    """The user does not wait for a model that says nothing."""
    async with stage.opened() as agent:
        session = agent.new_session()
        reached = asyncio.Event()
        stage.player.before_reply = lambda number: reached.set() if number == 3 else None
        turn = asyncio.ensure_future(stage.play(session.send(stage.instruction)))
        await reached.wait()
        session.interrupt()
        ended = await asyncio.wait_for(turn, 5)
        assert ended.reason is StopReason.INTERRUPTED, f"stopped: {ended.reason}"
        await stage.done(session.go_on())


async def shrunk(stage: Stage) -> None:
    """After many words the endpoint takes much fewer than were said."""

    def shrink(number: int) -> None:
        if number == 40:
            stage.served.window = 12_000

    stage.player.before_reply = shrink
    await straight(stage)


async def cancelled(stage: Stage, *, reopen: bool) -> None:
    """The turn is cancelled while a command runs, and continued."""
    async with stage.opened() as agent:
        session = agent.new_session()
        turn = session.send(stage.instruction)
        async for event in turn:
            stage.events.append(event)
            if isinstance(event, ToolStarted) and event.call.id.startswith("aside"):
                break
        await turn.aclose()
        assert session.unfinished
        if not reopen:
            await stage.done(session.go_on())
            return
    async with stage.opened() as agent:
        session = await agent.resume("last")
        await stage.done(session.go_on())
    marked = [each for each in stage.answers() if "may have taken effect" in each.message.text]
    assert len(marked) == 1, f"{len(marked)} calls are marked"


async def steered(stage: Stage) -> None:
    """The user says something meanwhile; the model is told."""
    words = "Mind the headers, please."
    async with stage.opened() as agent:
        session = agent.new_session()
        async for event in session.send(stage.instruction):
            stage.events.append(event)
            if isinstance(event, ToolEnded) and len(stage.answers()) == 1:
                session.steer(words)
        assert any(words in (m.content or "") for m in stage.served.requests[-1].messages)


async def undone(stage: Stage) -> None:
    """Done, undone, and done again."""
    before = stage.files()
    async with stage.opened() as agent:
        session = agent.new_session()
        await stage.done(session.send(stage.instruction))
        assert stage.files() != before
        await session.undo()
        changed = _difference(before, stage.files())
        assert not changed, f"after undo there differ: {changed}"
        assert session.messages == []
        stage.player.restart()
        await stage.done(session.send(stage.instruction))


async def forked(stage: Stage) -> None:
    """Another future from the same past; and both are exported."""
    async with stage.opened() as agent:
        session = agent.new_session()
        await stage.done(session.send(stage.instruction))
        length = len(session.messages)
        other = await session.fork(title="other")
        await stage.done(other.send("Anything else?"))
        assert (len(session.messages), len(other.messages)) == (length, length + 2)
        for form in ("openclaw", "atif"):
            other.export(form, stage.folder / f"{form}.json")


async def stops_then(
    stage: Stage,
    reason: StopReason,
    *,
    heal: Callable[[Stage], None] = lambda _: None,
    changed: dict[str, Any] | None = None,
    words: str = "",
    say: str | None = None,
    intact: bool = False,
) -> None:
    """The turn stops with its reason; once the cause is gone, the work is finished."""
    before = stage.files()
    async with stage.opened() as agent:
        session = agent.new_session()
        ended = await stage.stopped(session.send(stage.instruction), reason)
        assert words in (ended.error or ""), f"it says {ended.error!r}"
        if intact:
            assert not _difference(before, stage.files()), "the workspace has changed"
    heal(stage)
    async with stage.opened(**(changed or {})) as agent:
        session = await agent.resume("last")
        await stage.done(session.send(say) if say else session.go_on())


async def box_killed(stage: Stage) -> None:
    """A command kills all that runs beside it; what is lost is the box, not the work."""
    async with stage.opened() as agent:
        session = agent.new_session()
        ended = await stage.play(session.send(stage.instruction))
    if ended.reason is not StopReason.DONE:
        assert ended.reason is StopReason.SANDBOX_FAILED, f"stopped: {ended.reason}"
        async with stage.opened() as agent:
            session = await agent.resume("last")
            await stage.done(session.go_on())


async def rehearsed(stage: Stage) -> None:
    """A dry run changes nothing; then in earnest."""
    before = stage.files()
    async with stage.opened(dry_run=True) as agent:
        await stage.done(agent.new_session().send(stage.instruction))
    assert not _difference(before, stage.files()), "the dry run changed the workspace"
    stage.player.restart()
    await straight(stage)


async def secretive(stage: Stage) -> None:
    """What is the value of a secret reaches neither the model nor the journal."""
    await straight(stage)
    said = "".join(m.content or "" for r in stage.served.requests for m in r.messages)  # type: ignore[misc]
    kept = b"".join(path.read_bytes() for path in stage.state.parent.glob("agent.sqlite*"))
    assert SECRET not in said, "the model was told"
    assert SECRET.encode() not in kept, "the journal has it"


def _difference(before: Files, after: Files) -> list[str]:
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


async def second_model(stage: Stage) -> None:
    stage.player.refused = {"expert"}
    await straight(stage)


def leave(stage: Stage) -> None:
    stage.player.leave_detour()


def mend(stage: Stage) -> None:
    stage.player.broken = None


async def approving(request: ApprovalRequest) -> ApprovalDecision:
    del request
    return YES


async def approving_for_good(request: ApprovalRequest) -> ApprovalDecision:
    del request
    return ApprovalDecision(Answer.APPROVE, Scope.ALWAYS)


async def changing(request: ApprovalRequest) -> ApprovalDecision:
    return ApprovalDecision(Answer.APPROVE, arguments={**request.arguments, "title": "seen"})


class Refusing:
    """Says no the first time a command is asked about, then yes."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    async def __call__(self, request: ApprovalRequest) -> ApprovalDecision:
        known = request.call.arguments in self._seen
        self._seen.add(request.call.arguments)
        return YES if known else ApprovalDecision(Answer.REJECT, message="not like this")
