"""The conversation, at a front of a test: what is typed when, and what it does."""

import asyncio
import contextlib

from graph_agents.parts import Parts
from graph_agents.ui.asking import Asker
from graph_agents.ui.chat import Chat
from graph_agents.ui.front import End, Line, Stop
from graph_agents.ui.slash import Talk
from graph_agents.ui.tally import Tally
from tests.graph_agents.engine_parts import Talker, agent_with, say
from tests.graph_agents.test_agent_session import texts
from tests.graph_agents.test_engine import Shortener


class Desk:
    """A front whose user types the `lines` when nothing runs, and what is put into `meanwhile`."""

    can_ask = True

    def __init__(self, *lines: str) -> None:
        self.said: list[str] = []
        self.meanwhile: asyncio.Queue[Line | Stop | End] = asyncio.Queue()
        self._lines = list(lines)

    def show(self, event) -> None:
        pass

    def say(self, text) -> None:
        self.said.append(str(text))

    def ask(self, question) -> None:
        pass

    def busy(self, running) -> None:
        pass

    async def next(self, *, during_turn=False):
        if during_turn:
            return await self.meanwhile.get()
        return Line(self._lines.pop(0)) if self._lines else End()


class Endless(Shortener):
    """A summary that takes for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def compact(self, messages, model, flush):
        self.begun.set()
        await asyncio.Event().wait()


async def chatting(agent, desk: Desk) -> asyncio.Task[None]:
    talk = Talk(agent, agent.new_session(), desk, Tally())
    return asyncio.create_task(Chat(talk, Asker(desk)).converse())


async def test_a_summary_on_demand_is_interrupted_like_a_turn(tmp_path):
    desk, compactor = Desk("hello", "/compact"), Endless()
    model = Talker(say("one"), say("two"))
    async with agent_with(tmp_path, model, [], parts=Parts(compactor=compactor)) as agent:
        chat = await chatting(agent, desk)
        async with asyncio.timeout(10):
            await compactor.begun.wait()
            desk.meanwhile.put_nowait(Line("and now this"))
            desk.meanwhile.put_nowait(Stop())
            await chat
        assert any("nothing was summarised" in said for said in desk.said)
        session = await agent.resume("last")
        assert texts(session) == ["hello", "one", "and now this", "two"]


async def test_a_second_ctrl_c_leaves_at_once(tmp_path):
    class Stubborn(Endless):
        async def compact(self, messages, model, flush):
            self.begun.set()
            for _ in range(2):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

    desk, compactor = Desk("hello", "/compact"), Stubborn()
    parts = Parts(compactor=compactor)
    async with agent_with(tmp_path, Talker(say("one")), [], parts=parts) as agent:
        chat = await chatting(agent, desk)
        async with asyncio.timeout(10):
            await compactor.begun.wait()
            desk.meanwhile.put_nowait(Stop())
            desk.meanwhile.put_nowait(Stop())
            await chat


async def test_what_a_command_complains_of_is_said_and_the_talk_goes_on(tmp_path):
    desk = Desk("/undo", "hello")
    async with agent_with(tmp_path, Talker(say("one")), []) as agent:
        chat = await chatting(agent, desk)
        async with asyncio.timeout(10):
            await chat
        assert texts(await agent.resume("last")) == ["hello", "one"]
    assert any("no turn to undo" in said for said in desk.said)
