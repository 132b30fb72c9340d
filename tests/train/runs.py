"""Small runs with the trajectories that a workspace agent leaves."""

from collections.abc import Sequence
from pathlib import Path

from clawgym.reward import Cause, Graded, Reward, Ungraded
from clawgym.run import RunDirectory, RunPlan, Trial
from clawgym.trajectory import Agent, Observation, ObservationResult, Step, ToolCall, Trajectory


def tool(name: str, description: str, **properties: str) -> dict:
    parameters = {
        "type": "object",
        "properties": {key: {"type": "string", "description": d} for key, d in properties.items()},
        "required": list(properties),
    }
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = [
    tool("read", "Read a text file.", path="The file."),
    tool("exec", "Run a shell command.", command="The command line."),
]
SKILL = "---\nname: csv-analysis\n---\n# CSV analysis\nSum a column: scripts/sum.py FILE COLUMN\n"


def agent_step(number: int, reasoning: str | None, message: str, *calls: tuple) -> Step:
    """An agent step whose calls are `(tool, arguments, what it answered)`."""
    names = [f"call_{number}_{position}" for position in range(len(calls))]
    return Step(
        step_id=number,
        source="agent",
        message=message,
        reasoning_content=reasoning,
        tool_calls=[
            ToolCall(tool_call_id=name, function_name=call[0], arguments=call[1])
            for name, call in zip(names, calls, strict=True)
        ]
        or None,
        observation=Observation(
            results=[
                ObservationResult(source_call_id=name, content=call[2])
                for name, call in zip(names, calls, strict=True)
            ]
        )
        if calls
        else None,
    )


def trajectory_of(name: str, total: int) -> Trajectory:
    """Read the skill, run its script while looking at the input, read the result, say it."""
    sheet = f"input/{name}.csv"
    return Trajectory(
        agent=Agent(name="langgraph", version="0.1.0", tool_definitions=TOOLS),
        steps=[
            Step(step_id=1, source="system", message="You work on local files. Skills: /skills."),
            Step(step_id=2, source="user", message=f"Sum `amount` of {sheet} into out/total.txt."),
            agent_step(
                3, "The skill comes first.", "", ("read", {"path": "csv-analysis/SKILL.md"}, SKILL)
            ),
            agent_step(
                4,
                None,
                "I look and sum.",
                ("exec", {"command": f"head -2 {sheet}"}, "id,amount\n1,7"),
                ("exec", {"command": f"scripts/sum.py {sheet} amount > out/total.txt"}, ""),
            ),
            agent_step(5, "Check it.", "", ("read", {"path": "out/total.txt"}, f"{total}\n")),
            agent_step(6, None, f"The total of {name} is {total}; it is in out/total.txt."),
        ],
    )


def graded(score: float) -> Graded:
    return Graded(score=score, code=score)


UNGRADED = Ungraded(cause=Cause.SANDBOX, reason="the sandbox went away")

Attempt = tuple[str, str, int, Reward, Trajectory | None]


def write_run(path: Path, attempts: Sequence[Attempt]) -> RunDirectory:
    plan = RunPlan(
        dataset="tasks",
        dataset_digest="0" * 64,
        task_ids=tuple(sorted({task for _, task, *_ in attempts})),
        harnesses=tuple(sorted({harness for harness, *_ in attempts})),
        attempts=max(attempt for _, _, attempt, *_ in attempts),
        seed=0,
        sandbox="local",
        clawgym_version="0.1.0",
    )
    run = RunDirectory.create_or_resume(path, plan)
    for harness, task, attempt, reward, trajectory in attempts:
        trial = Trial(
            harness=harness,
            task_id=task,
            attempt=attempt,
            task_digest="0" * 64,
            reward=reward,
            started_at="2026-11-02T09:00:00Z",
            seconds=1.0,
        )
        run.record(trial, trajectory)
    return run


NAMES = ["alpha", "beta", "gamma", "delta", "sigma", "omega", "kappa", "theta"]


def good_attempts() -> list[Attempt]:
    """Eight tasks, each solved once by `expert`."""
    return [
        ("expert", f"task-{name}", 1, graded(1.0), trajectory_of(name, 100 + 37 * position))
        for position, name in enumerate(NAMES)
    ]
