"""Synthesis with a model: phrasing by a persona, and tasks that a model writes in four stages.

Truth never rests on what a model says of itself: `limits` and `gates` refuse what is wrong by its
form, `proving` runs everything in boxes, `reviewing` lets a second model attack the verifier, and
`conversing` tells the first one what failed. `journal` keeps each stage's outcome and all spending,
so that the same command goes on after any end. Start one with `running.author` or
`rephrasing.rephrase`.
"""

from synth.authoring.briefs import Brief, SkillOffer
from synth.authoring.journal import Journal, Spent
from synth.authoring.report import AuthoringReport

__all__ = ["AuthoringReport", "Brief", "Journal", "SkillOffer", "Spent"]
