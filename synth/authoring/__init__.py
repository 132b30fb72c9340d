"""Synthesis with a model: phrasing by a persona, and tasks that a model writes in four stages.

Truth never rests on what a model says of itself: `limits` and `gates` refuse what is wrong by its
form, `meaning` compares a rewriting with what it rewords, `proving` runs everything in boxes, and
`conversing` tells a model what failed, the working attacks of a second one included. `journal`
keeps each stage's outcome and all spending, so that the same command goes on after any end. Start
one with `running.author` or `rephrasing.rephrase`.
"""

from synth.authoring.briefs import Brief, SkillOffer
from synth.authoring.journal import Journal, Spent
from synth.authoring.report import AuthoringReport

__all__ = ["AuthoringReport", "Brief", "Journal", "SkillOffer", "Spent"]
