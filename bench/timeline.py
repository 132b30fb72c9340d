"""A trajectory as a report shows it: steps, tool calls and what they answered, all bounded."""

import json
from dataclasses import dataclass

from pydantic import JsonValue

from bench.passage import Passage, Passages
from clawgym.run import TrialKey
from clawgym.trajectory import Step, ToolCall, Trajectory

FIRST_STEPS = 50
LAST_STEPS = 10


@dataclass(frozen=True)
class CallView:
    """One tool call: its arguments by name, and its answer where it got one."""

    name: str
    arguments: tuple[tuple[str, Passage], ...]
    answers: tuple[Passage, ...]


@dataclass(frozen=True)
class StepView:
    """One step of the conversation; `answers` are observations that belong to no call."""

    number: int
    source: str
    message: Passage | None
    reasoning: Passage | None
    calls: tuple[CallView, ...]
    answers: tuple[Passage, ...]
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True)
class Timeline:
    """The steps shown, the agent that took them, and how many steps in the middle are left out."""

    agent: str
    first: tuple[StepView, ...]
    left_out: int
    last: tuple[StepView, ...]

    @property
    def total(self) -> int:
        """How many steps the trajectory has."""
        return len(self.first) + self.left_out + len(self.last)


def timeline(
    trajectory: Trajectory, key: TrialKey, prompts: Passages, passages: Passages
) -> Timeline:
    """Show the trajectory of a trial.

    System prompts go to `prompts`, which the whole report shares; the rest goes to `passages`.
    """
    steps = trajectory.steps
    first = steps[:FIRST_STEPS] if len(steps) > FIRST_STEPS + LAST_STEPS else steps
    last = steps[max(len(first), len(steps) - LAST_STEPS) :]
    agent = trajectory.agent
    parts = [f"{agent.name} {agent.version}", agent.model_name]
    return Timeline(
        agent=" · ".join(part for part in parts if part),
        first=tuple(_step(step, key, prompts, passages) for step in first),
        left_out=len(steps) - len(first) - len(last),
        last=tuple(_step(step, key, prompts, passages) for step in last),
    )


def _step(step: Step, key: TrialKey, prompts: Passages, passages: Passages) -> StepView:
    home = prompts if step.source == "system" else passages
    label = f"step {step.step_id} of {key.harness}"
    label += f", attempt {key.attempt}" if key.attempt > 1 else ""
    label += f", on {key.task_id}" if home is prompts else ""
    reasoning, metrics = step.reasoning_content, step.metrics
    return StepView(
        number=step.step_id,
        source=step.source,
        message=home.passage(step.message, label) if step.message.strip() else None,
        reasoning=passages.passage(reasoning, label) if reasoning else None,
        calls=tuple(_call(call, step, label, passages) for call in step.tool_calls or ()),
        answers=_answers(step, None, label, passages),
        prompt_tokens=metrics.prompt_tokens if metrics else None,
        completion_tokens=metrics.completion_tokens if metrics else None,
    )


def _call(call: ToolCall, step: Step, label: str, passages: Passages) -> CallView:
    return CallView(
        name=call.function_name,
        arguments=tuple(
            (name, passages.passage(_as_text(value), label))
            for name, value in call.arguments.items()
        ),
        answers=_answers(step, call.tool_call_id, label, passages),
    )


def _answers(
    step: Step, call_id: str | None, label: str, passages: Passages
) -> tuple[Passage, ...]:
    return tuple(
        passages.passage(result.content or "", label)
        for result in (step.observation.results if step.observation else ())
        if result.source_call_id == call_id
    )


def _as_text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=1)
