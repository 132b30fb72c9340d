"""Which trials become examples; none of this needs torch."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym.model import Message, Role
from clawgym.run import TrialKey
from clawgym.trajectory import Observation, ObservationResult, Step, Trajectory
from tests.train.conftest import MakeRun
from tests.train.runs import (
    TOOLS,
    UNGRADED,
    agent_step,
    good_attempts,
    graded,
    trajectory_of,
)
from train.conversation import message_row, messages_of, turn_roles
from train.examples import Example, Reason, Selection, dump_examples, examples_from_run


def without_last_step(trajectory: Trajectory) -> Trajectory:
    return trajectory.model_copy(update={"steps": trajectory.steps[:-1]})


def example(task: str, text: str = "hello") -> Example:
    messages = (Message(Role.USER, text), Message(Role.ASSISTANT, "done"))
    return Example(messages, tuple(TOOLS), TrialKey("expert", task, 1), 1.0)


def test_every_trial_is_kept_or_dropped_for_a_stated_reason(make_run: MakeRun) -> None:
    full = trajectory_of("alpha", 7)
    talk_only = full.model_copy(
        update={"steps": [*full.steps[:2], agent_step(3, None, "I would sum it.")]}
    )
    no_schemas = full.model_copy(
        update={"agent": full.agent.model_copy(update={"tool_definitions": None})}
    )
    run = make_run(
        [
            ("expert", "a-good", 1, graded(1.0), full),
            ("expert", "b-again", 1, graded(1.0), full),
            ("expert", "c-partial", 1, graded(0.7), full),
            ("expert", "d-ungraded", 1, UNGRADED, full),
            ("expert", "e-talk", 1, graded(1.0), talk_only),
            ("expert", "f-schemas", 1, graded(1.0), no_schemas),
            ("expert", "g-cut", 1, graded(1.0), without_last_step(full)),
            ("expert", "h-oracle", 1, graded(1.0), None),
            ("expert", "i-broken", 1, graded(1.0), full),
            ("lazy", "a-good", 1, graded(1.0), full),
        ]
    )
    run.trajectory_path(TrialKey("expert", "i-broken", 1)).write_text("{")

    selection = examples_from_run(run, harnesses=["expert"])

    assert [kept.source.task_id for kept in selection.kept] == ["a-good"]
    assert {drop.source.task_id: drop.reason for drop in selection.dropped[:-1]} == {
        "b-again": Reason.DUPLICATE,
        "c-partial": Reason.LOW_SCORE,
        "d-ungraded": Reason.UNGRADED,
        "e-talk": Reason.TOO_SHORT,
        "f-schemas": Reason.NO_TOOLS,
        "g-cut": Reason.INCOMPLETE,
        "h-oracle": Reason.NO_TRAJECTORY,
        "i-broken": Reason.UNREADABLE,
    }
    assert selection.dropped[-1].reason is Reason.HARNESS
    assert sum(selection.losses.values()) + len(selection.kept) == len(run.trials())


def test_a_drop_says_what_was_wrong(make_run: MakeRun) -> None:
    run = make_run([("expert", "a", 1, UNGRADED, None), ("expert", "b", 1, graded(0.25), None)])
    details = [drop.detail for drop in examples_from_run(run).dropped]
    assert details == ["sandbox: the sandbox went away", "0.250 < 1"]


def test_a_lower_score_can_be_asked_for(make_run: MakeRun) -> None:
    run = make_run([("expert", "a", 1, graded(0.7), trajectory_of("alpha", 7))])
    (kept,) = examples_from_run(run, min_score=0.7).kept
    assert kept.score == 0.7


def test_an_unknown_harness_is_a_usage_error(make_run: MakeRun) -> None:
    run = make_run(good_attempts())
    with pytest.raises(UsageError, match=r"no harness nobody; it has expert"):
        examples_from_run(run, harnesses=["nobody"])


def test_a_call_without_an_answer_cuts_the_conversation_off(make_run: MakeRun) -> None:
    trajectory = trajectory_of("alpha", 7)
    trajectory.steps[3].observation = None
    run = make_run([("expert", "a", 1, graded(1.0), trajectory)])
    (drop,) = examples_from_run(run).dropped
    assert (drop.reason, drop.detail) == (Reason.INCOMPLETE, "no answer to call call_4_0, call_4_1")


def test_conversations_that_differ_in_call_ids_only_are_duplicates(make_run: MakeRun) -> None:
    renamed = trajectory_of("alpha", 7).dumps().replace('"call_', '"functions.')
    run = make_run(
        [
            ("expert", "a", 1, graded(1.0), trajectory_of("alpha", 7)),
            ("expert", "a", 2, graded(1.0), Trajectory.model_validate_json(renamed)),
        ]
    )
    assert examples_from_run(run).losses == {Reason.DUPLICATE: 1}


def test_a_trajectory_becomes_openai_messages_in_order() -> None:
    rows = [message_row(message) for message in messages_of(trajectory_of("alpha", 7))]
    roles = " ".join(row["role"] for row in rows)
    assert roles == "system user assistant tool assistant tool tool assistant tool assistant"
    assert rows[2] == {
        "role": "assistant",
        "content": "",
        "reasoning_content": "The skill comes first.",
        "tool_calls": [
            {
                "id": "call_3_0",
                "type": "function",
                "function": {"name": "read", "arguments": '{"path": "csv-analysis/SKILL.md"}'},
            }
        ],
    }
    assert rows[6] == {"role": "tool", "content": "", "tool_call_id": "call_4_1"}
    assert rows[9] == {
        "role": "assistant",
        "content": "The total of alpha is 7; it is in out/total.txt.",
    }


def test_what_is_observed_without_a_call_is_told_by_the_user() -> None:
    note = Observation(results=[ObservationResult(content="The clock says noon.")])
    step = agent_step(3, None, "I wait.").model_copy(update={"observation": note})
    trajectory = trajectory_of("alpha", 7)
    messages = messages_of(trajectory.model_copy(update={"steps": [*trajectory.steps[:2], step]}))
    assert messages[-1] == Message(Role.USER, "The clock says noon.")


def test_a_run_of_tool_messages_is_one_turn_of_the_user() -> None:
    roles = turn_roles(messages_of(trajectory_of("alpha", 7)))
    assert "".join(role.value[0] for role in roles) == "suauauaua"


def test_tool_schemas_make_a_system_turn_where_there_is_none() -> None:
    assert turn_roles([Message(Role.USER, "hello")]) == [Role.SYSTEM, Role.USER]


def test_a_row_holds_arguments_and_tools_as_json_text() -> None:
    row = Example(
        tuple(messages_of(trajectory_of("alpha", 7))), tuple(TOOLS), TrialKey("e", "t", 1), 1.0
    ).row()
    assert json.loads(row["tools"]) == TOOLS
    assert isinstance(row["messages"][2]["tool_calls"][0]["function"]["arguments"], str)


def test_dumped_examples_name_their_trial() -> None:
    (line,) = dump_examples([example("a")]).splitlines()
    source = json.loads(line)["source"]
    assert source == {"harness": "expert", "task_id": "a", "attempt": 1, "score": 1.0}


def test_a_split_keeps_the_attempts_at_a_task_together() -> None:
    examples = [example(f"t{n % 10}", f"try {n}") for n in range(40)]
    split = Selection(tuple(examples), ()).split(0.2, seed=3)
    held_out = {e.source.task_id for e in split.validation}
    assert len(held_out) == 2
    assert held_out.isdisjoint(e.source.task_id for e in split.training)
    assert len(split.training) + len(split.validation) == 40


def test_a_split_is_decided_by_its_seed_alone() -> None:
    selection = Selection(tuple(example(f"t{n}") for n in range(30)), ())
    assert selection.split(0.3, 1) == selection.split(0.3, 1)
    assert selection.split(0.3, 1) != selection.split(0.3, 2)


def test_one_task_cannot_be_split() -> None:
    with pytest.raises(UsageError, match="cannot hold out 50% of 1 tasks"):
        Selection((example("a"),), ()).split(0.5, seed=0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(st.text(max_size=8), JSON, max_size=4)
CALLS = st.lists(st.tuples(st.sampled_from(["read", "exec"]), ARGUMENTS, st.text()), max_size=3)
TURNS = st.lists(st.tuples(st.none() | st.text(), st.text(), CALLS), min_size=1, max_size=4)


@given(turns=TURNS)
def test_conversion_loses_nothing(turns: list[tuple[str | None, str, list[tuple]]]) -> None:
    steps = [
        Step(step_id=1, source="user", message="go"),
        *(
            agent_step(number, reasoning, text, *calls)
            for number, (reasoning, text, calls) in enumerate(turns, start=2)
        ),
    ]
    base = trajectory_of("alpha", 7)
    messages = messages_of(base.model_copy(update={"steps": steps}))

    agent = [message for message in messages if message.role is Role.ASSISTANT]
    answers = {m.tool_call_id: m.content for m in messages if m.role is Role.TOOL}
    said = [
        (
            message.reasoning,
            message.content,
            [
                (call.name, json.loads(call.arguments), answers[call.id])
                for call in message.tool_calls
            ],
        )
        for message in agent
    ]
    assert said == turns


def test_a_call_that_is_no_json_is_not_imitated(make_run: MakeRun) -> None:
    trajectory = trajectory_of("alpha", 7)
    call = trajectory.steps[2].tool_calls[0]
    call.arguments, call.extra = {}, {"raw_arguments": '{"path": '}
    run = make_run([("expert", "a", 1, graded(1.0), trajectory)])
    (drop,) = examples_from_run(run).dropped
    assert (drop.reason, drop.detail) == (
        Reason.MALFORMED_CALL,
        """its arguments are '{"path": '""",
    )


def test_choosing_examples_imports_no_training_package() -> None:
    program = (
        "import sys, train, train.cli; "
        "print([m for m in ('torch', 'transformers', 'trl', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
