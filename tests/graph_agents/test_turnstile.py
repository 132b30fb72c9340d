"""The turnstile: few turns compute at a time, each a whole step; who waits holds up nobody."""

import asyncio
import random

import pytest

from graph_agents.events import ModelReplied, StopReason, ToolEnded, ToolStarted
from graph_agents.turnstile import inside, outside
from mcp_servers.toolkit import Tool
from tests.graph_agents.engine_parts import Name, Talker, Workshop, agent_with, call, played, say

WIDTH = 2


async def places() -> int:
    """How many turns get inside together while each of them computes for some ticks."""
    now = most = 0

    async def turn() -> None:
        nonlocal now, most
        async with inside():
            now += 1
            most = max(most, now)
            for _ in range(5):
                await asyncio.sleep(0)
            now -= 1

    async with asyncio.timeout(5):
        await asyncio.gather(*(turn() for _ in range(WIDTH + 4)))
    return most


async def test_only_so_many_turns_are_inside():
    assert await places() == WIDTH


async def test_turns_that_wake_together_finish_their_steps_one_after_the_other():
    finished: list[int] = []
    woken = asyncio.Event()

    async def turn(number: int) -> None:
        async with inside():
            async with outside():
                await woken.wait()
            for _ in range(10 if number == 0 else 1):
                await asyncio.sleep(0)
            finished.append(number)

    turns = [asyncio.create_task(turn(number)) for number in range(20)]
    await asyncio.sleep(0.01)
    woken.set()
    await asyncio.gather(*turns)
    # The slow first one keeps one place, the others pass in order through the second.
    assert [number for number in finished if number] == list(range(1, 20))


async def test_who_waits_for_ever_holds_up_nobody():
    async def stuck() -> None:
        async with inside(), outside():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stuck()) for _ in range(10)]
    await asyncio.sleep(0.01)
    assert await places() == WIDTH
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_wait_that_is_over_at_once_keeps_the_place():
    order: list[str] = []

    async def turn(name: str) -> None:
        async with inside():
            for _ in range(3):
                async with outside():
                    order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*map(turn, "abcd"))
    assert "".join(order) == "aaabbbcccddd"


async def test_parts_of_a_turn_that_wait_beside_each_other_give_one_place():
    async def part(seconds: float) -> None:
        async with outside():
            await asyncio.sleep(seconds)
        async with outside():
            await asyncio.sleep(0)

    async with inside():
        waiting = asyncio.gather(*(part(0.001 * n) for n in range(8)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await asyncio.create_task(places()) == WIDTH
        await waiting
    assert await places() == WIDTH


async def test_a_turn_within_a_tool_of_another_has_a_place_of_its_own():
    async def turn(depth: int) -> int:
        async with inside():
            if depth == 0:
                return 0
            async with outside():
                return 1 + await asyncio.create_task(turn(depth - 1))

    async with asyncio.timeout(5):
        assert await asyncio.gather(*(turn(5) for _ in range(6))) == [5] * 6


@pytest.mark.parametrize("where", ["inside", "outside"])
async def test_a_turn_that_fails_gives_its_place_back(where):
    async def turn() -> None:
        async with inside():
            if where == "inside":
                raise ValueError(where)
            async with outside():
                await asyncio.sleep(0)
                raise ValueError(where)

    for _ in range(5):
        with pytest.raises(ValueError, match=where):
            await turn()
    assert await places() == WIDTH


async def test_what_a_turn_leaves_running_takes_no_place():
    left: list[asyncio.Task[None]] = []

    async def straggler() -> None:
        async with outside():
            await asyncio.sleep(0.01)

    for _ in range(3):
        async with inside():
            left.append(asyncio.create_task(straggler()))
            await asyncio.sleep(0)
    await asyncio.gather(*left)
    assert await places() == WIDTH


async def test_no_place_is_lost_or_made_by_two_hundred_cancellations():
    chance = random.Random(7)

    async def part() -> None:
        async with outside():
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)

    async def turn() -> None:
        async with inside():
            for _ in range(chance.randrange(1, 6)):
                await asyncio.sleep(0)
                await asyncio.gather(*(part() for _ in range(chance.randrange(1, 4))))

    for _ in range(20):
        tasks = [asyncio.create_task(turn()) for _ in range(10)]
        for task in chance.sample(tasks, 10):
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await places() == WIDTH


async def test_each_loop_has_its_own_turnstile():
    async def turn() -> None:
        async with inside(), outside():
            await asyncio.sleep(0.001)

    async with inside(), inside():
        async with asyncio.timeout(5):
            await asyncio.to_thread(asyncio.run, turn())


async def test_an_agent_goes_on_while_others_are_stuck_in_their_tools(tmp_path):
    all_stuck, hold, crowd = asyncio.Barrier(WIDTH + 2), asyncio.Event(), WIDTH + 1

    async def stick(arguments: Name) -> str:
        await all_stuck.wait()
        await hold.wait()
        return arguments.name

    tools = [*Workshop().tools(), Tool("stick", "Be stuck.", Name, stick)]
    stuck = [call(("stick", {"name": "x"}))] * crowd
    model = Talker(*stuck, call(("look", {"name": "x"})), say("done"), *[say("late")] * crowd)
    async with agent_with(tmp_path, model, tools) as agent, asyncio.timeout(5):
        waiting = [asyncio.create_task(played(agent.new_session().send("go"))) for _ in stuck]
        await all_stuck.wait()
        events = await played(agent.new_session().send("go"))
        assert events[-1].reason is StopReason.DONE
        hold.set()
        assert [each[-1].reason for each in await asyncio.gather(*waiting)] == ["done"] * crowd


async def test_the_events_of_a_turn_come_in_their_order_in_a_crowd(tmp_path):
    looks = ("look", {"name": "x"}), ("look", {"name": "y"})
    crowd = 6
    model = Talker(*[call(*looks)] * crowd, *[say("done")] * crowd)
    async with agent_with(tmp_path, model, Workshop().tools()) as agent:
        told = await asyncio.gather(*(played(agent.new_session().send("go")) for _ in range(crowd)))
    telling = (ModelReplied, ToolStarted, ToolEnded)
    for events in told:
        kinds = [type(each) for each in events if isinstance(each, telling)]
        assert kinds == [
            ModelReplied,
            *[ToolStarted] * 2,
            *[ToolEnded] * 2,
            ModelReplied,
        ]
        assert events[-1].reason is StopReason.DONE


async def test_closing_a_turn_in_the_middle_frees_its_place(tmp_path):
    async def never():
        await asyncio.Event().wait()

    model = Talker(*[never] * 5)
    async with agent_with(tmp_path, model, Workshop().tools()) as agent:
        for _ in range(5):
            turn = agent.new_session().send("go")
            await anext(turn)
            pending = asyncio.ensure_future(anext(turn))
            await asyncio.sleep(0.01)
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
            await turn.aclose()
        assert await places() == WIDTH
