"""Annotation for synthesis: what a skill is, what it needs, and whether tasks may be made from it.

record       one line of `skill_annotations.jsonl`, in ClawGym's format and with our additions
text         a skill as lines that know what they are
signals      words that speak for a field (`signals.toml`), weighed by context (`contexts.toml`)
language, formats, core, taxonomy    the other fields
rules, batch    the deterministic annotator, for one skill and for many
prompting, asking    the annotator that asks a model
agreement    how far two annotators agree
quality      precision and recall against labelled skills
eligibility  which skills synthesis may use, and the funnel
storing      records to and from a catalogue
"""

from clawgym_skills.annotate.eligibility import (
    Eligibility,
    Funnel,
    Policy,
    Reason,
    eligible_for_synthesis,
    funnel,
)
from clawgym_skills.annotate.record import Additions, Annotation, Evidence, Facts, SkillIds, Status
from clawgym_skills.annotate.rules import RULES, annotate

__all__ = [
    "RULES",
    "Additions",
    "Annotation",
    "Eligibility",
    "Evidence",
    "Facts",
    "Funnel",
    "Policy",
    "Reason",
    "SkillIds",
    "Status",
    "annotate",
    "eligible_for_synthesis",
    "funnel",
]
