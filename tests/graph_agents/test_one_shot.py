"""One instruction in a real sandbox, with the tools that the command line uses."""

import asyncio
import json
from pathlib import Path

import pytest

from clawgym.errors import BudgetExceededError, SandboxError
from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.model.budget import Budget, BudgetedModel
from clawgym.model.endpoint import serve
from clawgym.model.openai_client import OpenAIModel
from clawgym.sandbox import open_backend
from clawgym.trajectory import Trajectory
from clawgym_skills.reading import read_skill
from graph_agents.events import StopReason, ToolEnded
from graph_agents.graph import AgentLimits
from graph_agents.one_shot import run_agent
from graph_agents.workbench import workbench
from mcp_servers.workspace import workspace_tools

SKILL = """---
name: shouting
description: Turn text into capital letters.
---
Run `tr a-z A-Z`. The magic word is xyzzy.
"""


def use(name: str, **arguments: object) -> Message:
    return Message(Role.ASSISTANT, "", (ToolRequest("c", name, json.dumps(arguments)),))


def say(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


@pytest.fixture
def skill(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("skills") / "shouting"
    folder.mkdir()
    (folder / "SKILL.md").write_text(SKILL)
    return read_skill(folder)


async def run(folder: Path, model, skills=(), **options):
    async with workbench(folder, skills, open_backend("local")) as sandbox:
        return await run_agent(
            "do it",
            model=model,
            sandbox=sandbox,
            tools=workspace_tools(sandbox),
            skills=skills,
            **options,
        )


async def test_the_agent_changes_the_folder_itself(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    model = ScriptedModel([use("exec", command="tr a-z A-Z < a.txt > b.txt"), say("done")])
    result = await run(tmp_path, model)
    assert (tmp_path / "b.txt").read_text() == "HELLO"
    assert (result.stop_reason, result.answer) == (StopReason.DONE, "done")
    assert (result.turns, result.tool_calls) == (2, 1)


async def test_the_prompt_names_a_skill_and_its_body_is_read_on_demand(tmp_path, skill):
    prompts = []

    def script(messages):
        prompts.append(messages[0].content)
        if len(messages) == 2:
            location = messages[0].content.split("<location>")[1].split("</location>")[0]
            return use("read", path=location)
        return say(messages[-1].content)

    result = await run(tmp_path, ScriptedModel(script), [skill])
    assert "Turn text into capital letters." in prompts[0]
    assert "xyzzy" not in prompts[0]
    assert "xyzzy" in result.answer


async def test_skills_leave_no_trace_in_the_folder(tmp_path, skill):
    await run(tmp_path, ScriptedModel([say("ok")]), [skill])
    assert list(tmp_path.iterdir()) == []


async def test_a_model_that_fails_is_data_and_the_work_so_far_is_kept(tmp_path):
    model = ScriptedModel([use("write", path="a", content="x")])
    result = await run(tmp_path, model, save_to=tmp_path / "out" / "t.json")
    assert result.stop_reason is StopReason.MODEL_FAILED
    assert "script" in str(result.error)
    saved = Trajectory.load(tmp_path / "out" / "t.json")
    assert saved.tool_call_count == 1
    assert saved.extra == {"stop_reason": "model_failed"}


async def test_a_broken_sandbox_ends_the_run_and_is_not_the_models_fault(tmp_path):
    async with workbench(tmp_path, (), open_backend("local")) as sandbox:
        await sandbox.seal()
        ended = await run_agent(
            "do it",
            model=ScriptedModel([use("exec", command="true"), say("done")]),
            sandbox=sandbox,
            tools=workspace_tools(sandbox),
        )
    assert ended.stop_reason is StopReason.SANDBOX_FAILED
    assert isinstance(ended.error, SandboxError)
    assert ended.tool_calls == 1


async def test_a_budget_that_is_used_up_ends_the_run(tmp_path):
    model = BudgetedModel(ScriptedModel(lambda _: use("exec", command="true")), Budget(calls=2))
    result = await run(tmp_path, model)
    assert result.stop_reason is StopReason.BUDGET
    assert isinstance(result.error, BudgetExceededError)
    assert result.turns == 2


async def test_a_time_limit_ends_the_run_in_the_middle_of_a_tool(tmp_path):
    model = ScriptedModel([use("exec", command="sleep 30; touch late")])
    result = await run(tmp_path, model, limits=AgentLimits(wall_seconds=0.5))
    assert result.stop_reason is StopReason.TIME
    assert result.trajectory.tool_call_count == 1
    assert not (tmp_path / "late").exists()


async def test_a_cancelled_run_leaves_its_trajectory(tmp_path):
    started = asyncio.Event()

    def on_event(event):
        if isinstance(event, ToolEnded):
            started.set()

    model = ScriptedModel([use("exec", command="true"), use("exec", command="sleep 30")])
    path = tmp_path / "t.json"
    task = asyncio.create_task(run(tmp_path, model, on_event=on_event, save_to=path))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert Trajectory.load(path).steps[2].observation is not None


@pytest.mark.parametrize("stream", [False, True])
async def test_the_whole_loop_over_http_survives_junk(tmp_path, stream):
    junk = Message(
        Role.ASSISTANT,
        "",
        (
            ToolRequest("a", "exec", '{"command": '),
            ToolRequest("b", "teleport", "{}"),
            ToolRequest("c", "write", '{"file": "x", "text": "y"}'),
            ToolRequest("d", "exec", '{"command": 7}'),
            ToolRequest("e", "write", '{"path": "good.txt", "content": "yes"}'),
        ),
    )
    async with (
        serve(ScriptedModel([junk, say(""), say("sorry, done")])) as endpoint,
        OpenAIModel("m", endpoint.base_url, "k", max_retries=0) as model,
    ):
        result = await run(tmp_path, model, on_event=(lambda _: None) if stream else None)
    assert (result.stop_reason, result.answer) == (StopReason.DONE, "sorry, done")
    assert [path.name for path in tmp_path.iterdir()] == ["good.txt"]
    results = result.trajectory.steps[2].observation.results
    assert [bool(found.extra) for found in results] == [True, True, True, True, False]
    Trajectory.model_validate_json(result.trajectory.dumps())
