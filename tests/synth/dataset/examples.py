"""Tasks made by hand: a sentence, a file, a graph; nothing of the synthesiser."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.dataset import write_dataset
from clawgym.files import Files
from clawgym.graph import Node, TaskGraph
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from synth.dataset.profile import Profile, profile_of
from verify.rubric.rubric import BANDS, Criterion, Rubric

SYLLABLES = ("ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "ra", "so", "ti", "vu", "wa", "zo")

RUBRIC = Rubric(criteria=(Criterion(id="tone", name="Tone", bands=dict.fromkeys(BANDS, "so")),))


def sentence(number: int, length: int = 40) -> str:
    """Words by chance: two numbers share hardly a run of five."""
    rng = random.Random(number)
    return " ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(length))


def chain(*operations: str) -> TaskGraph:
    """A graph whose nodes stand in a row."""
    artifacts = [Artifact(id="a0", kind=ArtifactKind.TABLE, path="input/a0.csv")]
    nodes: list[Node] = []
    for at, operation in enumerate(operations, 1):
        kind, suffix = (ArtifactKind.RECORDS, "json") if at % 2 else (ArtifactKind.TABLE, "csv")
        artifacts.append(Artifact(id=f"a{at}", kind=kind, path=f"output/a{at}.{suffix}"))
        nodes.append(
            Node(id=f"n{at}", operation=operation, inputs=(f"a{at - 1}",), output=f"a{at}")
        )
    return TaskGraph(artifacts=tuple(artifacts), nodes=tuple(nodes))


def make_task(
    task_id: str,
    instruction: str = "",
    *,
    operations: Sequence[str] = ("filter", "aggregate"),
    workspace: str | None = None,
    rubric: bool = False,
    **metadata: object,
) -> Task:
    """A task that nobody could solve, with everything that is measured of one."""
    checks = [
        {"id": "gate", "role": "gate", "path": "output/a1.json"},
        {"id": "c1", "role": "core", "path": "output/a1.json"},
        {"id": "c2", "role": "core", "path": "output/a2.csv"},
    ]
    tests = {"test.sh": "#!/bin/sh\n", "checks.json": json.dumps({"checks": checks})}
    ours = ClawGymMetadata.model_validate(
        {"kind": "procedural", "primary_skill": "table", "prompt_style": "brief", **metadata}
    )
    return Task(
        id=task_id,
        instruction=instruction or sentence(sum(task_id.encode()) * 31 + len(task_id)),
        config=TaskConfig(
            task=TaskName(name=f"clawgym/{task_id}"), metadata=Metadata(clawgym=ours)
        ),
        workspace=Files({"input/a0.csv": workspace or f"a,b\n{task_id},2\n"}),
        tests=Files({**tests, **({"rubric.toml": RUBRIC.dumps()} if rubric else {})}),
        solution=Files({"solve.sh": "#!/bin/sh\n"}),
        graph=chain(*operations) if operations else None,
    )


def make_profile(task_id: str, instruction: str = "", **options: object) -> Profile:
    """The profile of such a task."""
    return profile_of(make_task(task_id, instruction, **options))  # type: ignore[arg-type]


def write(path: Path, tasks: Sequence[Task], *, seed: int = 7) -> Path:
    """A dataset of them."""
    write_dataset(
        path,
        tasks,
        name=path.name,
        generator="by-hand",
        seed=seed,
        funnel={"drawn": len(tasks) + 2, "leak": 2, "accepted": len(tasks)},
    )
    return path
