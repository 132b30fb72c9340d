"""The programmatic expert: a model that solves a task from its graph, through real tool calls.

It looks at the workspace, reads the skills it is offered, performs the graph's nodes with the
skills' own scripts or, where they have none for it, with a program of its own, reads back what it
made, and reports. The loop, the tools, the sandbox and so
the trajectory are those of any other model. A flawed expert makes, here and there, the slips that
people make: a wrong bound, the wrong duplicate kept, a forgotten total, a skipped step.
"""

import html
import json
import re
import shlex
from collections.abc import Generator, Sequence
from random import Random

from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from clawgym.graph import Node, TaskGraph
from clawgym.model import (
    ChatReply,
    Message,
    OnDelta,
    Role,
    ToolRequest,
    ToolSchema,
    Usage,
)
from clawgym.task import Task
from clawgym_skills.grounding import command_for
from graph_agents.programs import command_of
from graph_agents.slips import slip
from mcp_servers.workspace import SUCCEEDED

Script = Generator[Message, list[str], None]
"""Yields assistant messages; is sent the results of their tool calls, in order."""

_Call = tuple[str, dict[str, JsonValue]]
"""The name of a tool and its arguments."""

_LOCATION = re.compile(r"<location>([^<]*)/SKILL\.md</location>")


class ExpertModel:
    """A `ChatModel` for one task; use a new one for every trial.

    Args:
        task: must have a graph, whose steps our skills or its reference solution can perform.
        rng: chooses the slips; None for an expert that makes none.

    Raises:
        TaskFormatError: the task has no graph, or a step that the expert cannot perform.
    """

    def __init__(self, task: Task, rng: Random | None = None) -> None:
        self._task = task
        self._graph = _solvable_graph(task)
        self._rng = rng
        self._script: Script | None = None
        self._spoken = 0

    @property
    def name(self) -> str:
        """`expert`, or `expert-flawed`."""
        return "expert-flawed" if self._rng else "expert"

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema] = (),
        *,
        on_delta: OnDelta | None = None,
    ) -> ChatReply:
        """The next step of the script, given the results of the last one."""
        if self._script is None:
            self._script = self._play(_skill_directories(messages))
            message = next(self._script)
        else:
            message = self._script.send(_last_results(messages))
        if on_delta and message.content:
            on_delta(message.content)
        usage = Usage(sum(len(m.content) for m in messages) // 4, len(message.content) // 4 + 20)
        return ChatReply(message, usage, "tool_calls" if message.tool_calls else "stop", self.name)

    def _play(self, skills: dict[str, str]) -> Script:
        yield self._call("Let me look at the workspace first.", ("exec", {"command": "ls -R ."}))
        reads: list[_Call] = [
            ("read", {"path": f"{skills[name]}/SKILL.md"}) for name in self._graph.skills
        ]
        if reads:
            yield self._call(f"I will use {_listing(self._graph.skills)}; reading how.", *reads)
        heads: list[_Call] = [
            ("read", {"path": path, "limit": 8})
            for path in dict.fromkeys(artifact.path for artifact in self._graph.sources)
            if path in self._task.workspace
        ]
        if heads:
            yield self._call("Now the files that I was given.", *heads)
        done = yield from self._act(skills)
        yield from self._verify(done)
        yield Message(Role.ASSISTANT, _summary(self._graph, done))

    def _act(self, skills: dict[str, str]) -> Generator[Message, list[str], list[Node]]:
        """Perform each node; one that fails is tried once more, then left."""
        done: list[Node] = []
        for intended in self._graph.topological():
            node = slip(self._rng, intended) if self._rng else intended
            if node is None:
                continue
            text, command = self._how(node, skills)
            call: _Call = ("exec", {"command": command})
            results = yield self._call(text, call)
            if not results[0].endswith(SUCCEEDED):
                results = yield self._call("That failed. Once more.", call)
            if results[0].endswith(SUCCEEDED):
                done.append(node)
        return done

    def _how(self, node: Node, skills: dict[str, str]) -> tuple[str, str]:
        """What to say and which command to run for a node."""
        if node.skill and (command := command_for(node, self._graph, skills[node.skill])):
            return f"{node.operation.capitalize()} with {node.skill}.", shlex.join(command)
        program = command_of(node, self._graph, self._task.solution)
        assert program is not None
        return f"{node.operation.capitalize()}: a short program does it.", program

    def _verify(self, done: Sequence[Node]) -> Script:
        paths = dict.fromkeys(self._graph.artifact(node.output).path for node in done)
        checks = [_look_at(path) for path in paths]
        if checks and not self._rng:
            yield self._call("Checking what I made.", *checks)

    def _call(self, text: str, *calls: _Call) -> Message:
        requests: list[ToolRequest] = []
        for tool, arguments in calls:
            self._spoken += 1
            requests.append(ToolRequest(f"call_{self._spoken}", tool, json.dumps(arguments)))
        return Message(Role.ASSISTANT, text, tuple(requests))


def _look_at(path: str) -> _Call:
    """A call that shows the beginning of a file, or what is in a folder."""
    if "." in path.rsplit("/", 1)[-1]:
        return ("read", {"path": path, "limit": 6})
    return ("exec", {"command": shlex.join(["ls", "-R", path])})


def _solvable_graph(task: Task) -> TaskGraph:
    if task.graph is None:
        raise TaskFormatError(f"task {task.id} has no graph.json, and the expert works from graphs")
    for node in task.graph.nodes:
        by_skill = node.skill and command_for(node, task.graph, "") is not None
        if not by_skill and command_of(node, task.graph, task.solution) is None:
            raise TaskFormatError(
                f"task {task.id}: the expert cannot {node.operation} with {node.skill!r}; it knows "
                "the bundled skills and the steps of a reference solution only"
            )
        if node.skill and f"{node.skill}/SKILL.md" not in task.skills:
            raise TaskFormatError(
                f"task {task.id} does not offer the skill {node.skill!r} that its graph names; "
                "add it to environment/skills"
            )
    return task.graph


def _skill_directories(messages: Sequence[Message]) -> dict[str, str]:
    """Where each skill is, as the system prompt says."""
    found = map(html.unescape, _LOCATION.findall(messages[0].content))
    return {location.rsplit("/", 1)[-1]: location for location in found}


def _last_results(messages: Sequence[Message]) -> list[str]:
    """The tool results after the last assistant message."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role is not Role.TOOL:
            break
        results.append(message.content)
    return results[::-1]


def _summary(graph: TaskGraph, done: Sequence[Node]) -> str:
    lines = [f"- `{graph.artifact(node.output).path}` ({node.operation})" for node in done]
    return "Done. I made:\n" + "\n".join(dict.fromkeys(lines)) if lines else "I made nothing."


def _listing(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
