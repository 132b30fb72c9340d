"""The rubric judge: criteria with anchored bands, scored by a model over the whole deliverable.

`rubric` is `tests/rubric.toml`, `importing` reads the rubrics of other suites, `deliverable` and
`render` turn a finished workspace into text, `paging` into material that a prompt can hold, `judge`
asks (`prompting`, `answers`), `calibration` says how far to trust it. Set one up with
`opening.open_judge`.
"""

from verify.rubric.importing import (
    ImportedRubric,
    Repair,
    from_clawgym_rules,
    from_pinchbench_sections,
)
from verify.rubric.rubric import BANDS, FILE_NAME, LEVELS, Criterion, Rubric, rubric_of

__all__ = [
    "BANDS",
    "FILE_NAME",
    "LEVELS",
    "Criterion",
    "ImportedRubric",
    "Repair",
    "Rubric",
    "from_clawgym_rules",
    "from_pinchbench_sections",
    "rubric_of",
]
