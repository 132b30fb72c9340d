"""The YAML subset: what configuration files hold means what PyYAML says, the rest is refused."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.grader import lib

TEXTS = st.text("ab01 :#-'\"\\\n.,[]{}&*!|>%@`~?éß", max_size=12)
KEYS = st.text("abz_09-. :#'", min_size=1, max_size=6)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def read(text: str) -> object:
    return lib("yaml_subset").parse_yaml(text, "c.yaml")


@given(DATA, st.booleans(), st.integers(10, 80))
def test_what_pyyaml_writes_is_read_back(data: object, flow: bool, width: int) -> None:
    dumped = yaml.safe_dump(data, default_flow_style=flow, width=width, allow_unicode=True)
    assert read(dumped) == data


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n- x\n- y: 2\n  z: 3\n",
        "a:\n  - - 1\n    - 2\n  -\n    k: v\n",
        "# top\n---\na: b # c\nurl: http://x/y#z\n...\n",
        "a: >\n  one\n  two\n\n  three\n    deep\n  four\nb: |-\n  x\n\n  y\nc: |+\n  z\n\nd: 1\n",
        "a: |2\n    two more\n  x\n",
        "a: 'it''s'\nb: \"tab\\t\\u00e9\"\nc: it's\n",
        "a: [1, 'b, c', {d: e}, [], x y]\nb: {k: v, \"q\": 2, n: }\n",
        "a: [1,\n    2, # two\n    3]\nb: {x: 1,\n  y: 2}\n",
        "a: one\n  two\n  three\nb: 'x\n  y'\n",
        "a: ~\nb: null\nc:\nd: .5\ne: 1e3\nf: -7\ng: true\n",
        "'quoted key': 1\n\"x\": 2\na b: 3\n",
        "",
        "just text",
        "- a\n-\n- b",
    ],
)
def test_what_people_write_means_what_pyyaml_says(text: str) -> None:
    expected = yaml.safe_load(text.replace("1e3", "1.0e+3"))
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: 2\n", "'&x 1'"),
        ("a: *x\n", "'*x'"),
        ("a: !!python/object x\n", "'!!python/object x'"),
        ("<<: {a: 1}\n", "a merge key"),
        ("? a\n: b\n", "a complex key"),
        ("%YAML 1.2\n---\na: 1\n", "a directive"),
        ("a: 1\n---\nb: 2\n", "more than one document"),
        ("a: 1\na: 2\n", "the key 'a' stands twice"),
        ("{a: 1, a: 2}\n", "the key 'a' stands twice"),
        ("a:\n\tb: 1\n", "a tab as indentation"),
        ("a: [1, 2\nb: 3\n", "[ is not closed"),
        ("a: 'x\n", "' is not closed"),
        ("a: b: c\n", "a colon inside"),
        ("a: 1\n  b: 2\n", "a colon inside"),
        ("a:\n  b: 1\n c: 2\n", "unexpected"),
        ("- a\nb: 1\n", "unexpected"),
        ('a: "\\q"\n', "the escape \\q"),
        ("[" * 200 + "]" * 200, "nested too deeply"),
        ("- " * 200 + "x", "nested too deeply"),
        ("a: @x\n", "'@x'"),
    ],
)
def test_what_may_mean_two_things_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(lib("verdict").Mismatch) as caught:
        read(text)
    assert said in caught.value.found
    assert caught.value.where.startswith("c.yaml line")


def test_numbers_with_leading_zeros_stay_text() -> None:
    assert read("zip: 01234\ntime: 08:30\n") == {"zip": "01234", "time": "08:30"}
