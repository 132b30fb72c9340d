"""Tasks of a single node, solved and graded in this process: hundreds of them in a few seconds."""

import importlib
import importlib.util
import json
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import ModuleType

from clawgym.artifact import ArtifactKind
from clawgym.files import File, Files
from clawgym.graph import Node
from clawgym.operation import Capability
from clawgym.seeds import derive_random
from clawgym.task import Task
from synth.building import Identity, build_task
from synth.composing import Offer, Plan, compose
from synth.knobs import Knobs
from synth.operations import OPERATIONS
from synth.phrasing import Style
from synth.scene import Scene
from synth.values import Value
from synth.world import World, domains
from verify.panel import PANEL

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Made:
    """A task with the scene that it was built from."""

    scene: Scene
    task: Task

    @property
    def node(self) -> Node:
        return self.scene.nodes[0]

    @property
    def inputs(self) -> list[Value]:
        return self.scene.values(self.node.inputs)

    def with_output(self, value: Value) -> Files:
        """The workspace with the output that holds this value."""
        slot = self.scene.slots[self.node.output]
        kept = {
            path: file
            for path, file in self.task.workspace.items()
            if path != slot.path and not path.startswith(f"{slot.path}/")
        }
        entries: dict[str, File | bytes | str] = {**kept, **value.files(slot.kind, slot.path)}
        return Files(entries)


def make(
    operation: str, kind: ArtifactKind, seed: int, level: int = 3, style: Style = "spec"
) -> Made | None:
    """One task of that operation on that kind, or None where this draw led nowhere."""
    rng = derive_random(seed, "one-node", operation, kind)
    fitting = [domain for domain in domains() if kind in domain.entry] or list(domains())
    domain = rng.choice(fitting)
    form = kind if kind in domain.entry else rng.choice(domain.entry)
    world = World(domain, form, Knobs(level), seed)
    offer = Offer(Capability(operation, kind))
    scene = compose(rng, world, Plan((offer,), (frozenset({offer}),), 1))
    if scene is None:
        return None
    identity = Identity(f"one-{operation}-{seed}", "persona", seed, style)
    task = build_task(rng, scene, identity, {})
    return Made(scene, task) if task else None


def solve(made: Made, way: str = "reference") -> Files:
    """The workspace as a shipped solution leaves it."""
    steps = json.loads(made.task.solution["steps.json"].data)
    runtime = str(ROOT / "synth" / "task_runtime")
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        made.task.workspace.write_to(Path(folder))
        sys.path.insert(0, runtime)
        try:
            os.chdir(folder)
            for step in steps:
                module = importlib.import_module(f"{way}.{step['operation']}")
                module.run(step["params"], step["inputs"], step["output"])
        finally:
            os.chdir(before)
            sys.path.remove(runtime)
        return Files.read_from(Path(folder))


def grade(task: Task, workspace: Files) -> float:
    """The reward of a finished workspace, by the shipped verifier."""
    return explain(task, workspace)[1]


def explain(task: Task, workspace: Files) -> tuple[list[dict[str, object]], float]:
    """The result of each check, and the reward."""
    specs = json.loads(task.tests["checks.json"].data)["checks"]
    grader, checks = _grader()
    with tempfile.TemporaryDirectory() as folder:
        workspace.write_to(Path(folder))
        return grader.grade_directory(folder, folder, specs, checks)


@cache
def _grader() -> tuple[ModuleType, dict[str, object]]:
    path = ROOT / "verify" / "task_runtime" / "grade.py"
    spec = importlib.util.spec_from_file_location("one_node_grade", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, module.open_library()


def lazy_scores(task: Task) -> dict[str, float]:
    """What each member of the lazy panel earns, and who does nothing."""
    scores = {"noop": grade(task, task.workspace)}
    for name, fill in PANEL.items():
        folders = {str(parent) for path in task.workspace for parent in PurePosixPath(path).parents}
        filled = {path: data for path, data in fill(task).items() if path not in folders}
        entries: dict[str, File | bytes | str] = {**task.workspace, **filled}
        scores[name] = grade(task, Files(entries))
    return scores


def mistake_scores(made: Made) -> list[float]:
    """What each mistake that people make earns."""
    operation = OPERATIONS[made.node.operation]
    rng = random.Random(made.task.clawgym.seed or 0)
    wrong = operation.mistakes(rng, made.node.params, made.inputs)
    return [grade(made.task, made.with_output(value)) for value in wrong]
