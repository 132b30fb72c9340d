import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.skills.plain_yaml import read_frontmatter, read_obvious

WORDS = ["name", "metadata", "a-b", "on", "yes", "null", "word", "two words", "x:y", "1", "1.0"]
MARKS = [": ", ":", " ", "  ", "\n", "\n  ", "#", " #", '"', "'", "''", "\\", "|", ">", "-", "- "]
OTHERS = ["{", "}", "[", "]", ",", "&a", "*a", "!t", "%", "@", "`", "~", "2026-01-31", "?", "<<"]
UNUSUAL = ["\t", "\r", "\x85", "\u2028", "\ufeff", "\u00e4", "\u5929", "\U0001f326", "\x00"]
PIECES = st.sampled_from([*WORDS, *MARKS, *OTHERS, *UNUSUAL])


@given(st.lists(PIECES, max_size=14).map("".join))
def test_where_the_answer_is_obvious_yaml_has_the_same(text):
    obvious = read_obvious(text)
    if obvious:
        assert yaml.safe_load(text) == obvious


LINES = st.lists(
    st.tuples(st.sampled_from(["", "  "]), st.text(min_size=1, max_size=8), st.text(max_size=12)),
    max_size=4,
)


@given(LINES)
def test_lines_of_any_characters_are_read_as_yaml_reads_them(lines):
    text = "\n".join(f"{indent}{key}: {value}" for indent, key, value in lines)
    obvious = read_obvious(text)
    if obvious:
        assert yaml.safe_load(text) == obvious


@pytest.mark.parametrize(
    "text",
    ["name: x", 'name: x\ndescription: "Does: it # all"', "metadata:\n  a: it's\n  b: 'x'\nz: q"],
)
def test_what_authors_mostly_write_is_obvious(text):
    assert read_obvious(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"---\nname: x\n---\nBody", {"name": "x"}),
        (b"---\r\nname: [1, 2]\r\n---\r\nBody", {"name": [1, 2]}),
        (b"\xef\xbb\xbf---\nname: x\n---\n", None),
        (b"name: x\n", None),
        (b"---\nname: {\n---\n", None),
        (b"---\nname: \xff\n---\n", None),
    ],
)
def test_a_frontmatter_is_read_where_a_plain_reader_could(data, expected):
    assert read_frontmatter(data) == expected
