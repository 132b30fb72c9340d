"""Drawing: the candidate of an index, by its design."""

import random
import re
from collections.abc import Mapping
from dataclasses import replace

from clawgym.artifact import ArtifactKind
from clawgym.files import Files
from clawgym.operation import Capability
from clawgym.seeds import derive_random
from synth.building import (
    Identity,
    build_task,
    computed_figures,
    mistaken_workspaces,
)
from synth.chaining import reach
from synth.composing import Offer, Plan, compose, extend
from synth.distractors import NOTHING, clutter_of
from synth.gates.candidate import Candidate, Lost
from synth.knobs import Knobs
from synth.reworking import finished, followed_up, repaired
from synth.routes.affinity import is_at_home, places_for, suitable
from synth.routes.deck import dealt
from synth.routes.design import Design, design
from synth.routes.mixture import Route
from synth.routes.persona import lead_operation, plan_for_persona
from synth.routes.recipe import Recipe
from synth.routes.skill import lead_of, plan_for_skill, primary_skill
from synth.rubrics import prose_nodes, rubric_for
from synth.scene import Form, Scene
from synth.taxonomy import Domain, category_of, domains, domains_of, make_setting, subcategories
from synth.values import ROW_KINDS
from synth.world import World

_DRAWS = 60
_EXACT, _CLOSE, _FORMED, _APART = 8, 28, 20, 6
"""How many draws insist on the very lead, on its operation, on the form, and on one piece."""

_LEAST_AGAIN = 2
"""How many steps work on earlier work has at least, while there is patience."""

_PER_SIZE = 4
"""After how many draws a graph may have one node less; short ones are given up later."""
_SHORT = 2

_MISTAKES = 4
_REPORTS = tuple(Offer(Capability("report", kind)) for kind in ROW_KINDS)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_GATE = "composition"


def draw(recipe: Recipe, index: int) -> Candidate:
    """The candidate of one index: a pure function of the recipe and the index."""
    wanted = design(
        recipe.seed,
        index,
        mixture=recipe.mixture if recipe.skills else 0.0,
        scenarios=recipe.scenarios,
        levels=recipe.levels,
        style=recipe.style,
    )
    if not recipe.scenarios:
        places = places_for(_lead(recipe, wanted))
        name = f"{wanted.route}-place-{len(places)}"
        place = dealt(recipe.seed, name, wanted.ordinal, places)
        wanted = replace(wanted, subcategory=place)
    lost: list[Lost] = []
    for attempt in range(_DRAWS):
        rng = derive_random(recipe.seed, "task", index, attempt)
        made = _attempt(rng, recipe, wanted, index, attempt)
        if isinstance(made, Candidate):
            return Candidate(
                index, made.task, tuple(lost), made.figures, made.mistakes, made.labels
            )
        lost.append(made)
    return Candidate(index, None, tuple(lost))


def _attempt(
    rng: random.Random, recipe: Recipe, wanted: Design, index: int, attempt: int
) -> Candidate | Lost:
    patience = 2 if attempt < _EXACT else 1 if attempt < _CLOSE else 0
    plan, lead = _plan(recipe, wanted, patience)
    size = reach(lead.operation, wanted.size)
    per_size = _PER_SIZE if size > _SHORT else 2 * _PER_SIZE
    plan = replace(plan, size=size, least=max(1, size - attempt // per_size))
    world = _world(rng, recipe, wanted, lead, plan, index)
    if recipe.scenarios and world.setting.subcategory not in recipe.scenarios:
        return Lost(_GATE, "other-scenario")
    scene = compose(rng, world, plan)
    if scene is None:
        return Lost(_GATE, "no-composition")
    if (
        _is_hybrid(recipe, index)
        and attempt < _CLOSE
        and not _with_prose(rng, scene, plan, attempt)
    ):
        return Lost(_GATE, "no-prose")
    form = wanted.form if attempt < _FORMED else Form.PLAIN
    if form is not Form.PLAIN and _is_hybrid(recipe, index):
        form = Form.PLAIN  # a rubric judges what was written in one go
    scene = _in_form(rng, scene, plan, form)
    few = scene is not None and len(scene.nodes) < min(plan.least, _LEAST_AGAIN)
    if scene is None or few or plan.unmet(scene.nodes):
        return Lost(_GATE, f"no-{form}")
    return _candidate(rng, recipe, wanted, scene, index)


def _candidate(
    rng: random.Random, recipe: Recipe, wanted: Design, scene: Scene, index: int
) -> Candidate | Lost:
    clutter = clutter_of(rng, scene) if scene.world.knobs.distractors[1] else NOTHING
    labels = {"level": str(wanted.level)}
    identity = Identity(
        task_id=_task_id(recipe, wanted, index),
        kind=wanted.route.value,
        seed=recipe.seed,
        style=wanted.style,
        primary_skill=_primary(recipe, wanted),
        labels=labels,
    )
    rubric = rubric_for(rng, scene) if _is_hybrid(recipe, index) else None
    task = build_task(rng, scene, identity, _skill_files(recipe), clutter, rubric)
    if task is None:
        return Lost(_GATE, "nothing-to-earn")
    if recipe.levels and task.clawgym.difficulty not in recipe.levels:
        return Lost(_GATE, "other-level")
    figures = computed_figures(scene)
    if set(_NUMBER.findall(task.instruction)) & figures:
        return Lost("leak", "figure")
    mistakes = mistaken_workspaces(rng, scene, task.workspace, _MISTAKES)
    told = {
        **task.clawgym.labels,
        "subcategory": scene.world.setting.subcategory,
        "difficulty": str(task.clawgym.difficulty),
    }
    return Candidate(index, task, (), frozenset(figures), mistakes, told)


def _lead(recipe: Recipe, wanted: Design) -> Capability:
    if wanted.route is Route.PERSONA:
        return lead_operation(recipe.seed, wanted)
    primary = primary_skill(recipe.seed, wanted, recipe.skills)
    return lead_of(recipe.seed, wanted, primary, len(recipe.skills))


def _plan(recipe: Recipe, wanted: Design, patience: int) -> tuple[Plan, Capability]:
    lead = _lead(recipe, wanted)
    if wanted.route is Route.SKILL:
        plan = plan_for_skill(recipe.seed, wanted, recipe.skills, patience=patience)
    else:
        plan = plan_for_persona(recipe.seed, wanted, patience=patience)
    offers = suitable(plan.offers, wanted.subcategory, lead)
    must = tuple(kept for group in plan.must if (kept := group.intersection(offers)))
    return replace(plan, offers=offers, must=must), lead


def _primary(recipe: Recipe, wanted: Design) -> str | None:
    if wanted.route is Route.PERSONA:
        return None
    return primary_skill(recipe.seed, wanted, recipe.skills).name


def _is_hybrid(recipe: Recipe, index: int) -> bool:
    return derive_random(recipe.seed, "hybrid", index).random() < recipe.hybrid


def _with_prose(rng: random.Random, scene: Scene, plan: Plan, attempt: int) -> bool:
    """Whether a scene asks for words of one's own, if need be after one more report.

    After some draws the report may be one on the feed, whatever else the task is about.
    """
    if any(prose_nodes(scene)):
        return True
    reports = tuple(o for o in plan.offers if o.capability.operation == "report") or _REPORTS
    apart = attempt >= _APART
    entries = plan.entries + apart
    extend(rng, scene, replace(plan, offers=reports, must=(), parts=apart, entries=entries), 1)
    return any(prose_nodes(scene))


def _task_id(recipe: Recipe, wanted: Design, index: int) -> str:
    return f"{_primary(recipe, wanted) or wanted.subcategory}-s{recipe.seed}-{index + 1:04d}"


def _skill_files(recipe: Recipe) -> Mapping[str, Files]:
    return {skill.name: skill.files for skill in recipe.skills}


def _world(
    rng: random.Random,
    recipe: Recipe,
    wanted: Design,
    lead: Capability,
    plan: Plan,
    index: int,
) -> World:
    persona = (
        dealt(recipe.seed, f"{wanted.route}-persona", wanted.ordinal, recipe.personas)
        if recipe.personas
        else None
    )
    domain, form = rng.choice(_homes(wanted.subcategory, lead, plan))
    own = wanted.subcategory in domain.subcategories
    subcategory = wanted.subcategory if own else rng.choice(domain.subcategories)
    setting = make_setting(rng, subcategory=subcategory, domain=domain, persona=persona)
    knobs = Knobs(wanted.level, prose=_is_hybrid(recipe, index))
    return World.of(setting, form, knobs, rng.getrandbits(63))


def _homes(subcategory: str, lead: Capability, plan: Plan) -> list[tuple[Domain, ArtifactKind]]:
    """The domains of a subcategory with the form of their feed: those that suit the lead, if any.

    Rows may always come as an export of the form that is wanted. For entries of another kind of
    file, a domain of the same category may do, or in the end any that has them.
    """
    readable = {o.capability.kind for o in plan.offers if o.capability.operation == "extract"}

    def forms(found: tuple[Domain, ...]) -> list[tuple[Domain, ArtifactKind]]:
        return [
            (domain, form)
            for domain in found
            for form in domain.entry
            if form in ROW_KINDS or form in readable
        ]

    every = domains_of(subcategory)
    own = tuple(domain for domain in every if is_at_home(lead, domain)) or every
    here = forms(own) or [(domain, ROW_KINDS[0]) for domain in own]
    suitable = [home for home in here if home[1] is lead.kind]
    if not suitable and lead.kind in ROW_KINDS:
        suitable = [(domain, lead.kind) for domain in own]
    if not suitable and lead.operation == "extract":
        siblings = {name for name in subcategories() if _category(name) == _category(subcategory)}
        near = tuple(d for d in domains() if siblings & set(d.subcategories))
        suitable = [
            home for found in (near, domains()) for home in forms(found) if home[1] is lead.kind
        ]
    return suitable or here


def _category(subcategory: str) -> str:
    return category_of(subcategory).name


def _in_form(rng: random.Random, scene: Scene, plan: Plan, form: Form) -> Scene | None:
    """A scene as the form has it, or None where it cannot be had."""
    if form is Form.PLAIN:
        return scene
    wanted = {
        node.id
        for node in scene.nodes
        if any(offer.made(node) for group in plan.must for offer in group)
    }
    if form is Form.REPAIR:
        return repaired(rng, scene, wanted)
    after = finished(scene) if rng.random() < 0.1 else followed_up(rng, scene, wanted)
    if after is None or (after.nodes and rng.random() < (0.5 if len(after.nodes) > 1 else 0.25)):
        return after
    return after if extend(rng, after, plan, rng.choice((1, 1, 2))) else None
