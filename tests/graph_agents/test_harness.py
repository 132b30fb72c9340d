"""Harnesses by name, and what each of them may see."""

import pytest

from clawgym.errors import UsageError
from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from clawgym.reward import Graded
from clawgym.run import TrialKey
from graph_agents.harness import AgentHarness, make_harnesses, task_skills
from graph_agents.rollout import run_trial

LOOK = ToolRequest("c1", "exec", '{"command": "ls -d /solution /tests ../solution ../tests"}')


def scripted(_task, _rng):
    return ScriptedModel([Message(Role.ASSISTANT, "", (LOOK,)), Message(Role.ASSISTANT, "seen")])


def test_harnesses_come_in_the_order_of_their_names():
    names = ("expert:flawed", "noop", "oracle", "expert")
    made = make_harnesses(names)
    assert tuple(made) == names
    assert tuple(harness.name for harness in made.values()) == names


def test_lazy_stands_for_the_whole_panel():
    assert list(make_harnesses(["lazy"])) == ["lazy:touch", "lazy:echo", "lazy:copy"]


def test_a_harness_that_is_named_twice_is_made_once():
    assert list(make_harnesses(["lazy:echo", "lazy", "lazy:echo"])) == [
        "lazy:echo",
        "lazy:touch",
        "lazy:copy",
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("experts", "expert"), ("langraph", "langgraph"), ("lasy", "lazy"), ("nop", "noop")],
)
def test_an_unknown_name_is_answered_with_the_nearest(typed, meant):
    with pytest.raises(UsageError, match=rf"unknown harness '{typed}'; did you mean '{meant}'\?"):
        make_harnesses([typed])


def test_a_name_like_no_other_is_answered_with_all_of_them():
    with pytest.raises(UsageError, match=r"known: oracle, noop, .*expert:flawed, lazy, langgraph"):
        make_harnesses(["zzz"])


def test_langgraph_needs_a_model():
    with pytest.raises(UsageError, match="needs --model"):
        make_harnesses(["langgraph"])
    assert list(make_harnesses(["langgraph"], scripted)) == ["langgraph"]


def test_the_reference_solution_is_for_the_oracle_alone():
    made = make_harnesses(
        ["oracle", "noop", "lazy", "expert", "expert:flawed", "langgraph"], scripted
    )
    assert [name for name, harness in made.items() if harness.needs_solution] == ["oracle"]


async def test_an_agent_sees_neither_solution_nor_tests(dataset, backend):
    task = dataset.load(dataset.task_ids[0])
    key = TrialKey("langgraph", task.id, 1)
    _, outcome = await run_trial(key, task, AgentHarness("langgraph", scripted), backend, seed=0)
    said = outcome.trajectory.steps[2].observation.results[0].content
    assert said.count("No such file or directory") == 4


@pytest.mark.parametrize(("name", "score"), [("oracle", 1.0), ("noop", 0.0), ("lazy:copy", 0.0)])
async def test_a_probe_is_a_harness_whose_score_is_known(dataset, backend, name, score):
    task = dataset.load(dataset.task_ids[1])
    harness = make_harnesses([name])[name]
    trial, outcome = await run_trial(TrialKey(name, task.id, 1), task, harness, backend, seed=0)
    assert isinstance(trial.reward, Graded)
    assert trial.reward.score == score
    assert outcome.trajectory is None


def test_a_task_offers_the_skills_in_its_own_files(dataset):
    for task in dataset:
        wanted = {path.split("/")[0] for path in task.skills}
        assert {skill.id for skill in task_skills(task)} == wanted
        assert task.graph is not None
        assert set(task.graph.skills) <= wanted
