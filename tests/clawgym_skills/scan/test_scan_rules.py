"""The rules as data: their examples hold, they are documented, and they are quick on any line."""

import re
import time
from pathlib import Path

import pytest

from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression
from clawgym_skills.scan.patterns import scan_patterns
from clawgym_skills.scan.rule import Pattern, Rule, chapters, compiled, rules

ROOT = Path(__file__).parents[3]
CODE = ROOT / "clawgym_skills" / "scan"
WITH_PATTERNS = [rule for rule in rules().values() if rule.patterns]
SUFFIXES = {"markdown": "md", "text": "txt", "shell": "sh", "python": "py", "javascript": "js"}


def breaks(rule: Rule, line: str) -> bool:
    """Whether a line breaks a rule in any kind of document that the rule is for."""
    for kind in {kind for pattern in rule.patterns for kind in pattern.kinds}:
        found = Collector()
        scan_patterns(Document(f"a.{SUFFIXES.get(kind, 'x')}", kind, line), found)
        if any(finding.rule == rule.id for finding in found.findings):
            return True
    return False


@pytest.mark.parametrize("rule", WITH_PATTERNS, ids=lambda rule: rule.id)
def test_examples_break_the_rule_and_look_alikes_do_not(rule):
    assert [line for line in rule.examples if not breaks(rule, line)] == []
    assert [line for line in rule.allowed if breaks(rule, line)] == []


def test_every_code_that_the_scanner_uses_is_a_rule():
    used = {
        code
        for path in CODE.glob("*.py")
        for code in re.findall(r'"(SC\d{3})"', path.read_text("utf-8"))
    }
    by_pattern = {rule.id for rule in WITH_PATTERNS}
    assert used - set(rules()) == set()
    assert set(rules()) - used - by_pattern == set()


def test_codes_and_names_are_unique_and_in_order():
    listed = [rule for _, chapter in chapters() for rule in chapter]
    assert len({rule.id for rule in listed}) == len(listed)
    assert len({rule.name for rule in listed}) == len(listed)


@pytest.mark.parametrize("page", ["scanner.md", "skills_codes.md"])
def test_the_documented_table_is_current(page):
    from docs.scanner_reference import reference

    assert reference() in (ROOT / "docs" / page).read_text("utf-8")


def test_anchors_are_lower_case():
    patterns: list[Pattern] = [pattern for rule in WITH_PATTERNS for pattern in rule.patterns]
    assert [a for p in patterns for a in p.anchors if a != a.lower()] == []


HOSTILE = [
    "a" * 1_000,
    " " * 1_000,
    "run " * 250,
    "download the " * 80,
    "https://a.example/" * 55,
    "-" * 1_000,
    "send all the api keys and " * 40,
    "append to memory.md " * 50,
    "!`" * 500,
    "eval(" * 200,
    "_0x1234 " * 125,
    "curl -o a http://1.2.3.4 | " * 40,
]


@pytest.mark.parametrize("kind", ["markdown", "shell", "python", "javascript", "data"])
def test_patterns_are_quick_on_lines_made_to_slow_them_down(kind):
    for line in HOSTILE:
        started = time.process_time()
        for pattern in compiled(kind):
            for regex in (pattern.line, pattern.near, pattern.unless):
                if regex is not None:
                    regex.search(line)
        assert time.process_time() - started < 0.5, line[:20]


def test_expressions_are_quick_on_long_text():
    from clawgym_skills.scan.expressions import _expressions

    for module, table in _expressions().items():
        for key in table:
            for line in HOSTILE:
                started = time.process_time()
                expression(f"{module}.{key}").search(line * 8)
                assert time.process_time() - started < 1.0, (module, key, line[:20])
