"""The reference package's interface; its own tests run in `benchmarks/skills_ref_oracle.py`."""

import pytest

from clawgym_skills.skills_ref import (
    ParseError,
    ValidationError,
    find_skill_md,
    parse_frontmatter,
    read_properties,
    to_prompt,
    validate,
    validate_metadata,
)

PLAIN = "---\nname: demo\ndescription: Shows <how>.\nmetadata:\n  version: 1.0\n---\n# Demo\n"


def test_every_scalar_is_text():
    frontmatter, body = parse_frontmatter(PLAIN)
    assert (frontmatter["metadata"], body) == ({"version": "1.0"}, "# Demo")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Demo", "must start with YAML frontmatter"),
        ("---\nname: demo\n", "not properly closed"),
        ("---\nname: [a\n---\n", "Invalid YAML"),
        ("---\nname: {a: b}\n---\n", "Invalid YAML"),
        ("---\n- a\n---\n", "must be a YAML mapping"),
    ],
)
def test_parse_errors_speak_as_the_reference_does(text, message):
    with pytest.raises(ParseError, match=message):
        parse_frontmatter(text)


def test_a_dash_line_inside_a_value_does_not_end_the_frontmatter():
    frontmatter, _ = parse_frontmatter("---\nname: demo\ndescription: a --- b\n---\n")
    assert frontmatter["description"] == "a --- b"


def test_properties_of_a_directory(write_skill):
    directory = write_skill("demo", PLAIN)
    properties = read_properties(directory)
    assert properties.to_dict() == {
        "name": "demo",
        "description": "Shows <how>.",
        "metadata": {"version": "1.0"},
    }
    assert validate(directory) == []
    assert find_skill_md(directory) == directory / "SKILL.md"


def test_missing_fields_are_validation_errors(write_skill):
    with pytest.raises(ValidationError, match=r"Missing required field.*description") as caught:
        read_properties(write_skill("demo", "---\nname: demo\n---\n"))
    assert len(caught.value.errors) == 1


def test_violations_are_sentences(tmp_path, write_skill):
    directory = write_skill("other", "---\nname: De--mo\nversion: 1\n---\n")
    said = "\n".join(validate(directory))
    for fragment in ("lowercase", "consecutive hyphens", "must match skill name", "Unexpected"):
        assert fragment in said
    assert "does not exist" in validate(tmp_path / "nowhere")[0]
    assert "Not a directory" in validate(directory / "SKILL.md")[0]
    assert validate(tmp_path) == ["Missing required file: SKILL.md"]


def test_without_a_directory_the_name_may_be_any():
    assert validate_metadata({"name": "demo", "description": "x"}) == []


def test_the_prompt_escapes_and_names_the_file(write_skill):
    directory = write_skill("demo", PLAIN)
    said = to_prompt([directory])
    assert "<description>\nShows &lt;how&gt;.\n</description>" in said
    assert f"<location>\n{directory.resolve() / 'SKILL.md'}\n</location>" in said
    assert to_prompt([]) == "<available_skills>\n</available_skills>"
