"""Grading a finished workspace, and grading the graders.

`checks` describes what a verifier compares, `task_runtime/grade.py` is the self-contained program
that compares it, `grading` runs that program in a box that the agent never touched, `scoring` turns
checks into a score.

Grading the graders: `panel`, `probes`, `fuzz`, `mutants` and `tampering` make `attempts` whose
deserts are known, `lint` reads the verifier's source by the `rules`, `examination` tries them all
at one task and `judgement` makes findings of what was not due; `cards` are what is kept of it,
`rates` the error rates, and `proof` does this for a whole dataset.
"""

from verify.checks import CheckSet, verifier_files
from verify.grading import grade
from verify.probes import PROBES, Probe
from verify.scoring import combine

__all__ = ["PROBES", "CheckSet", "Probe", "combine", "grade", "verifier_files"]
