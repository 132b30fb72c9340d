"""The whole agent over a real HTTP endpoint that plays an expert, and misbehaves.

The scenarios of `scenarios` but for siblings, and the single mishaps, which come together in one.
`benchmarks/agent_endpoint.py` plays all of them on a hundred tasks.
"""

import pytest

from tests.graph_agents.endpoint.driving import SECRET
from tests.graph_agents.endpoint.performing import perform
from tests.graph_agents.endpoint.scenarios import ALL, ENDPOINT, PATHS, STOPS

LEFT_OUT = {
    *("$skill", "approval for good", "approval with other arguments", "approval by interrupt"),
    *("interrupted", "cancelled", "steered", "forked and exported", "a dry run, then in earnest"),
    *(
        "killed between steps",
        "budget of calls",
        "too many turns",
        "429 for good",
        "a reply cut off",
    ),
}
"""Covered by a sibling here, or by the tests of the part."""

FAST = [each for each in (*PATHS, *STOPS, ENDPOINT[-1]) if each.name not in LEFT_OUT]


@pytest.fixture(autouse=True)
def _as_a_user_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)


@pytest.mark.parametrize("scenario", FAST, ids=lambda each: each.name)
async def test_a_task_is_solved_whatever_happens_on_the_way(scenario, dataset, backend, tmp_path):
    # A folder has no web site beside it.
    tasks = [task for task in map(dataset.load, dataset.task_ids) if not task.site]
    task = tasks[(ALL.index(scenario) * 7 + 3) % len(tasks)]
    result = await perform(task, scenario, tmp_path / "stage", backend.name)
    assert result.problem == ""


def test_every_tool_is_used_by_some_scenario():
    used = {tool for scenario in ALL for tool in scenario.used}
    assert used >= {
        *("read", "write", "edit", "apply_patch", "exec", "process", "memory_search"),
        *("memory_get", "memory_note", "progress_card", "skills_search"),
        *("sessions_spawn", "agents_wait", "subagents"),
    }
