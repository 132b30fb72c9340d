"""The expert: what it does, in which order, what it earns, and how it goes wrong on purpose."""

import json
import re
from dataclasses import replace
from random import Random

import pytest

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.graph import Node, TaskGraph
from clawgym.model import Message, Role
from clawgym.reward import Cause, Graded, Ungraded, mean_score
from clawgym.run import TrialKey
from clawgym.sandbox import open_backend
from clawgym.task import Task
from clawgym.trajectory import Trajectory
from clawgym_skills.grounding import command_for
from clawgym_skills.prompt import skills_prompt
from graph_agents.expert import ExpertModel
from graph_agents.harness import make_harnesses, task_skills
from graph_agents.slips import slip
from tests.graph_agents.rollouts import commands, first, rewards, rolled_out, written

WORKED = "(Command exited with code 0)"
FAILED = "error: no such column\n(Command exited with code 2)"


def graph_of(task: Task) -> TaskGraph:
    assert task.graph is not None
    return task.graph


def acts(call: str) -> bool:
    """Whether a call performs a node: by a skill's script, or by a program of the expert's own."""
    return "/scripts/" in call or "def run(" in call


def experts_at(dataset, calibration):
    """Each task with what the expert did at it."""
    for task in dataset:
        key = TrialKey("expert", task.id, 1)
        trajectory = calibration.trajectory(key)
        assert trajectory is not None
        yield task, trajectory, commands(calibration, key)


async def performance(
    task: Task, seed: int | None = None, *, answer: str = WORKED, skills: str = "/skills"
) -> tuple[list[str], str]:
    """What an expert would call, each as its raw arguments, if all calls were answered alike."""
    prompt = skills_prompt(task_skills(task), lambda skill: f"{skills}/{skill.id}/SKILL.md")
    messages = [Message(Role.SYSTEM, prompt), Message(Role.USER, task.instruction)]
    model = ExpertModel(task, None if seed is None else Random(seed))
    while True:
        reply = (await model.complete(messages)).message
        messages.append(reply)
        if not reply.tool_calls:
            calls = [call.arguments for said in messages for call in said.tool_calls]
            return calls, reply.content
        messages += [Message(Role.TOOL, answer, tool_call_id=call.id) for call in reply.tool_calls]


def test_it_solves_every_task(dataset, calibration):
    found = {key: reward for key, reward in rewards(calibration).items() if key.harness == "expert"}
    assert len(found) == len(dataset)
    missed = {
        key.task_id: [check for check in reward.checks if not check.passed]
        if isinstance(reward, Graded)
        else reward.reason
        for key, reward in found.items()
        if isinstance(reward, Ungraded) or reward.score < 1
    }
    assert missed == {}


async def test_it_solves_tasks_without_isolation_too(dataset, tmp_path):
    tasks = written(tmp_path / "tasks", first(dataset, 2))
    local = open_backend("local")
    run = await rolled_out(tmp_path / "run", tasks, make_harnesses(["expert"]), local)
    assert [reward.score for reward in rewards(run).values()] == [1.0, 1.0]


def test_it_inspects_reads_skills_acts_verifies_in_that_order(dataset, calibration):
    for task, _, done in experts_at(dataset, calibration):
        graph = graph_of(task)
        tools = [tool for tool, _ in done]
        files = {source.path for source in graph.sources} & set(task.workspace)
        steps = (1, len(graph.skills), len(files), len(graph.nodes))
        assert done[0] == ("exec", {"command": "ls -R ."})
        assert tools[: sum(steps)] == [
            tool
            for tool, count in zip(("exec", "read", "read", "exec"), steps, strict=True)
            for _ in range(count)
        ]
        outputs = {graph.artifact(node.output).path for node in graph.nodes}
        looked = [call.get("path") or call["command"] for _, call in done[sum(steps) :]]
        assert {path.removeprefix("ls -R ") for path in looked} == outputs


def test_it_reads_each_skill_where_the_system_prompt_says_it_is(dataset, calibration):
    for task, trajectory, done in experts_at(dataset, calibration):
        names = graph_of(task).skills
        places = re.findall(r"<location>(.*)</location>", trajectory.steps[0].message)
        read = [call["path"] for tool, call in done if tool == "read"][: len(names)]
        assert set(read) <= set(places)
        bodies = trajectory.steps[3].observation.results
        for name, body in zip(names, bodies, strict=True):
            assert f"name: {name}" in str(body.content)


def test_it_acts_with_the_scripts_of_the_skills_that_ground_the_nodes(dataset, calibration):
    for task, _, done in experts_at(dataset, calibration):
        graph = graph_of(task)
        ran = [str(call["command"]) for tool, call in done if tool == "exec"][1:]
        ran = [line for line in ran if not line.startswith("ls -R ")]
        used = [re.match(r"python3 \S*/([\w-]+)/scripts/\w+\.py ", line) for line in ran]
        nodes = list(graph.topological())
        covered = [command_for(node, graph, "") is not None for node in nodes]
        assert [hit[1] if hit else None for hit in used] == [
            node.skill if scripted else None for node, scripted in zip(nodes, covered, strict=True)
        ]
        assert all("def run(" in line for line, hit in zip(ran, used, strict=True) if not hit)


def test_it_reports_what_it_made(dataset, calibration):
    for task, trajectory, _ in experts_at(dataset, calibration):
        graph, last = graph_of(task), trajectory.steps[-1]
        assert last.tool_calls is None
        assert all(graph.artifact(node.output).path in last.message for node in graph.nodes)


def test_its_trajectory_is_atif_that_stands_on_its_own(dataset, calibration):
    for task, trajectory, done in experts_at(dataset, calibration):
        assert Trajectory.model_validate_json(trajectory.dumps()) == trajectory
        assert [step.source for step in trajectory.steps[:2]] == ["system", "user"]
        assert trajectory.steps[1].message == task.instruction
        offered = json.dumps(trajectory.agent.tool_definitions)
        assert all(f'"name": "{tool}"' in offered for tool in ("read", "write", "edit", "exec"))
        answered = [step.observation for step in trajectory.steps if step.tool_calls]
        assert sum(len(found.results) for found in answered if found) == len(done)


def test_trials_count_what_the_trajectory_shows(calibration):
    for trial in calibration.trials():
        if trial.harness == "noop":
            assert calibration.trajectory(trial.key) is None
            continue
        trajectory = calibration.trajectory(trial.key)
        assert trajectory.tool_call_count == trial.tool_calls > 0
        assert sum(step.source == "agent" for step in trajectory.steps) == trial.turns
        assert trajectory.final_metrics.total_prompt_tokens == trial.prompt_tokens > 0


async def test_a_location_is_read_as_it_is_and_not_as_xml(dataset):
    task = dataset.load(dataset.task_ids[0])
    calls, _ = await performance(task, skills="/home/r&d <old>/skills")
    assert json.loads(calls[1])["path"].startswith("/home/r&d <old>/skills/")


async def test_a_command_that_fails_is_tried_once_more_and_not_claimed(dataset):
    task = dataset.load(dataset.task_ids[0])
    nodes = len(graph_of(task).nodes)
    worked, claimed = await performance(task)
    failed, confessed = await performance(task, answer=FAILED)
    ran = [call for call in failed if acts(call)]
    assert ran[::2] == ran[1::2] == [call for call in worked if acts(call)]
    assert len(ran) == 2 * nodes
    assert claimed.startswith("Done. I made:")
    assert confessed == "I made nothing."


async def test_a_task_that_it_cannot_work_from_is_ungraded_and_the_others_go_on(
    dataset, backend, tmp_path
):
    good, task = first(dataset, 2)
    node = graph_of(task).nodes[0]
    foreign = graph_of(task).model_copy(
        update={"nodes": (node.model_copy(update={"skill": "pdf"}), *graph_of(task).nodes[1:])}
    )
    tasks = [
        replace(task, id="a-imported", graph=None),
        replace(task, id="b-foreign", graph=foreign),
        replace(task, id="c-unequipped", skills=Files()),
        good,
    ]
    mixed = written(tmp_path / "tasks", tasks)
    run = await rolled_out(tmp_path / "run", mixed, make_harnesses(["expert"]), backend)
    found = {key.task_id: reward for key, reward in rewards(run).items()}
    assert isinstance(found.pop(good.id), Graded)
    assert {task_id: reward.cause for task_id, reward in found.items()} == dict.fromkeys(
        ("a-imported", "b-foreign", "c-unequipped"), Cause.TASK
    )
    for task_id, reward in found.items():
        assert task_id in reward.reason


def test_a_foreign_skill_is_named(dataset):
    task = dataset.load(dataset.task_ids[0])
    node = graph_of(task).nodes[0].model_copy(update={"skill": "pdf"})
    graph = TaskGraph.model_construct(artifacts=graph_of(task).artifacts, nodes=(node,))
    with pytest.raises(TaskFormatError, match=r"does not offer the skill 'pdf'"):
        ExpertModel(replace(task, graph=graph))
    with pytest.raises(TaskFormatError, match=r"cannot .* with 'pdf'"):
        ExpertModel(replace(task, graph=graph, solution=Files()))


def test_a_flawed_expert_earns_less_but_not_nothing(calibration):
    mean = {
        name: mean_score(
            reward for key, reward in rewards(calibration).items() if key.harness == name
        ).value
        for name in calibration.plan.harnesses
    }
    assert mean["noop"] < mean["expert:flawed"] < mean["expert"]


async def test_a_flawed_expert_slips_as_its_seed_says(dataset):
    task = max(dataset, key=lambda each: len(graph_of(each).nodes))
    runs = {seed: await performance(task, seed) for seed in range(12)}
    assert {seed: await performance(task, seed) for seed in range(12)} == runs
    assert len({tuple(calls) for calls, _ in runs.values()}) > 3


def test_a_slip_changes_a_node_or_drops_it_and_can_always_be_performed(dataset):
    nodes = [(node, graph_of(task)) for task in dataset for node in graph_of(task).nodes]
    fates: dict[str, int] = {"kept": 0, "changed": 0, "dropped": 0}
    for node, graph in nodes:
        for seed in range(40):
            done: Node | None = slip(Random(seed), node)
            if done is None:
                fates["dropped"] += 1
                continue
            fates["kept" if done == node else "changed"] += 1
            assert done.model_copy(update={"params": node.params}) == node
            scripted = command_for(node, graph, "") is not None
            assert not scripted or command_for(done, graph, "/skills/any")
    assert fates["kept"] > fates["changed"] + fates["dropped"]
    assert fates["changed"] > 0 < fates["dropped"]
