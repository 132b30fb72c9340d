"""From a scene to a whole task: workspace, words, verifier and solutions."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Literal

from clawgym.files import File, Files
from clawgym.graph import TaskGraph
from clawgym.reward import CheckRole
from clawgym.task import (
    ClawGymMetadata,
    EnvironmentSection,
    Metadata,
    Task,
    TaskConfig,
    TaskName,
)
from synth.baseline import without_copies, without_head_start
from synth.beginning import takes_feed
from synth.distractors import NOTHING, Clutter
from synth.operations import OPERATIONS
from synth.phrasing import Request, phrase
from synth.scene import Form, Past, Scene
from synth.solutions import solution_files
from synth.taxonomy import Material, benchmark_category, difficulty
from synth.taxonomy.opening import Style
from synth.values import RowSet
from synth.values.site import Site, SitePage
from verify.checks import Check, CheckSet, UnchangedCheck, verifier_files
from verify.rubric import Rubric
from verify.rubric.rubric import FILE_NAME

GENERATOR = "clawgym-synth/2"
SITE = "environment/site"
"""Where the files of a served site stand in a task directory."""


@dataclass(frozen=True)
class Identity:
    """What a task is called, and where it comes from."""

    task_id: str
    kind: Literal["skill", "persona"]
    seed: int
    style: Style
    primary_skill: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def build_task(
    rng: random.Random,
    scene: Scene,
    identity: Identity,
    skill_files: Mapping[str, Files],
    clutter: Clutter = NOTHING,
    rubric: Rubric | None = None,
) -> Task | None:
    """Render the files, derive checks and solutions, then phrase.

    Args:
        rng: chooses words only; the truth stands before the first draw.
        scene: the composed graph with its values.
        identity: name and provenance.
        skill_files: the files of each skill, to be offered to the agent.
        clutter: files that the task does not need, and what is said about them.
        rubric: what a judge is to score beside the checks.

    Returns:
        None where there is nothing to earn: the workspace holds every result already.
    """
    graph = scene.graph
    workspace = initial_workspace(scene, graph) | clutter.files
    site = _rendered(scene, graph, served=True)
    request = phrase(rng, identity.style, scene, clutter.remarks)
    checks = checks_for(scene, graph, workspace, request)
    if checks is None:
        return None
    return Task(
        id=identity.task_id,
        instruction=request.text,
        config=_config(scene, graph, identity, clutter),
        workspace=workspace,
        skills=_offered(graph, skill_files),
        tests=verifier_files(checks) | _rubric_file(rubric),
        solution=solution_files(graph),
        graph=graph,
        other=Files({f"{SITE}/{path}": file for path, file in site.items()}),
    )


def _rubric_file(rubric: Rubric | None) -> Files:
    return Files({FILE_NAME: rubric.dumps()}) if rubric else Files()


def initial_workspace(scene: Scene, graph: TaskGraph) -> Files:
    """The files that the task starts with, those of earlier work included."""
    return Files(_rendered(scene, graph, served=False))


def solved_workspace(scene: Scene, workspace: Files, **instead: Mapping[str, bytes]) -> Files:
    """The workspace with every result in it as the truth has it.

    Args:
        scene: the composed graph with its values.
        workspace: how it begins.
        instead: the files of some nodes, by their id, in place of their true ones.
    """
    entries: dict[str, File | bytes | str] = dict(workspace)
    for node in scene.nodes:
        slot = scene.slots[node.output]
        entries |= instead.get(node.id) or slot.value.files(slot.kind, slot.path)
    return Files(entries)


def mistaken_workspaces(
    rng: random.Random, scene: Scene, workspace: Files, most: int
) -> dict[str, Files]:
    """Finished workspaces with a mistake that people make at one of the operations, by name."""
    found: dict[str, Files] = {}
    for node in rng.sample(scene.nodes, len(scene.nodes)):
        slot, operation = scene.slots[node.output], OPERATIONS[node.operation]
        wrong = operation.mistakes(rng, node.params, scene.values(node.inputs))
        for number, value in enumerate(wrong, 1):
            if len(found) == most:
                return found
            if value != slot.value:
                files = {node.id: value.files(slot.kind, slot.path)}
                name = f"{node.operation}-{number}-{node.id}"
                found[name] = solved_workspace(scene, workspace, **files)
    return found


def checks_for(
    scene: Scene, graph: TaskGraph, workspace: Files, request: Request
) -> CheckSet | None:
    """The checks of every node, then one gate that the inputs were left alone.

    Each node is worth one point, shared by its core checks. None where a node has nothing to earn.
    """
    checks: list[Check] = []
    for node in graph.topological():
        truth = scene.slots[node.output].value
        step = replace(
            scene.step(node),
            rows_stated=node.id in request.rows_stated and not scene.loose & set(node.inputs),
            columns_stated=node.id in request.columns_stated,
        )
        own = OPERATIONS[node.operation].checks(step, truth)
        if scene.past and node.output in scene.past.found:
            anew = without_head_start(own, workspace)
            if anew is None:
                return None
            own = anew
        elif scene.past:
            place = scene.slots[node.output].path
            anew = without_copies(own, workspace, place, _earlier(scene.past, place, workspace))
            if anew is None:
                return None
            own = anew
        checks += own
    written = tuple(scene.slots[node.output].path for node in graph.nodes)
    untouched = {
        path: hashlib.sha256(file.data).hexdigest()
        for path, file in workspace.items()
        if not any(path == place or path.startswith(f"{place}/") for place in written)
    }
    if untouched:
        checks.append(_unchanged(untouched))
    return CheckSet(checks=tuple(checks))


def _earlier(past: Past, path: str, workspace: Files) -> list[str]:
    """The results of earlier work that could be taken for what is to be written to a path."""
    suffix = PurePosixPath(path).suffix
    made = (past.scene.slots[node.output].path for node in past.scene.nodes)
    return [place for place in dict.fromkeys(made) if _is_like(place, suffix, workspace)]


def _is_like(place: str, suffix: str, workspace: Files) -> bool:
    return bool(suffix) and place.endswith(suffix) and place in workspace


def computed_figures(scene: Scene) -> set[str]:
    """Figures that exist only in the truth: they must not stand in the instruction."""
    figures: set[str] = set()
    for node in scene.nodes:
        figures |= scene.slots[node.output].value.figures
    return {figure for figure in figures if len(figure) > 2}


def _level(scene: Scene, graph: TaskGraph, clutter: Clutter) -> int:
    """How hard it is; work about earlier work asks to understand that as well."""
    material = material_of(scene, clutter)
    level = difficulty(graph, material).level
    if scene.past is None:
        return level
    return max(level, difficulty(scene.past.scene.graph, material).level - 1)


def material_of(scene: Scene, clutter: Clutter = NOTHING) -> Material:
    """The state of the files that a task starts with."""
    used = {artifact.id for artifact in scene.graph.sources}
    values = [slot.value for slot in scene.slots.values() if slot.id in used]
    tables = [value for value in values if isinstance(value, RowSet)]
    return Material(
        rows=max((len(table.rows) for table in tables), default=0),
        mess=sum(table.duplicated for table in tables),
        distractors=len(clutter.files),
    )


def _rendered(scene: Scene, graph: TaskGraph, *, served: bool) -> dict[str, File | bytes | str]:
    """The sources that the graph uses; beside a feed also the facts about whom it refers to.

    Where something is joined, what it is joined with lies there and nothing like it; where
    nothing is, the facts have no gaps.
    """
    used = {artifact.id for artifact in graph.sources}
    joined = any(node.operation == "join" for node in graph.nodes)
    beside = scene.world.dimension_source().path if takes_feed(scene) and not joined else ""
    entries: dict[str, File | bytes | str] = {}
    for slot in scene.slots.values():
        wanted = slot.id in used or slot.path == beside or _was_made(scene, slot.id)
        if slot.fresh and wanted and (slot.id in scene.served) == served:
            idle = slot.path == beside and slot.id not in used
            value = scene.world.whole_dimension if idle else slot.value
            entries |= value.files(slot.kind, slot.path)
    if scene.past and not served:
        for slot_id, value in scene.past.found.items():
            slot = scene.slots[slot_id]
            entries |= value.files(slot.kind, slot.path)
        for left in scene.past.leftovers:
            entries |= left.value.files(left.kind, left.path)
    if scene.past:
        entries |= _old_sources(scene, served=served)
    if not entries and not served:
        entries |= _about_site(scene)
    return entries


def _about_site(scene: Scene) -> dict[str, str]:
    """What lies in the folder of those who ask about a site and have no files: where it is."""
    world = scene.world
    served = [scene.slots[slot_id].value for slot_id in scene.served]
    sites = [value.site if isinstance(value, SitePage) else value for value in served]
    said = [
        f"Our pages on {world.domain.plural}: {site.url}\n"
        for site in sites
        if isinstance(site, Site)
    ]
    if not world.setting.persona.private:
        said.append(f"{world.backdrop.staff[0]} looks after them.\n")
    return {world.input_path("about-the-pages", "txt"): "".join(said)} if sites else {}


def _was_made(scene: Scene, slot_id: str) -> bool:
    """Whether it is a result of earlier work."""
    return bool(scene.past) and any(
        node.output == slot_id for node in (scene.past.scene.nodes if scene.past else ())
    )


def _old_sources(scene: Scene, *, served: bool) -> dict[str, bytes]:
    """What the earlier work was made of, where it is still as it was."""
    assert scene.past
    before = scene.past.scene
    entries: dict[str, bytes] = {}
    for artifact in before.graph.sources:
        slot = scene.slots.get(artifact.id)
        if slot and slot.fresh and (slot.id in scene.served) == served:
            entries |= slot.value.files(slot.kind, slot.path)
    return entries


def _offered(graph: TaskGraph, skill_files: Mapping[str, Files]) -> Files:
    entries: dict[str, File | bytes | str] = {}
    for skill in graph.skills:
        entries |= {f"{skill}/{path}": file for path, file in skill_files[skill].items()}
    return Files(entries)


def _config(scene: Scene, graph: TaskGraph, identity: Identity, clutter: Clutter) -> TaskConfig:
    primary, setting = identity.primary_skill, scene.world.setting
    operations = tuple(node.operation for node in graph.nodes)
    persona = setting.persona
    metadata = ClawGymMetadata(
        kind=identity.kind,
        generator=GENERATOR,
        seed=identity.seed,
        primary_skill=primary,
        supporting_skills=tuple(skill for skill in graph.skills if skill != primary),
        prompt_style=identity.style,
        difficulty=_level(scene, graph, clutter),
        scenario=f"{setting.category.name}/{setting.subcategory}",
        benchmark_category=benchmark_category(setting.subcategory, operations).name,
        persona=f"{persona.name}, {persona.role}, {persona.organisation}",
        labels={"form": str(scene.form), "shape": shape_label(graph), **identity.labels},
    )
    return TaskConfig(
        task=TaskName(name=f"clawgym/{identity.task_id}", keywords=operations),
        metadata=Metadata(clawgym=metadata),
        environment=EnvironmentSection(skills_dir="/skills" if graph.skills else None),
    )


def shape_label(graph: TaskGraph) -> str:
    """`single`, `chain`, `fan-in`, `fan-out`, `both` or `parts`: how the steps hang together."""
    if len(graph.nodes) == 1:
        return "single"
    made = {node.output for node in graph.nodes}
    taken = [end for node in graph.nodes for end in node.inputs]
    joins = any(len(node.inputs) > 1 for node in graph.nodes)
    branches = any(taken.count(end) > 1 for end in taken)
    if joins and branches:
        return "both"
    if joins or branches:
        return "fan-in" if joins else "fan-out"
    return "chain" if len(made & set(taken)) == len(graph.nodes) - 1 else "parts"


def _unchanged(digests: dict[str, str]) -> UnchangedCheck:
    return UnchangedCheck(
        id="inputs",
        node=None,
        role=CheckRole.GATE,
        weight=0.0,
        requirement="the files that were given are unchanged",
        expected=", ".join(digests),
        digests=digests,
    )


__all__ = [
    "GENERATOR",
    "SITE",
    "Form",
    "Identity",
    "build_task",
    "checks_for",
    "computed_figures",
    "initial_workspace",
    "mistaken_workspaces",
    "shape_label",
]
