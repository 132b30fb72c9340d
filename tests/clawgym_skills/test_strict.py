"""The strict profile: each rule of the specification is broken once, and named with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym_skills.diagnostic import Severity
from clawgym_skills.strict import StrictRule, check_directory, check_document, is_valid

PLAIN = "---\nname: demo\ndescription: Shows how.\n---\n# Demo\n"


def check(text: str | bytes, directory: str = "demo") -> list[tuple[str, int | None]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(found.code, found.line) for found in check_document(data, directory, "SKILL.md")]


def with_entry(entry: str) -> str:
    return f"---\nname: demo\ndescription: Shows how.\n{entry}\n---\nBody\n"


def test_a_skill_by_the_book_has_no_findings():
    entries = "license: MIT\ncompatibility: Python 3\nmetadata:\n  a: b\nallowed-tools: Bash Read"
    assert check(with_entry(entries)) == []


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (b"\xff", StrictRule.NOT_UTF8, 1),
        ("# Demo", StrictRule.NO_FRONTMATTER, 1),
        ("\ufeff" + PLAIN, StrictRule.NO_FRONTMATTER, 1),
        ("---\nname: demo\n", StrictRule.NOT_CLOSED, 1),
        ("---\nname: [a\n---\n", StrictRule.INVALID_YAML, 3),
        ("---\n- a\n---\n", StrictRule.NO_MAPPING, 2),
        (with_entry("name: demo"), StrictRule.DUPLICATE_KEY, 4),
        (with_entry("license: *a"), StrictRule.ALIAS, 4),
        (with_entry("metadata: {a: b}"), StrictRule.FOREIGN_YAML, 4),
        (with_entry("license: !x MIT"), StrictRule.INVALID_YAML, 4),
        (with_entry("license: &a MIT"), StrictRule.FOREIGN_YAML, 4),
        ("---\ndescription: x\n---\n", StrictRule.NO_NAME, None),
        ("---\nname: ''\ndescription: x\n---\n", StrictRule.EMPTY_NAME, 2),
        ("---\nname: demo\n---\n", StrictRule.NO_DESCRIPTION, None),
        ("---\nname: demo\ndescription:\n---\n", StrictRule.EMPTY_DESCRIPTION, 3),
        (f"---\nname: demo\ndescription: {'x' * 1025}\n---\n", StrictRule.LONG_DESCRIPTION, 3),
        (with_entry("version: 1"), StrictRule.UNEXPECTED_FIELD, 4),
        (with_entry("compatibility:\n  - a"), StrictRule.COMPATIBILITY_TYPE, 4),
        (with_entry("compatibility: " + "x" * 501), StrictRule.LONG_COMPATIBILITY, 4),
    ],
    ids=lambda value: value.name if isinstance(value, StrictRule) else "",
)
def test_a_violation_is_named_with_its_line(text, rule, line):
    assert check(text) == [(rule.code, line)]
    assert rule.severity is Severity.VIOLATION


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a" * 65, StrictRule.LONG_NAME),
        ("Demo", StrictRule.NAME_CASE),
        ("-demo", StrictRule.NAME_EDGE),
        ("de--mo", StrictRule.NAME_HYPHENS),
        ("de_mo", StrictRule.NAME_CHARACTERS),
    ],
)
def test_a_name_has_a_form(name, rule):
    assert check(f"---\nname: {name}\ndescription: x\n---\n", directory=name) == [(rule.code, 2)]


def test_the_name_is_that_of_the_directory():
    assert check(PLAIN, directory="other") == [(StrictRule.NAME_DIRECTORY.code, 2)]


def test_names_are_compared_in_their_composed_form():
    text = "---\nname: cafe\u0301\ndescription: x\n---\n"
    assert check(text, directory="caf\u00e9") == []


@pytest.mark.parametrize(
    ("entry", "rule", "line"),
    [
        ("metadata: text", StrictRule.METADATA_TYPE, 4),
        ("metadata:\n  a: b\n  c:\n    d: e", StrictRule.METADATA_VALUE, 6),
        ("metadata:\n  version: 1.0", StrictRule.METADATA_VALUE, 5),
        ("license:\n  - MIT", StrictRule.LICENSE_TYPE, 4),
        ("allowed-tools:\n  - Bash", StrictRule.TOOLS_TYPE, 4),
        ("compatibility: ''", StrictRule.EMPTY_COMPATIBILITY, 4),
        ("license: a --- b", StrictRule.SPLIT_TRAP, 4),
        ("license: yes", StrictRule.TYPED_VALUE, 4),
    ],
)
def test_what_the_reference_overlooks_is_advice(entry, rule, line):
    assert check(with_entry(entry)) == [(rule.code, line)]
    assert is_valid(check_document(with_entry(entry).encode(), "demo", "SKILL.md"))


def test_a_long_body_is_advised_against():
    assert check(PLAIN + "line\n" * 501) == [(StrictRule.LONG_BODY.code, None)]


def test_a_directory_without_a_skill_file(tmp_path):
    assert [found.code for found in check_directory(tmp_path)] == [StrictRule.NO_FILE.code]


def test_the_lower_case_file_name_is_read_with_advice(tmp_path):
    directory = tmp_path / "demo"
    directory.mkdir()
    (directory / "skill.md").write_text(PLAIN)
    assert [found.code for found in check_directory(directory)] == [StrictRule.FILE_NAME.code]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"---\n{text}\n---\n"))
def test_any_text_gets_findings_and_no_exception(text):
    check(text)
