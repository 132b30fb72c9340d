"""Trajectories: ATIF v1.8 documents that say all and only what happened."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from clawgym.errors import TaskFormatError
from clawgym.trajectory import (
    Agent,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)
from tests.clawgym.strategies import trajectories

AGENT = Agent(name="test", version="1")
CALL = ToolCall(tool_call_id="call-1", function_name="read", arguments={"path": "a"})


def conversation(*steps: Step) -> Trajectory:
    return Trajectory(agent=AGENT, steps=[Step(step_id=1, source="user", message="Go."), *steps])


@given(trajectories())
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_dumped_is_loaded(trajectory: Trajectory) -> None:
    assert Trajectory.model_validate_json(trajectory.dumps()) == trajectory


def test_a_document_holds_no_nulls_but_those_of_the_model() -> None:
    call = ToolCall(tool_call_id="c", function_name="write", arguments={"mode": None})
    document = conversation(Step(step_id=2, source="agent", message="ü", tool_calls=[call])).dumps()
    assert json.loads(document) == {
        "schema_version": "ATIF-v1.8",
        "agent": {"name": "test", "version": "1"},
        "steps": [
            {"step_id": 1, "source": "user", "message": "Go."},
            {
                "step_id": 2,
                "source": "agent",
                "message": "ü",
                "tool_calls": [
                    {"tool_call_id": "c", "function_name": "write", "arguments": {"mode": None}}
                ],
            },
        ],
    }
    assert "ü" in document


def test_saving_makes_the_directory_and_leaves_one_file(tmp_path: Path) -> None:
    path = tmp_path / "trajectories" / "one.json"
    conversation().save(path)
    assert Trajectory.load(path) == conversation()
    assert list(path.parent.iterdir()) == [path]


def test_tool_calls_are_counted_over_all_steps() -> None:
    more = CALL.model_copy(update={"tool_call_id": "call-2"})
    steps = [
        Step(step_id=2, source="agent", message="", tool_calls=[CALL, more]),
        Step(step_id=3, source="agent", message="", tool_calls=[CALL]),
        Step(step_id=4, source="agent", message="Done."),
    ]
    assert conversation(*steps).tool_call_count == 3


@pytest.mark.parametrize("ids", [[2], [1, 3], [1, 1], [2, 1]])
def test_steps_count_up_from_one(ids: list[int]) -> None:
    steps = [Step(step_id=number, source="user", message="") for number in ids]
    with pytest.raises(ValidationError, match="step ids must be 1"):
        Trajectory(agent=AGENT, steps=steps)


def test_a_trajectory_has_a_step() -> None:
    with pytest.raises(ValidationError, match="steps"):
        Trajectory(agent=AGENT, steps=[])


@pytest.mark.parametrize(
    "field",
    [
        {"tool_calls": [CALL]},
        {"reasoning_content": "hm"},
        {"metrics": Metrics(prompt_tokens=1)},
        {"model_name": "m"},
    ],
)
@pytest.mark.parametrize("source", ["user", "system"])
def test_only_the_agent_reasons_and_calls(source: str, field: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="step 3: only agent steps carry"):
        Step.model_validate({"step_id": 3, "source": source, "message": "", **field})


def test_an_observation_answers_a_call_of_its_step() -> None:
    observed = Observation(results=[ObservationResult(source_call_id="call-2", content="x")])
    with pytest.raises(ValidationError, match="step 2: observation of unknown call 'call-2'"):
        Step(step_id=2, source="agent", message="", tool_calls=[CALL], observation=observed)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        conversation().dumps().replace("ATIF-v1.8", "ATIF-v0.1").encode(),
        conversation().dumps().replace('"message"', '"massage"').encode(),
    ],
)
def test_what_is_no_trajectory_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(TaskFormatError, match=r"t\.json is no ATIF trajectory"):
        Trajectory.load(tmp_path / "t.json")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TaskFormatError, match=r"t\.json cannot be read: No such file"):
        Trajectory.load(tmp_path / "t.json")
