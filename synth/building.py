"""From a draft to a whole task: workspace, words, verifier and reference solution."""

import json
import random
from collections.abc import Mapping
from importlib.resources import files

from clawgym.files import File, Files
from clawgym.graph import TaskGraph
from clawgym.task import (
    ClawGymMetadata,
    EnvironmentSection,
    Metadata,
    Task,
    TaskConfig,
    TaskName,
)
from synth.checking import checks_for
from synth.composing import DIMENSION, Draft
from synth.phrasing import Style, phrase
from synth.rendering import render
from verify.checks import verifier_files

GENERATOR = "skill-grounded/1"


def build_task(
    rng: random.Random,
    draft: Draft,
    *,
    task_id: str,
    seed: int,
    primary: str,
    style: Style,
    skill_files: Mapping[str, Files],
) -> Task:
    """Render the files, derive checks and solution, then phrase.

    Args:
        rng: chooses words only; the truth stands before the first draw.
        draft: the composed graph with its values.
        task_id: the task's directory name.
        seed: recorded as provenance.
        primary: the primary skill.
        style: how the instruction reads.
        skill_files: the files of each skill, to be offered to the agent.
    """
    graph = draft.graph
    workspace = _workspace(draft, graph)
    checks = checks_for(graph, draft.values, workspace)
    return Task(
        id=task_id,
        instruction=phrase(rng, style, graph, draft.values, draft.world.domain),
        config=_config(task_id, graph, seed, primary, style),
        workspace=workspace,
        skills=_offered(graph, skill_files),
        tests=verifier_files(checks),
        solution=_solution(graph),
        graph=graph,
    )


def difficulty(graph: TaskGraph) -> int:
    """1 to 5: one for a single step, more for steps, for skills and for joins of branches."""
    fan_in = sum(len(node.inputs) > 1 for node in graph.nodes)
    points = len(graph.nodes) + len(graph.skills) + fan_in
    return max(1, min(5, points // 2))


def _workspace(draft: Draft, graph: TaskGraph) -> Files:
    """The sources that the graph uses, and the dimension in any case: real folders hold more."""
    sources = {artifact.id for artifact in graph.sources} | {DIMENSION}
    return Files(
        {
            artifact.path: render(draft.values[artifact.id], artifact.kind, artifact.path)
            for artifact in draft.artifacts.values()
            if artifact.id in sources
        }
    )


def _offered(graph: TaskGraph, skill_files: Mapping[str, Files]) -> Files:
    entries: dict[str, File | bytes | str] = {}
    for skill in graph.skills:
        entries |= {f"{skill}/{path}": file for path, file in skill_files[skill].items()}
    return Files(entries)


def _solution(graph: TaskGraph) -> Files:
    steps = [
        {
            "operation": node.operation,
            "inputs": [graph.artifact(artifact_id).path for artifact_id in node.inputs],
            "output": graph.artifact(node.output).path,
            "params": node.params,
        }
        for node in graph.topological()
    ]
    runtime = files("synth").joinpath("task_runtime")
    return Files(
        {
            "solve.sh": File(runtime.joinpath("solve.sh").read_bytes(), executable=True),
            "solve.py": runtime.joinpath("solve.py").read_bytes(),
            "steps.json": json.dumps(steps, ensure_ascii=False, indent=1) + "\n",
        }
    )


def _config(task_id: str, graph: TaskGraph, seed: int, primary: str, style: Style) -> TaskConfig:
    metadata = ClawGymMetadata(
        kind="skill",
        generator=GENERATOR,
        seed=seed,
        primary_skill=primary,
        supporting_skills=tuple(skill for skill in graph.skills if skill != primary),
        prompt_style=style,
        difficulty=difficulty(graph),
    )
    return TaskConfig(
        task=TaskName(name=f"clawgym/{task_id}", keywords=tuple(n.operation for n in graph.nodes)),
        metadata=Metadata(clawgym=metadata),
        environment=EnvironmentSection(skills_dir="/skills"),
    )
