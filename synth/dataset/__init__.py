"""Datasets as a whole: measured, compared, put together, divided and handed on.

`profile` is what is kept of a task, with `shape` for its graph and `features` for the names of what
is measured. `similarity`, `meaning` and `contamination` say what repeats what. `diversity` and
`survey` are the figures, `tables` and `card` show them. `merging`, `selecting` (with `conditions`,
`sampling` and `splitting`) and `exporting` (with `hub`) write new datasets; `provenance` says what
those were made of, and `reading` opens any format.
"""

from synth.dataset.contamination import Benchmarks, Contamination, decontaminate
from synth.dataset.meaning import SameMeaning
from synth.dataset.similarity import Duplicate, Fingerprint, Novelty, near_pairs

__all__ = [
    "Benchmarks",
    "Contamination",
    "Duplicate",
    "Fingerprint",
    "Novelty",
    "SameMeaning",
    "decontaminate",
    "near_pairs",
]
