"""docs/suites.md lists every code."""

import re
from pathlib import Path

import pytest

from verify.suites.codes import LOSSES, REPAIRS
from verify.suites.lint import TASK_RULES

PAGE = (Path(__file__).parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [REPAIRS, LOSSES])
def test_every_code_is_documented_in_its_own_words(table: dict[str, str]):
    for code, meaning in table.items():
        assert f"| `{code}` | {meaning} |" in PAGE


def test_every_rule_is_documented():
    told = re.findall(r"\| `(T\d+)` \| ([\w-]+) \|", PAGE)
    assert told == [(code, name) for code, (name, _) in TASK_RULES.items()]
