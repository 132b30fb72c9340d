"""What is kept of a task when many are looked at: a few kilobytes, without its files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import PurePosixPath

from clawgym.task import ClawGymMetadata, Task
from synth.dataset.shape import Shape, operation_pairs, shape_of
from verify.checklist import Checklist
from verify.rubric.rubric import FILE_NAME

_WORD = re.compile(r"\w+")
_NAMED = re.compile(
    r"(?<![\w/.-])(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?P<type>csv|tsv|json|jsonl|ndjson|txt|md|html?|"
    r"xml|ya?ml|toml|ini|cfg|conf|env|log|eml|mbox|ics|vcf|sql|db|sqlite|py|sh|js|ts|java|go|rs|rb|"
    r"c|h|cpp|css|svg|png|jpe?g|pdf|docx|xlsx|pptx|zip|tar|gz|patch|diff|ipynb)(?!\w)"
)


LEAST_BYTES = 200
"""A file to start with that is smaller than this may well be the same by chance."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One task, measured.

    `content` is a digest of instruction, workspace and tests: equal ones are the same task under
    whatever id. `held` are digests of the files to start with that have at least `LEAST_BYTES`.
    `inputs` and `outputs` are file types without the dot, one for each file; outputs
    are those of the graph, else of the checks, else the files that the instruction names and the
    workspace lacks. `checks` counts checks that can earn something, None where they cannot be
    counted without running the verifier.
    """

    id: str
    content: str
    workspace: str
    held: frozenset[bytes]
    instruction: str
    metadata: ClawGymMetadata
    category: str | None
    subcategory: str | None
    benchmark_category: str | None
    persona: str | None
    labels: dict[str, str]
    operations: tuple[str, ...]
    pairs: tuple[str, ...]
    artifacts_in: tuple[str, ...]
    artifacts_out: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    bytes: int
    checks: int | None
    rubric: bool
    solution: bool
    shape: Shape | None = None
    words: int = field(default=0)

    @property
    def skills(self) -> tuple[str, ...]:
        """The skills that ground the task, the primary one first."""
        named = (self.metadata.primary_skill, *self.metadata.supporting_skills)
        return tuple(skill for skill in named if skill)


def profile_of(task: Task) -> Profile:
    """Measure a task."""
    ours, graph = task.clawgym, task.graph
    category, _, subcategory = (ours.scenario or "").partition("/")
    keywords = task.config.task.keywords if ours.suite else ()
    produced = {node.output for node in graph.nodes} if graph else set[str]()
    artifacts = graph.artifacts if graph else ()
    return Profile(
        id=task.id,
        content=content_digest(task),
        workspace=task.workspace.digest if task.workspace else "",
        held=frozenset(_held(task)),
        instruction=task.instruction,
        metadata=ours,
        category=category or (keywords[0] if keywords else None),
        subcategory=f"{category}/{subcategory}" if subcategory else None,
        benchmark_category=ours.benchmark_category,
        persona=ours.persona,
        labels=dict(ours.labels),
        operations=tuple(node.operation for node in graph.topological()) if graph else (),
        pairs=operation_pairs(graph) if graph else (),
        artifacts_in=tuple(a.kind.value for a in artifacts if a.id not in produced),
        artifacts_out=tuple(a.kind.value for a in artifacts if a.id in produced),
        inputs=tuple(_type(path) for path in task.workspace),
        outputs=tuple(_type(path) for path in _outputs(task)),
        bytes=sum(len(file.data) for file in task.workspace.values()),
        checks=sum(check.earns for check in Checklist.read(task).checks) or None,
        rubric=FILE_NAME in task.tests,
        solution="solve.sh" in task.solution,
        shape=shape_of(graph) if graph else None,
        words=len(_WORD.findall(task.instruction)),
    )


def content_digest(task: Task) -> str:
    """A SHA-256 of what makes a task the task that it is, whatever it is called."""
    parts = (task.instruction, task.workspace.digest, task.tests.digest)
    return sha256("\0".join(parts).encode()).hexdigest()


def _held(task: Task) -> Iterator[bytes]:
    for file in task.workspace.values():
        if len(file.data) >= LEAST_BYTES:
            yield blake2b(file.data, digest_size=16).digest()


def _outputs(task: Task) -> list[str]:
    if task.graph:
        return list(dict.fromkeys(task.graph.artifact(n.output).path for n in task.graph.nodes))
    checked = (check.path for check in Checklist.read(task).checks if check.earns and check.path)
    if named := list(dict.fromkeys(checked)):
        return named
    held = {path.rpartition("/")[2] for path in task.workspace}
    said = (found[0] for found in _NAMED.finditer(task.instruction))
    return [path for path in dict.fromkeys(said) if path.rpartition("/")[2] not in held]


def _type(path: str) -> str:
    return PurePosixPath(path).suffix.removeprefix(".").lower() or "none"
