"""Synthesis: operations are composed into task graphs, and those into executable tasks.

Read in this order: `world` (source data), `operations` (what can be done, and what is then true),
`scene` and `composing` (the graph), `bundling` (which steps belong together), `reworking` (earlier
work that is mended or changed), `building` (the task), `phrasing`, `steps`, `recalling` and
`telling` (words, last), `routes` (which task an index is dealt), `gates` and `running` (proof, and
the dataset). `task_runtime/solve.py` solves a task.
"""

from synth.routes import Recipe, SkillSource, choose_skills
from synth.running import synthesise

__all__ = ["Recipe", "SkillSource", "choose_skills", "synthesise"]
