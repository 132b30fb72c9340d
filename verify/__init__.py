"""Grading a finished workspace, and grading the graders.

`checks` describes what a verifier compares, `task_runtime/grade.py` is the self-contained program
that compares it, `grading` runs that program in a box that the agent never touched, `scoring` turns
checks into a score, `probes` are the calibration runs, and `proof` applies them to a dataset.
"""

from verify.checks import CheckSet, verifier_files
from verify.grading import grade
from verify.probes import PROBES, Probe
from verify.scoring import combine

__all__ = ["PROBES", "CheckSet", "Probe", "combine", "grade", "verifier_files"]
