"""Small runs made by hand: tasks with graphs, trials with evidence, trajectories, failures."""

from collections.abc import Sequence
from pathlib import Path

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.dataset import Dataset, write_dataset
from clawgym.files import Files
from clawgym.graph import Node, TaskGraph
from clawgym.reward import Cause, CheckResult, CheckRole, Graded, Ungraded
from clawgym.run import RunDirectory, RunPlan, Trial, TrialKey
from clawgym.seeds import derive_random
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
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

PIPELINE = ("filter", "join", "aggregate", "report")
SYSTEM = (
    "You work in a workspace of files. " + "Read before you write, and check what you wrote. " * 8
)
LEVELS = {"oracle": 1.0, "expert": 0.97, "flawed-expert": 0.55, "lazy:echo": 0.06, "noop": 0.0}


def fan_in_graph(steps: int = 4) -> TaskGraph:
    """Orders are filtered, joined with customers, aggregated and reported; the report reads all."""
    files = {
        "orders": (ArtifactKind.TABLE, "input/orders.csv"),
        "customers": (ArtifactKind.TABLE, "input/customers.csv"),
        "paid": (ArtifactKind.TABLE, "work/paid.csv"),
        "joined": (ArtifactKind.TABLE, "work/orders-with-customers.csv"),
        "totals": (ArtifactKind.RECORDS, "work/totals.json"),
        "report": (ArtifactKind.DOCUMENT, "out/report.md"),
    }
    nodes = (
        Node(id="n1", operation="filter", skill="csv-analysis", inputs=("orders",), output="paid"),
        Node(
            id="n2",
            operation="join",
            skill="record-merge",
            inputs=("paid", "customers"),
            output="joined",
        ),
        Node(
            id="n3",
            operation="aggregate",
            skill="csv-analysis",
            inputs=("joined",),
            output="totals",
        ),
        Node(
            id="n4",
            operation="report",
            skill="markdown-report",
            inputs=("totals", "orders", "customers"),
            output="report",
        ),
    )[:steps]
    used = {end for node in nodes for end in (*node.inputs, node.output)}
    artifacts = tuple(
        Artifact(id=name, kind=kind, path=path)
        for name, (kind, path) in files.items()
        if name in used
    )
    return TaskGraph(artifacts=artifacts, nodes=nodes)


def task(task_id: str, *, steps: int = 4, instruction: str | None = None) -> Task:
    """A task of `steps` operations with two small input files and a binary one."""
    rows = "\n".join(f"{number},{number % 7},{number * 3}.50,paid" for number in range(30))
    return Task(
        id=task_id,
        instruction=instruction
        or (
            f"The shop's orders stand in input/orders.csv ({task_id}). Keep those that were paid, "
            "bring in each customer's name, add up the totals by country, and write a report "
            "to out/report.md.\n\nAmounts have two decimals. Sort countries by total."
        ),
        config=TaskConfig(
            task=TaskName(name=f"clawgym/{task_id}"),
            metadata=Metadata(
                clawgym=ClawGymMetadata(
                    kind="skill",
                    seed=7,
                    primary_skill="csv-analysis",
                    supporting_skills=("markdown-report",) if steps > 3 else (),
                    difficulty=min(5, steps + 1),
                )
            ),
        ),
        workspace=Files(
            {
                "input/orders.csv": f"order,customer,amount,status\n{rows}\n",
                "input/customers.csv": "customer,name,country\n1,Ada,NO\n2,Bo,SE\n",
                "input/logo.png": b"\x89PNG\r\n\x1a\n\x00\x00",
            }
        ),
        graph=fan_in_graph(steps),
    )


def graded(level: float, graph: TaskGraph) -> Graded:
    """One gate, then one core check a node; the first `level` share of the nodes passes."""
    nodes = graph.topological()
    good = round(level * len(nodes))
    checks = [
        CheckResult(
            id="inputs-intact",
            role=CheckRole.GATE,
            passed=True,
            requirement="The input files are unchanged.",
            where="input/",
        )
    ]
    for place, node in enumerate(nodes):
        path = graph.artifact(node.output).path
        checks.append(
            CheckResult(
                id=f"{node.id}-content",
                role=CheckRole.CORE,
                passed=place < good,
                weight=1.0,
                node=node.id,
                requirement=f"{path} holds the result of {node.operation}.",
                expected="NO 1,204.50; SE 311.00",
                found="NO 1,204.50; SE 311.00" if place < good else "no such file",
                where=f"{path}, line {place + 2}",
            )
        )
    score = good / len(nodes)
    return Graded(score=score, code=score, checks=tuple(checks))


def trajectory(steps: Sequence[Step], name: str = "langgraph") -> Trajectory:
    """The steps as a trajectory with totals."""
    return Trajectory(
        agent=Agent(name=name, version="0.1.0", model_name="scripted"),
        steps=list(steps),
        final_metrics=FinalMetrics(total_steps=len(steps)),
    )


def work_steps(of: Task, turns: int = 4) -> list[Step]:
    """System prompt, instruction, then `turns` turns of one call each, and a last word."""
    orders = of.workspace["input/orders.csv"].data.decode()
    steps = [
        Step(step_id=1, source="system", message=SYSTEM),
        Step(step_id=2, source="user", message=of.instruction),
    ]
    for turn in range(turns):
        path = ("input/orders.csv", "work/paid.csv", "work/totals.json", "out/report.md")[turn % 4]
        arguments: JsonObject = {"path": path}
        if turn % 2:
            arguments["content"] = orders
        call = ToolCall(
            tool_call_id=f"call-{turn}",
            function_name="write" if turn % 2 else "read",
            arguments=arguments,
        )
        answer = orders if turn % 2 == 0 else f"wrote {path}"
        steps.append(
            Step(
                step_id=len(steps) + 1,
                source="agent",
                message=f"I look at {path} first." if turn % 2 == 0 else "",
                reasoning_content="The amounts have to be summed by country."
                if turn == 1
                else None,
                tool_calls=[call],
                observation=Observation(
                    results=[ObservationResult(source_call_id=f"call-{turn}", content=answer)]
                ),
                metrics=Metrics(prompt_tokens=900 + 400 * turn, completion_tokens=60 + turn),
            )
        )
    steps.append(Step(step_id=len(steps) + 1, source="agent", message="The report is written."))
    return steps


def plan(dataset: Dataset, harnesses: Sequence[str], attempts: int = 1) -> RunPlan:
    """A plan over the whole dataset."""
    return RunPlan(
        dataset=str(dataset.path),
        dataset_digest=dataset.index.digest if dataset.index else "none",
        task_ids=tuple(dataset.task_ids),
        harnesses=tuple(harnesses),
        attempts=attempts,
        seed=7,
        sandbox="bwrap",
        model="scripted",
        clawgym_version="0.1.0",
    )


def trial(key: TrialKey, reward: Graded | Ungraded, digest: str, **numbers: int) -> Trial:
    """A row of a run that started at noon."""
    return Trial(
        harness=key.harness,
        task_id=key.task_id,
        attempt=key.attempt,
        task_digest=digest,
        reward=reward,
        started_at=f"2026-03-01T12:00:{key.attempt:02}+00:00",
        seconds=1.5,
        **numbers,
    )


def make_dataset(path: Path, tasks: Sequence[Task]) -> Dataset:
    """The tasks as a dataset on disk."""
    write_dataset(path, tasks, name="office-files", generator="clawgym synth 0.1.0", seed=7)
    return Dataset(path)


def make_run(
    path: Path,
    *,
    tasks: int = 6,
    harnesses: Sequence[str] = tuple(LEVELS),
    attempts: int = 1,
) -> tuple[RunDirectory, Dataset]:
    """A run with spread-out scores, a few ungraded trials, one missing trial and trajectories."""
    dataset = make_dataset(
        path / "dataset", [task(f"office-{n:03}", steps=1 + n % 4) for n in range(tasks)]
    )
    run = RunDirectory.create_or_resume(path / "run", plan(dataset, harnesses, attempts))
    for key in run.plan.trial_keys()[:-1]:
        _record(run, dataset.load(key.task_id), key)
    return run, dataset


def _record(run: RunDirectory, of: Task, key: TrialKey) -> None:
    rng = derive_random(7, key.harness, key.task_id, key.attempt)
    assert of.graph
    level = LEVELS.get(key.harness, 0.5)
    if 0 < level < 1:
        level = min(1.0, max(0.0, rng.gauss(level, 0.2)))
    if key.harness == "flawed-expert" and rng.random() < 0.12:
        broken = Ungraded(cause=Cause.SANDBOX, reason="bwrap: no space left on device")
        run.record(trial(key, broken, of.digest), None)
        return
    turns = 0 if key.harness in {"noop", "oracle"} else rng.randint(4, 9)
    reward = graded(level, of.graph)
    record = trial(
        key,
        reward,
        of.digest,
        turns=turns,
        tool_calls=turns,
        prompt_tokens=turns * 1800,
        completion_tokens=turns * 70,
    )
    run.record(record, trajectory(work_steps(of, turns)) if turns else None)
