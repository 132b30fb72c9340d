"""Every code of the reader and of the profiles is documented, and none is used twice."""

from pathlib import Path

import pytest

from clawgym_skills.diagnostic import Code, Rule, Severity
from clawgym_skills.openclaw.loading import OpenClawRule
from clawgym_skills.strict import StrictRule

DOCUMENT = Path(__file__).parents[2] / "docs" / "skills_codes.md"


@pytest.mark.parametrize("rules", [Code, StrictRule, OpenClawRule])
def test_every_code_is_documented_with_its_severity_and_meaning(rules: type[Rule]):
    text = DOCUMENT.read_text("utf-8")
    for rule in rules:
        assert f"| {rule.code} | {rule.severity} | {rule.summary} |" in text
    assert len({rule.code for rule in rules}) == len(rules)


def test_what_openclaw_skips_is_refused():
    skipped = {rule for rule in OpenClawRule if rule.severity is Severity.REFUSED}
    assert skipped == {rule for rule in OpenClawRule if rule.code.startswith("SKO2")}
