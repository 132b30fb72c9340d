"""From a conversation to a trajectory in ATIF, whether the run finished or was stopped half-way."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from clawgym import __version__
from clawgym.model import ToolRequest, ToolSchema, Usage
from clawgym.trajectory import (
    Agent,
    FinalMetrics,
    JsonObject,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)
from graph_agents.chat_model import parse_arguments, reasoning_of, tool_requests, usage_of
from graph_agents.conversation import marked
from graph_agents.events import StopReason

Clock = Callable[[], str | None]


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Recorder:
    """Keeps a conversation with the time of each message; can be turned into ATIF at any moment.

    The first message should be the system prompt, so that the trajectory stands on its own.
    """

    def __init__(self, agent: Agent, clock: Clock = now) -> None:
        self._agent = agent
        self._clock = clock
        self._steps: list[Step] = []
        self.messages: list[BaseMessage] = []
        self.usage = Usage()
        self.stop_reason: StopReason | None = None

    def add(self, message: BaseMessage) -> None:
        """Append a message; a tool's answer joins the step that called it."""
        self.messages.append(message)
        if isinstance(message, ToolMessage):
            self._observe(message)
            return
        self._steps.append(_step(message, len(self._steps) + 1, self._clock()))
        if isinstance(message, AIMessage):
            self.usage = _sum(self.usage, usage_of(message))

    @property
    def turns(self) -> int:
        """How many replies of the model were recorded."""
        return sum(step.source == "agent" for step in self._steps)

    @property
    def tool_calls(self) -> int:
        """How many calls the model asked for, those that were not run included."""
        return sum(len(step.tool_calls or ()) for step in self._steps)

    def trajectory(self) -> Trajectory:
        """What was recorded so far; at least one message must have been."""
        totals = FinalMetrics(
            total_prompt_tokens=self.usage.prompt_tokens,
            total_completion_tokens=self.usage.completion_tokens,
            total_cached_tokens=self.usage.cached_tokens,
            total_steps=len(self._steps),
        )
        extra: JsonObject | None = None
        if self.stop_reason:
            extra = {"stop_reason": self.stop_reason.value}
        return Trajectory(
            agent=self._agent, steps=list(self._steps), final_metrics=totals, extra=extra
        )

    def _observe(self, answer: ToolMessage) -> None:
        step = self._steps[-1]
        result = ObservationResult(
            source_call_id=answer.tool_call_id,
            content=str(answer.text),
            extra={"is_error": True} if answer.status == "error" else None,
        )
        earlier = step.observation.results if step.observation else []
        observation = Observation(results=[*earlier, result])
        self._steps[-1] = step.model_copy(update={"observation": observation})


def describe_agent(name: str, model: str, tools: Iterable[ToolSchema]) -> Agent:
    """Who acts, for the head of a trajectory."""
    return Agent(name=name, version=__version__, model_name=model, tool_definitions=list(tools))


def record(
    messages: Sequence[BaseMessage], agent: Agent, stop_reason: StopReason | None = None
) -> Trajectory:
    """A conversation that is already there as a trajectory, without times."""
    recorder = Recorder(agent, clock=lambda: None)
    for message in messages:
        recorder.add(message)
    recorder.stop_reason = stop_reason
    return recorder.trajectory()


def _step(message: BaseMessage, step_id: int, time: str | None) -> Step:
    text = str(message.text)
    match message:
        case SystemMessage():
            return Step(step_id=step_id, timestamp=time, source="system", message=text)
        case HumanMessage():
            extra: JsonObject | None = {"written_by": "agent"} if marked(message, "nudge") else None
            return Step(step_id=step_id, timestamp=time, source="user", message=text, extra=extra)
        case AIMessage():
            named = message.response_metadata.get("model_name")
            return Step(
                step_id=step_id,
                timestamp=time,
                source="agent",
                message=text,
                reasoning_content=reasoning_of(message),
                model_name=named if isinstance(named, str) and named else None,
                tool_calls=[_call(request) for request in tool_requests(message)] or None,
                metrics=_metrics(usage_of(message)),
            )
        case _:
            raise TypeError(f"a message of type {message.type!r} has no place in a trajectory")


def _call(request: ToolRequest) -> ToolCall:
    """A call; arguments that are no JSON object are kept as the text that the model wrote."""
    arguments = parse_arguments(request.arguments)
    return ToolCall(
        tool_call_id=request.id,
        function_name=request.name,
        arguments=arguments or {},
        extra={"raw_arguments": request.arguments} if arguments is None else None,
    )


def _metrics(usage: Usage) -> Metrics | None:
    if usage == Usage():
        return None
    return Metrics(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
    )


def _sum(left: Usage, right: Usage) -> Usage:
    return Usage(
        left.prompt_tokens + right.prompt_tokens,
        left.completion_tokens + right.completion_tokens,
        left.cached_tokens + right.cached_tokens,
    )
