"""Synthesis: skills are composed into task graphs, and those into executable tasks.

Read in this order: `world` (source data), `operations` (what can be done, and what is then true),
`composing` (the graph), `checking` (the verifier), `building` (the task), `phrasing` (words, last),
`pipeline` (gates and the dataset). `task_runtime/solve.py` is the reference solution.
"""

from synth.pipeline import Recipe, SkillSource, Synthesis, choose_skills, synthesise

__all__ = ["Recipe", "SkillSource", "Synthesis", "choose_skills", "synthesise"]
