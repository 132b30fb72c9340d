"""`sessions_spawn`, `agents_wait`, `subagents`: OpenClaw's names and parameters, as far as they go.

A child works in the same workspace with the same tools, in a conversation of its own. Answers are
JSON. Whatever these tools do not know is refused, so nobody believes to have asked for it.
"""

import json
import time
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue

from graph_agents.tools.family import Child, Family, Status, current_session
from graph_agents.tools.shaped import Shape
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult

if TYPE_CHECKING:
    from graph_agents.agent import Agent

_NAME_CHARACTERS = 60
_LONGEST_WAIT = 3_600


class SpawnArguments(Arguments):
    """What a child is to do."""

    task: str = Field(
        min_length=1,
        description="All it needs to know: unless forked, it sees nothing of this conversation.",
    )
    task_name: str = Field("", alias="taskName", max_length=200, description="A short name.")
    label: str = Field("", max_length=200, description="The same, for people.")
    runtime: Literal["subagent"] = Field("subagent", description="The only kind there is.")
    mode: Literal["run"] = Field("run", description="One task, one answer.")
    context: Literal["isolated", "fork"] = Field(
        "isolated", description="isolated: an empty conversation; fork: it knows this one."
    )
    output_schema: dict[str, JsonValue] | None = Field(
        None,
        alias="outputSchema",
        description="A JSON Schema for its answer, which agents_wait then gives as `structured`.",
    )
    cleanup: Literal["keep"] = Field("keep", description="The session stays in the journal.")
    run_timeout_seconds: float = Field(
        0, ge=0, alias="runTimeoutSeconds", description="When to stop it; 0: never."
    )


class WaitArguments(Arguments):
    """Which children to wait for."""

    ids: tuple[str, ...] = Field(
        min_length=1, max_length=1_000, description="The runIds that sessions_spawn answered."
    )
    timeout_seconds: float = Field(
        600, ge=0, le=_LONGEST_WAIT, alias="timeoutSeconds", description="How long at most."
    )


class SubagentsArguments(Arguments):
    """What to do with the children of this session."""

    action: Literal["list", "wait", "cancel"] = Field(
        "list", description="list: how they stand; wait: until they end; cancel: stop them."
    )
    task_id: str = Field("", alias="taskId", description="One runId.")
    task_ids: tuple[str, ...] = Field(
        (), max_length=32, alias="taskIds", description="Several; none: all that run."
    )
    recent_minutes: float | None = Field(
        None, gt=0, alias="recentMinutes", description="Leave out what ended before that."
    )
    timeout_seconds: float = Field(
        30, ge=0, le=60, alias="timeoutSeconds", description="How long to wait at most."
    )


def subagent_tools(family: Family, agent: "Agent") -> list[Tool[Any]]:
    """The three tools, for `AgentSetup.more_tools`."""

    async def spawn(arguments: SpawnArguments) -> ToolResult:
        name = arguments.task_name or arguments.label or " ".join(arguments.task.split())
        shape = None if arguments.output_schema is None else Shape(arguments.output_schema)
        child = await family.spawn(
            agent,
            current_session(),
            _prompt(shape.asked(arguments.task) if shape else arguments.task),
            name=name[:_NAME_CHARACTERS],
            seconds=arguments.run_timeout_seconds or None,
            forked=arguments.context == "fork",
            shape=shape,
        )
        return _answer(
            status="accepted", runId=child.id, childSessionKey=child.id, taskName=child.name
        )

    async def wait(arguments: WaitArguments) -> ToolResult:
        children = await _found(family, agent, arguments.ids)
        await family.wait(children, arguments.timeout_seconds)
        return _waited(children)

    async def manage(arguments: SubagentsArguments) -> ToolResult:
        parent = current_session()
        ids = (*arguments.task_ids, *([arguments.task_id] if arguments.task_id else []))
        if arguments.action == "list":
            since = time.time() - 60 * (arguments.recent_minutes or float("inf"))
            shown = [child for child in family.of(parent) if (child.ended or since) >= since]
            return _answer(tasks=[_line(child) for child in shown])
        running = [child for child in family.of(parent) if child.status is Status.RUNNING]
        children = await _found(family, agent, ids) if ids else running
        if arguments.action == "wait":
            await family.wait(children, arguments.timeout_seconds)
            return _waited(children)
        for child in children:
            await family.cancel(child)
        return _answer(tasks=[_line(child) for child in children])

    return [
        Tool(
            "sessions_spawn",
            "Hand a task to a child agent with a conversation of its own in the same workspace. It "
            "works beside you; the answer is its runId. Collect it with agents_wait.",
            SpawnArguments,
            spawn,
        ),
        Tool(
            "agents_wait",
            "Wait for children and get their results. Those that still run are listed as pending.",
            WaitArguments,
            wait,
            read_only=True,
        ),
        Tool(
            "subagents",
            "See how the children of this session stand, wait for them briefly, or cancel them.",
            SubagentsArguments,
            manage,
        ),
    ]


async def _found(family: Family, agent: "Agent", ids: Sequence[str]) -> list[Child]:
    parent = current_session()
    children: list[Child] = []
    for run in dict.fromkeys(ids):
        child = await family.find(agent, parent, run)
        if child is None:
            known = ", ".join(child.id for child in family.of(parent)) or "none"
            raise ToolFailure(f"this session has no subagent {run!r}; it has: {known}")
        children.append(child)
    return children


def _waited(children: Sequence[Child]) -> ToolResult:
    ended = [child for child in children if child.status is not Status.RUNNING]
    pending: list[JsonValue] = [child.id for child in children if child.status is Status.RUNNING]
    return _answer(completed=[_report(child) for child in ended], pending=pending)


def _report(child: Child) -> dict[str, JsonValue]:
    report: dict[str, JsonValue] = {
        "runId": child.id,
        "taskName": child.name,
        "status": child.status.value,
        "result": child.answer,
        "sessionKey": child.id,
        "usage": {
            "promptTokens": child.usage.prompt_tokens,
            "completionTokens": child.usage.completion_tokens,
        },
    }
    if child.shape and child.status is Status.COMPLETED:
        report["structured"] = child.structured
    return {**report, **({"reason": child.reason} if child.reason else {})}


def _line(child: Child) -> dict[str, JsonValue]:
    seconds = round((child.ended or time.time()) - child.started, 1)
    line: dict[str, JsonValue] = {
        "runId": child.id,
        "taskName": child.name,
        "status": child.status.value,
        "seconds": seconds,
    }
    return line


def _answer(**values: JsonValue) -> ToolResult:
    return ToolResult(json.dumps(values, ensure_ascii=False, indent=1), details=values)


def _prompt(task: str) -> str:
    template = files("graph_agents.tools").joinpath("texts", "task.md").read_text("utf-8")
    return Template(template).substitute(task=task.strip())
