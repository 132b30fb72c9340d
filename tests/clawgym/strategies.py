"""Generated nouns: everything that is legal, the odd included."""

from collections.abc import Sequence
from datetime import UTC

from hypothesis import strategies as st

from clawgym.artifact import Artifact, ArtifactKind, Column, ColumnType
from clawgym.files import File, Files
from clawgym.graph import Node, TaskGraph
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from clawgym.trajectory import (
    Agent,
    FinalMetrics,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)

ODD_NAMES = ["a b", "-rf", ".hidden", "*", "$HOME", "it's", '"', "tab\there", "é", "e\u0301", "名"]
NAMES = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(
        st.characters(codec="utf-8", exclude_characters="/\\\0\r\n"), min_size=1, max_size=20
    ).filter(lambda name: name not in {".", ".."}),
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def _without_conflicts(entries: dict[str, File]) -> Files:
    """Drop what another entry needs as its directory."""
    kept = {
        path: file
        for path, file in entries.items()
        if not any(other.startswith(f"{path}/") for other in entries)
    }
    return Files(kept)


FILES = st.dictionaries(
    PATHS, st.builds(File, data=st.binary(max_size=40), executable=st.booleans()), max_size=5
).map(_without_conflicts)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
JSON_OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)

_TOML = st.recursive(
    TEXT
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FOREIGN_KEYS = st.dictionaries(TEXT.map("x-{}".format), _TOML, max_size=3)
"""Tables of `task.toml` that other tools write and that we know nothing of."""


@st.composite
def graphs(draw: st.DrawFn) -> TaskGraph:
    """A random DAG: every node reads some of the artifacts made before it; any order of nodes."""
    size = draw(st.integers(1, 6))
    names = [f"a{number}" for number in range(size + 2)]
    nodes = [
        Node(
            id=f"n{number}",
            operation=draw(st.sampled_from(["filter", "join", "report"])),
            skill=draw(st.none() | st.sampled_from(["csv-analysis", "log-triage"])),
            inputs=tuple(
                draw(st.lists(st.sampled_from(names[: number + 2]), unique=True, max_size=3))
            ),
            output=names[number + 2],
            params=draw(JSON_OBJECTS),
        )
        for number in range(size)
    ]
    return TaskGraph(
        artifacts=tuple(draw(_artifacts(names))), nodes=tuple(draw(st.permutations(nodes)))
    )


def _artifacts(names: Sequence[str]) -> st.SearchStrategy[list[Artifact]]:
    columns = st.builds(Column, name=TEXT, type=st.sampled_from(ColumnType))
    return st.tuples(
        *(
            st.builds(
                Artifact,
                id=st.just(name),
                kind=st.sampled_from(ArtifactKind),
                path=PATHS,
                columns=st.lists(columns, max_size=2).map(tuple),
            )
            for name in names
        )
    ).map(list)


_METADATA = st.builds(
    ClawGymMetadata,
    kind=st.sampled_from(["skill", "persona", "procedural", "import"]),
    generator=TEXT,
    seed=st.none() | st.integers(0, 2**63 - 1),
    primary_skill=st.none() | TEXT,
    supporting_skills=st.lists(TEXT, max_size=2).map(tuple),
    prompt_style=st.sampled_from([None, "brief", "spec"]),
    difficulty=st.none() | st.integers(1, 5),
    code_weight=st.floats(0, 1),
)


@st.composite
def _configs(draw: st.DrawFn) -> TaskConfig:
    metadata = Metadata.model_validate(
        {"clawgym": draw(st.none() | _METADATA), **draw(FOREIGN_KEYS)}
    )
    name = TaskName.model_validate({"name": draw(TEXT), **draw(FOREIGN_KEYS)})
    sections = {"task": name, "metadata": metadata, **draw(FOREIGN_KEYS)}
    return TaskConfig.model_validate(sections)


TASKS = st.builds(
    Task,
    id=NAMES,
    instruction=TEXT | st.sampled_from(["", "Dos\r\nlines\r\n", "no final newline", "\ufeffBOM"]),
    config=_configs(),
    workspace=FILES,
    skills=FILES,
    tests=FILES,
    solution=FILES,
    graph=st.none() | graphs(),
)


@st.composite
def _agent_steps(draw: st.DrawFn, step_id: int) -> Step:
    calls = [
        ToolCall(
            tool_call_id=f"call-{number}", function_name=draw(TEXT), arguments=draw(JSON_OBJECTS)
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    results = [
        ObservationResult(source_call_id=call.tool_call_id, content=draw(st.none() | TEXT))
        for call in calls
    ]
    counts = st.none() | st.integers(0, 10**6)
    return Step(
        step_id=step_id,
        source="agent",
        message=draw(TEXT),
        reasoning_content=draw(st.none() | TEXT),
        tool_calls=calls or None,
        observation=Observation(results=results) if calls else None,
        metrics=draw(st.none() | st.builds(Metrics, prompt_tokens=counts, cost_usd=st.just(0.25))),
        extra=draw(st.none() | JSON_OBJECTS),
    )


@st.composite
def trajectories(draw: st.DrawFn) -> Trajectory:
    steps = [
        Step(step_id=1, source="system", message=draw(TEXT)),
        Step(step_id=2, source="user", message=draw(TEXT)),
    ]
    steps += [draw(_agent_steps(step_id)) for step_id in range(3, draw(st.integers(3, 6)))]
    return Trajectory(
        session_id=draw(st.none() | TEXT),
        agent=Agent(
            name=draw(TEXT),
            version="1",
            tool_definitions=draw(st.none() | st.lists(JSON_OBJECTS, max_size=2)),
        ),
        steps=steps,
        final_metrics=draw(st.none() | st.just(FinalMetrics(total_steps=len(steps)))),
    )
