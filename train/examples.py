"""Which trials of a run become training examples, and why each of the others does not."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypedDict

from clawgym.errors import TaskFormatError, UsageError
from clawgym.model import Message, Role, ToolSchema
from clawgym.reward import Ungraded
from clawgym.run import RunDirectory, Trial, TrialKey
from clawgym.seeds import derive_seed
from train.conversation import (
    MessageRow,
    malformed_calls,
    message_row,
    messages_of,
    unanswered_calls,
)


class ExampleRow(TypedDict):
    """One row of a training set; `tools` is JSON text for the reason `arguments` is."""

    messages: list[MessageRow]
    tools: str


@dataclass(frozen=True)
class Example:
    """One conversation to learn from, and the trial it comes from."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSchema, ...]
    source: TrialKey
    score: float

    def row(self) -> ExampleRow:
        """The columns that a trainer reads."""
        return ExampleRow(
            messages=[message_row(message) for message in self.messages],
            tools=json.dumps(self.tools, ensure_ascii=False),
        )

    @property
    def digest(self) -> str:
        """A SHA-256 over what a model would see of it: call ids are not part of that."""
        row = self.row()
        for message in row["messages"]:
            message.pop("tool_call_id", None)
            for call in message.get("tool_calls", []):
                call["id"] = ""
        return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


class Reason(StrEnum):
    """Why a trial is not trained on."""

    HARNESS = "harness not chosen"
    UNGRADED = "ungraded"
    LOW_SCORE = "score too low"
    NO_TRAJECTORY = "no trajectory"
    UNREADABLE = "trajectory unreadable"
    TOO_SHORT = "no tool call"
    NO_TOOLS = "no tool schemas"
    MALFORMED_CALL = "malformed tool call"
    INCOMPLETE = "cut off"
    DUPLICATE = "duplicate"
    CONTROL_TOKENS = "holds control tokens"
    TOO_LONG = "longer than max_length"


@dataclass(frozen=True)
class Drop:
    """A trial that was left out, and what exactly was wrong with it."""

    source: TrialKey
    reason: Reason
    detail: str


@dataclass(frozen=True)
class Selection:
    """What a run offers for training. `len(kept) + len(dropped)` is the number of its trials."""

    kept: tuple[Example, ...]
    dropped: tuple[Drop, ...]

    @property
    def losses(self) -> dict[Reason, int]:
        """How many trials each reason took, in the order of `Reason`; those of none are absent."""
        counts = Counter(drop.reason for drop in self.dropped)
        return {reason: counts[reason] for reason in Reason if counts[reason]}

    def split(self, validation: float, seed: int) -> "Split":
        """Part training from validation examples; all examples of a task go to the same side.

        Args:
            validation: the share of *tasks* to hold out, in [0, 1); above 0 it is at least one.
            seed: decides which tasks those are.

        Raises:
            UsageError: there are too few tasks to leave one on either side.
        """
        if not validation:
            return Split(self.kept, ())
        tasks = sorted({example.source.task_id for example in self.kept})
        tasks.sort(key=lambda task: derive_seed(seed, "validation", task))
        held_out = set(tasks[: max(1, round(len(tasks) * validation))])
        if len(held_out) >= len(tasks):
            raise UsageError(
                f"cannot hold out {validation:.0%} of {len(tasks)} tasks and still train; "
                "lower the validation share or roll out more tasks"
            )
        return Split(
            tuple(e for e in self.kept if e.source.task_id not in held_out),
            tuple(e for e in self.kept if e.source.task_id in held_out),
        )


@dataclass(frozen=True)
class Split:
    """Examples to train on and examples of other tasks to evaluate on."""

    training: tuple[Example, ...]
    validation: tuple[Example, ...]


def examples_from_run(
    run: RunDirectory, *, harnesses: Collection[str] | None = None, min_score: float = 1.0
) -> Selection:
    """Choose the trials of a run that are worth imitating, by harness, task and attempt.

    Args:
        run: an open run directory.
        harnesses: whose trials to take; None takes everybody's.
        min_score: the lowest score to keep, in [0, 1].

    Raises:
        UsageError: a chosen harness is not part of the run.
    """
    unknown = set(harnesses or ()) - set(run.plan.harnesses)
    if unknown:
        raise UsageError(
            f"the run has no harness {', '.join(sorted(unknown))}; "
            f"it has {', '.join(run.plan.harnesses)}"
        )
    kept: list[Example] = []
    dropped: list[Drop] = []
    seen: dict[str, TrialKey] = {}
    for trial in run.trials():
        found = _judge(run, trial, harnesses, min_score)
        if isinstance(found, Drop):
            dropped.append(found)
        elif first := seen.get(found.digest):
            detail = f"same conversation as {first.file_name}"
            dropped.append(Drop(found.source, Reason.DUPLICATE, detail))
        else:
            seen[found.digest] = found.source
            kept.append(found)
    return Selection(tuple(kept), tuple(dropped))


def dump_examples(examples: Sequence[Example]) -> bytes:
    """Examples as JSON lines: each an `ExampleRow` with its `source`."""
    documents = [
        {**example.row(), "source": {**asdict(example.source), "score": example.score}}
        for example in examples
    ]
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in documents).encode()


def _judge(
    run: RunDirectory, trial: Trial, harnesses: Collection[str] | None, min_score: float
) -> Example | Drop:
    key = trial.key
    if harnesses is not None and key.harness not in harnesses:
        return Drop(key, Reason.HARNESS, key.harness)
    if isinstance(trial.reward, Ungraded):
        return Drop(key, Reason.UNGRADED, f"{trial.reward.cause}: {trial.reward.reason}")
    if trial.reward.score < min_score:
        return Drop(key, Reason.LOW_SCORE, f"{trial.reward.score:.3f} < {min_score:g}")
    try:
        trajectory = run.trajectory(key)
    except TaskFormatError as error:
        return Drop(key, Reason.UNREADABLE, str(error))
    if trajectory is None:
        return Drop(key, Reason.NO_TRAJECTORY, f"{key.harness} left none")
    messages = tuple(messages_of(trajectory))
    tools = tuple(trajectory.agent.tool_definitions or ())
    return _flaw(key, messages, tools) or Example(messages, tools, key, trial.reward.score)


def _flaw(key: TrialKey, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> Drop | None:
    if not any(message.tool_calls for message in messages):
        return Drop(key, Reason.TOO_SHORT, "the agent called no tool: nothing to imitate")
    if not tools:
        return Drop(key, Reason.NO_TOOLS, "the trajectory does not hold the schemas of its tools")
    if malformed := malformed_calls(messages):
        return Drop(key, Reason.MALFORMED_CALL, f"its arguments are {malformed[0][:60]!r}")
    if missing := unanswered_calls(messages):
        return Drop(key, Reason.INCOMPLETE, f"no answer to call {', '.join(missing)}")
    if messages[-1].role is not Role.ASSISTANT:
        return Drop(key, Reason.INCOMPLETE, "the agent does not have the last word")
    return None
