"""OpenClaw's parser: what it takes, what it repairs, and what makes it skip a skill."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym_skills.openclaw import OpenClawSkippedError, parse_frontmatter


def parse(block: str) -> dict[str, str]:
    return dict(parse_frontmatter(f"---\n{block}\n---\nBody\n"))


def test_values_become_text_and_structures_json():
    block = "a: 1.0\nb: true\nc: 0x1F\nd: 1e3\ne: [x, 2]\nf:\n  g: null\nh: 2024-01-02"
    expected = {"a": "1", "b": "true", "c": "31", "d": "1000", "e": '["x",2]', "f": '{"g":null}'}
    assert parse(block) == {**expected, "h": "2024-01-02"}


def test_a_null_falls_back_to_the_text_of_its_line():
    assert parse("name: #demo\ndescription: ~\nother:") == {"name": "#demo", "description": "~"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("description: Use it to: post", "Use it to: post"),
        ("description: 'It's fine'", "It's fine"),
        ("description: @here and there", "@here and there"),
        ("description: *bold* claim", "*bold* claim"),
        ("description: *bold", "*bold"),
        ("description: [a] b", "[a] b"),
        ("summary: Use it to: post", "Use it to: post"),
    ],
)
def test_free_text_that_is_no_yaml_is_quoted(line, expected):
    assert parse(f"name: demo\n{line}\nhomepage: x")[line.partition(":")[0]] == expected


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("name: demo\nhomepage: a: b", 3),
        ("name: demo\nname: demo", 3),
        ("name: demo\nsummary: @here", 3),
        ("name: demo\nlicense: *a", 3),
        ("- a\n- b", 2),
        ('name: demo\nmetadata: {"a":\n"b": 1}', 4),
        ('name: demo\nmetadata: "a\nb"', 4),
        ("name: demo\ndescription: |\n  a\nb", 5),
    ],
)
def test_anything_else_skips_the_skill_with_its_line(block, line):
    with pytest.raises(OpenClawSkippedError) as caught:
        parse(block)
    assert caught.value.line == line


def test_a_closing_bracket_may_stand_at_the_margin():
    assert parse('metadata: {\n  "a": [1]\n}') == {"metadata": '{"a":[1]}'}


def test_a_structure_that_begins_behind_a_colon_on_its_line_is_taken_from_that_line():
    assert parse('metadata: {"a": [1]\n}') == {"metadata": '{"a": [1]'}


def test_a_missing_closing_fence_skips_and_no_frontmatter_is_empty():
    assert parse_frontmatter("# Demo\n") == {}
    assert parse_frontmatter("---\n---\n") == {}
    with pytest.raises(OpenClawSkippedError, match="closing"):
        parse_frontmatter("---\nname: demo\n")


def test_line_ends_marks_and_blanks_behind_fences_do_not_matter():
    assert parse_frontmatter("\ufeff--- \r\nname: demo\r\n---\t") == {"name": "demo"}


def test_control_characters_are_kept():
    assert parse('name: a\x07b\ndescription: "x\x85\u2028y"') == {
        "name": "a\x07b",
        "description": "x\x85\u2028y",
    }


MARKS = st.sampled_from([*"-:|>&*!{}[]#\"'@` \t\n,", "name: ", "description: ", "---", "\x85", "é"])


@settings(max_examples=400)
@given(st.lists(MARKS | st.text(max_size=4), max_size=60).map("".join))
def test_any_block_is_parsed_or_skipped(block):
    with suppress(OpenClawSkippedError):
        assert all(isinstance(value, str) for value in parse(block).values())


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 200_000,
        "{a: " * 60_000,
        "a: &a [x,x]\n" + "".join(f"k{n}: &n{n} [*a,*a]\n" for n in range(9_000)),
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n" + "d: [*c,*c]\n" * 3,
        "x: " + "{a:{" * 50_000,
        "description: " + "a: " * 80_000,
        "description:" + " " * 250_000 + "x: y",
        "'" * 250_000,
        "a: " + "9" * 250_000,
        "\n" * 250_000 + "x",
        "key: |\n" + "  x\n" * 60_000,
    ],
    ids=lambda bomb: bomb[:10],
)
def test_hostile_blocks_take_bounded_time(bomb):
    started = time.process_time()
    with suppress(OpenClawSkippedError):
        parse(bomb)
    assert time.process_time() - started < 2
