"""Routes: how tasks come about, and how a dataset is balanced.

mixture    which index goes which way
deck       balanced choice by index, without counters
design     what the task of an index is to be like
skills     what is needed of a skill; `endings` is what files its operations meet in tasks
wishes     which operations are wanted together
skill      the skill-grounded route
persona    the persona-driven route
recipe     everything that decides a dataset
drawing    the candidate of an index
"""

from synth.routes.design import Design, design
from synth.routes.drawing import draw
from synth.routes.mixture import Route
from synth.routes.recipe import Recipe
from synth.routes.skills import SkillSource, choose_skills, usable_skills

__all__ = [
    "Design",
    "Recipe",
    "Route",
    "SkillSource",
    "choose_skills",
    "design",
    "draw",
    "usable_skills",
]
