"""Plays an expert through an endpoint: the task's own script, detours on the way, mishaps by plan.

What it says depends on how far the expert is, and a request that is repeated is answered as before,
so an agent that was killed after a reply, and asks again, finds the same model.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from clawgym.model import Message, Role
from clawgym.task import Task
from graph_agents.expert import ExpertModel
from tests.graph_agents.context.test_compaction import summary
from tests.graph_agents.endpoint.detours import Detour, one
from tests.graph_agents.endpoint.mishaps import say
from tests.graph_agents.endpoint.server import Mishap

CHILD = "[Subagent Task]"


class ExpertPlayer:
    """A `Player` for one task.

    Args:
        task: what the expert solves.
        detours: what is done before the expert's reply of that number, counted from 1.
        mishaps: what goes wrong at the request of that number, counted from 1.
    """

    def __init__(
        self,
        task: Task,
        detours: Mapping[int, Callable[[], Detour]] | None = None,
        mishaps: Iterable[tuple[int, Mishap]] = (),
    ) -> None:
        self._task = task
        self._detours = dict(detours or {})
        self._mishaps = deque(sorted(mishaps, key=lambda each: each[0]))
        self.problems: list[str] = []
        self.broken: Mishap | None = None
        self.refused: set[str] = set()
        self.before_reply: Callable[[int], None] = lambda _: None
        self.restart()

    def restart(self) -> None:
        """Begin the task anew; mishaps and detours that happened do not come again."""
        self._expert = ExpertModel(self._task)
        self._detour: Detour | None = None
        self._pending: Message | None = None
        self._held: Message | None = None
        self._given: dict[str, Message | Mishap] = {}
        self._step = 0
        self.asked = 0
        self.finished = False

    def leave_detour(self) -> None:
        """Go on with the task at the next request."""
        if self._detour:
            self._detour, self._pending, self._held = None, self._held, None

    async def __call__(self, model: str, messages: Sequence[Message]) -> Message | Mishap:
        """Answer one request."""
        if model in self.refused:
            return Mishap(f"{model} is down", ("500 Internal Server Error", "{}"))
        if self.broken:
            return self.broken
        return _beside(messages) or await self._main(messages)

    async def _main(self, messages: Sequence[Message]) -> Message | Mishap:
        key = hashlib.sha256(repr(messages).encode(errors="replace")).hexdigest()
        if key in self._given:
            return self._given[key]
        self.asked += 1
        if self._pending is None:
            self._pending = await self._next(messages)
        reply: Message | Mishap = self._pending
        if self._mishaps and self._mishaps[0][0] <= self.asked:
            reply = self._mishaps.popleft()[1]
        else:
            self._pending = None
        if isinstance(reply, Message) or not reply.passes:
            self._given[key] = reply
        self.before_reply(self.asked)
        return reply

    async def _next(self, messages: Sequence[Message]) -> Message:
        heard = _without_asides(messages)
        if self._detour:
            try:
                return self._detour.send(_results(heard))
            except AssertionError as error:
                self.problems.append(str(error))
            except StopIteration:
                pass
            self._detour = None
            assert self._held is not None
            return self._held
        if self.finished:
            return say("There is nothing left to do.")
        reply = (await self._expert.complete(heard)).message
        self.finished = not reply.tool_calls
        self._step += 1
        if detour := self._detours.pop(self._step, None):
            self._detour, self._held = detour(), reply
            return next(self._detour)
        return reply


def _beside(messages: Sequence[Message]) -> Message | None:
    """The answer to what the agent asks beside the task: summaries, notes, children."""
    last = messages[-1].content
    if "Write the summary now" in last or "Write it again, whole" in last:
        asked = next(m.content for m in messages if "Write the summary now" in m.content)
        names = asked.partition("written here:\n")[2].partition("\n\n")[0].replace("- ", "")
        return say(summary(names))
    if "about to be shortened" in last:
        return one("memory_note", text="The work goes on.")
    if any("about to be shortened" in message.content for message in messages[-3:]):
        return say("NO_REPLY")
    if len(messages) > 1 and messages[1].content.startswith(CHILD):
        spoken = any(message.role is Role.ASSISTANT for message in messages)
        return say("The child has looked.") if spoken else one("exec", command="ls")
    return None


def _without_asides(messages: Sequence[Message]) -> Sequence[Message]:
    """The conversation up to the last results: what a user says then is nothing to an expert."""
    end = len(messages)
    while end > 2 and messages[end - 1].role is Role.USER:
        end -= 1
    return messages[:end]


def _results(messages: Sequence[Message]) -> list[str]:
    results: list[str] = []
    for message in reversed(messages):
        if message.role is not Role.TOOL:
            break
        results.append(message.content)
    return results[::-1]
