"""Trajectories in the Agent Trajectory Interchange Format (ATIF), version 1.8.

The models follow `harbor.models.trajectories` of Harbor 0.25, field for field, for the parts that
a text agent produces. A trajectory is self-contained: the system prompt is its first step and the
tool schemas stand in `agent.tool_definitions`.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from clawgym.atomic import write_atomic
from clawgym.errors import TaskFormatError
from clawgym.invalid import explain

JsonObject = dict[str, JsonValue]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToolCall(_Strict):
    """One call that the agent asked for, with its parsed arguments."""

    tool_call_id: str
    function_name: str
    arguments: JsonObject
    extra: JsonObject | None = None


class ObservationResult(_Strict):
    """What one tool call answered; `source_call_id` names a call of the same step."""

    source_call_id: str | None = None
    content: str | None = None
    extra: JsonObject | None = None


class Observation(_Strict):
    """Everything the agent saw between this step and the next."""

    results: list[ObservationResult]


class Metrics(_Strict):
    """Token counts and money of one step; `prompt_tokens` includes cached ones."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cost_usd: float | None = None
    prompt_token_ids: list[int] | None = None
    completion_token_ids: list[int] | None = None
    logprobs: list[float] | None = None
    extra: JsonObject | None = None


class FinalMetrics(_Strict):
    """Totals over the whole trajectory."""

    total_prompt_tokens: int | None = None
    total_completion_tokens: int | None = None
    total_cached_tokens: int | None = None
    total_cost_usd: float | None = None
    total_steps: int | None = None
    extra: JsonObject | None = None


class Step(_Strict):
    """One message of the conversation, with the tool calls and observations that belong to it."""

    step_id: Annotated[int, Field(ge=1)]
    timestamp: str | None = None
    source: Literal["system", "user", "agent"]
    message: str
    reasoning_content: str | None = None
    model_name: str | None = None
    tool_calls: list[ToolCall] | None = None
    observation: Observation | None = None
    metrics: Metrics | None = None
    extra: JsonObject | None = None

    @model_validator(mode="after")
    def _follows_atif(self) -> Self:
        agent_only = (self.reasoning_content, self.model_name, self.tool_calls, self.metrics)
        if self.source != "agent" and any(field is not None for field in agent_only):
            raise ValueError(
                f"step {self.step_id}: only agent steps carry calls, metrics, reasoning"
            )
        calls = {call.tool_call_id for call in self.tool_calls or []}
        for result in self.observation.results if self.observation else []:
            if result.source_call_id is not None and result.source_call_id not in calls:
                raise ValueError(
                    f"step {self.step_id}: observation of unknown call {result.source_call_id!r}"
                )
        return self


class Agent(_Strict):
    """Who acted, with the tool schemas (OpenAI function shape) it was given."""

    name: str
    version: str
    model_name: str | None = None
    tool_definitions: list[JsonObject] | None = None
    extra: JsonObject | None = None


class Trajectory(_Strict):
    """One agent run, from the system prompt to the last word."""

    schema_version: Literal["ATIF-v1.8"] = "ATIF-v1.8"
    session_id: str | None = None
    trajectory_id: str | None = None
    agent: Agent
    steps: Annotated[list[Step], Field(min_length=1)]
    notes: str | None = None
    final_metrics: FinalMetrics | None = None
    extra: JsonObject | None = None

    @model_validator(mode="after")
    def _steps_count_up(self) -> Self:
        ids = [step.step_id for step in self.steps]
        if ids != list(range(1, len(ids) + 1)):
            raise ValueError(f"step ids must be 1..{len(ids)}, found {ids[:10]}")
        return self

    @property
    def tool_call_count(self) -> int:
        """How many tool calls the agent made."""
        return sum(len(step.tool_calls or []) for step in self.steps)

    def dumps(self) -> str:
        """The ATIF JSON document, without nulls."""
        document = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    def save(self, path: Path) -> None:
        """Write the document so that a reader sees all of it or none."""
        write_atomic(path, self.dumps().encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an ATIF document.

        Raises:
            TaskFormatError: the file is missing, unreadable or not ATIF v1.8.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise TaskFormatError(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise TaskFormatError(f"{path} is no ATIF trajectory: {explain(error)}") from error
