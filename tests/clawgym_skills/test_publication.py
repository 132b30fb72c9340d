"""The publication view: always by the specification, and never written back."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import Files
from clawgym_skills import Skill, read_skill
from clawgym_skills.publication import publication_view, slug
from clawgym_skills.strict import check_document, is_valid


def test_metadata_becomes_text_tools_one_string_and_unknown_keys_metadata(write_skill):
    text = (
        "---\nname: Weather Report\ndescription: Reads.\nhomepage: https://x.y\n"
        'metadata: {"openclaw": {"requires": {"bins": ["jq"]}}, "level": 3}\n'
        "allowed-tools: [Read, 'Bash(git commit:*)']\nlicense: MIT\n---\n# Weather\n"
    )
    directory = write_skill("wr", text)
    skill = read_skill(directory)
    view = publication_view(skill)
    assert view.frontmatter == {
        "name": "weather-report",
        "description": "Reads.",
        "license": "MIT",
        "metadata": {
            "homepage": "https://x.y",
            "openclaw": '{"requires":{"bins":["jq"]}}',
            "level": "3",
        },
        "allowed-tools": "Read Bash(git commit:*)",
    }
    assert view.verbatim == skill.frontmatter
    assert (directory / "SKILL.md").read_text() == text


def test_tools_with_commas_are_joined_by_blanks(write_skill):
    text = "---\nname: a\ndescription: b\nallowed-tools: Read, Bash(a, b), Edit\n---\n"
    assert (
        publication_view(read_skill(write_skill("a", text))).allowed_tools == "Read Bash(a, b) Edit"
    )


def test_a_long_description_is_bounded(write_skill):
    skill = read_skill(write_skill("a", f"---\nname: a\ndescription: {'word ' * 400}\n---\n"))
    assert len(publication_view(skill).description) <= 1024


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Invoice Checker", "invoice-checker"),
        ("@a/b__c", "a-b-c"),
        ("天气", "skill"),
        ("x" * 80, "x" * 64),
    ],
)
def test_slugs(name, expected):
    assert slug(name) == expected


VALUES = st.recursive(
    st.text(max_size=12) | st.booleans() | st.none() | st.integers(-999, 999),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["name", "license", "compatibility", "metadata", "allowed-tools", "on"])


@given(st.dictionaries(KEYS | st.text(max_size=8), VALUES, max_size=6), st.text(max_size=80))
def test_any_skill_is_rendered_without_a_violation_and_reads_as_the_view(frontmatter, name):
    skill = Skill(name or "x", "Does it.", "Body", frontmatter, Files({}), Path("/x"))
    view = publication_view(skill)
    data = view.render(skill.body)
    found = check_document(data, view.name, "SKILL.md")
    assert is_valid(found), found
    assert yaml.safe_load(data.decode().split("\n---\n")[0]) == view.frontmatter
