"""The pages about bundled skills and about the linter's codes say what the code says."""

import runpy
from pathlib import Path

from clawgym_skills.authoring.advice import ADVICE
from clawgym_skills.operations import atomic_operations

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_of_bundled_skills_is_current():
    made = runpy.run_path(str(DOCS / "skills_reference.py"))["reference"]()
    assert (DOCS / "skills_bundled.md").read_text() == made, (
        "run: python docs/skills_reference.py > docs/skills_bundled.md"
    )


def test_every_code_of_the_linter_is_documented():
    page = (DOCS / "skills_codes.md").read_text()
    for code, (severity, summary) in ADVICE.items():
        assert f"| {code} | {severity} | {summary} |" in page


def test_there_are_26_operations_in_7_categories():
    operations = atomic_operations()
    assert len(operations) == 26
    assert len({operation.category for operation in operations.values()}) == 7


def test_the_synthesiser_grounds_all_of_them_on_kinds_that_they_accept():
    import synth.operations as grounded

    known = atomic_operations()
    assert set(grounded.OPERATIONS) == set(known)
    for name, operation in grounded.OPERATIONS.items():
        assert set(operation.kinds) <= set(known[name].accepts)
