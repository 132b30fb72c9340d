"""Commissions by seed and index: who asks for what, from the taxonomies and the catalogue."""

from collections.abc import Callable, Sequence
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.seeds import derive_random
from clawgym_skills.annotate.core import core_content
from clawgym_skills.annotate.text import text_of
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.catalogue import open_catalogue
from clawgym_skills.operations import atomic_operations
from clawgym_skills.skill import Skill
from synth.authoring.assembling import Commission
from synth.authoring.briefs import PlainBrief, PlainSkill
from synth.routes.deck import dealt
from synth.taxonomy import Persona, category_of, make_setting, subcategories

_OPERATIONS = (2, 2, 3, 3, 4)
_SUPPORTING = 2

Commissions = Callable[[int], Commission]
"""The commission of each place, a pure function."""


def persona_commissions(seed: int) -> Commissions:
    """Persona and scenario with some operations; all subcategories and operations come evenly."""
    names, operations = tuple(subcategories()), tuple(atomic_operations())

    def commission(index: int) -> Commission:
        rng = derive_random(seed, "authored", index)
        subcategory = dealt(seed, "authored-scenario", index, names)
        setting = make_setting(rng, subcategory=subcategory)
        first = dealt(seed, "authored-operation", index, operations)
        others = [name for name in operations if name != first]
        chosen = (first, *rng.sample(others, rng.choice(_OPERATIONS) - 1))
        scenario = (
            f"{category_of(subcategory).name} / {subcategory}: "
            f"{subcategories()[subcategory].summary}\nWhy now: {setting.purpose.say}\n"
            f"The files are about: {setting.domain.name}"
        )
        brief = PlainBrief(persona_words(setting.persona), scenario, chosen)
        return Commission(index, seed, "persona", brief)

    return commission


def skill_commissions(seed: int, skills: Sequence[Skill]) -> Commissions:
    """A primary skill, each as often as the others, with up to two that declare something else.

    Raises:
        UsageError: there is no skill to ground a task in.
    """
    usable = [skill for skill in skills if _operations_of(skill)]
    if not usable:
        raise UsageError(
            "no skill declares an operation that tasks are made of; index some that do with "
            "`clawgym skills index DIR`, or take --route persona"
        )

    def commission(index: int) -> Commission:
        rng = derive_random(seed, "authored", index)
        primary = dealt(seed, "authored-skill", index, usable)
        known = set(_operations_of(primary))
        others = [s for s in usable if s is not primary and not known >= set(_operations_of(s))]
        supporting = rng.sample(others, min(len(others), rng.randint(0, _SUPPORTING)))
        chosen = (primary, *supporting)
        setting = make_setting(rng, subcategory=rng.choice(list(subcategories())))
        operations = dict.fromkeys(name for skill in chosen for name in _operations_of(skill))
        scenario = f"{setting.purpose.say}\nThe files are about: {setting.domain.name}"
        brief = PlainBrief(
            persona_words(setting.persona), scenario, tuple(operations), _offers(chosen)
        )
        return Commission(index, seed, "skill", brief)

    return commission


def personas(seed: int) -> Callable[[int], str]:
    """The persona of each place in words, for phrasing."""
    return lambda index: persona_words(make_setting(derive_random(seed, "phrased", index)).persona)


def catalogue_skills(catalogue: Path | None) -> list[Skill]:
    """The skills of a catalogue file, or the bundled ones."""
    if catalogue is None:
        return bundled_skills()
    with open_catalogue(catalogue) as opened:
        return opened.skills()


def persona_words(persona: Persona) -> str:
    """A persona in a few lines."""
    if persona.about:
        return f"{persona.name}: {persona.about}"
    who = f"{persona.name}, {persona.role} at {persona.organisation} ({persona.industry})"
    return "\n".join(
        (
            f"{who}, {persona.seniority}, {persona.years} years on the job",
            f"locale {persona.locale}",
            f"writes in a {persona.tone} tone; uses {', '.join(persona.tools)}",
            f"habits: {'; '.join(persona.habits)}",
        )
    )


def _operations_of(skill: Skill) -> list[str]:
    known = atomic_operations()
    names = (capability.operation for capability in skill.capabilities)
    return [name for name in dict.fromkeys(names) if name in known]


def _offers(skills: Sequence[Skill]) -> tuple[PlainSkill, ...]:
    """The skills under names that differ and that a directory can have."""
    offers: dict[str, PlainSkill] = {}
    for skill in skills:
        stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in skill.id)
        stem = stem.strip("-")[:64] or "skill"
        name = stem if stem not in offers else f"{stem}-{len(offers) + 1}"
        offers[name] = PlainSkill(name, core_content(text_of(skill)), skill.files)
    return tuple(offers.values())
