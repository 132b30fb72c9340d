"""The block `metadata.openclaw`, as OpenClaw reads it, and JSON5, which it may be written in."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym_skills.metadata import Requirements
from clawgym_skills.openclaw import manifest_of
from clawgym_skills.openclaw._json5 import Json5Error, parse_json5
from clawgym_skills.openclaw.manifest import model_invocable, user_invocable


def read(metadata: str):
    return manifest_of({"metadata": metadata})


def test_requirements_are_lists_or_text_with_commas():
    manifest = read(
        '{"openclaw": {"requires": {"bins": "a, b", "env": [" X ", ""]}, os: ["linux"]}}'
    )
    assert manifest.requires == Requirements(bins=("a", "b"), env=("X",))
    assert manifest.os == ("linux",)


def test_the_former_name_counts_and_older_ones_do_not():
    assert read('{"clawdbot": {"always": true}}').always
    assert read('{"clawdis": {"always": true}}') is None
    assert read('{"openclaw": "{}"}') is None
    assert read("not json") is None


def test_only_a_true_always_is_always():
    assert not read('{"openclaw": {"always": "true"}}').always


@pytest.mark.parametrize(("written", "flag"), [("yes", True), ("Off", False), ("maybe", True)])
def test_flags_are_words(written, flag):
    assert user_invocable({"user-invocable": written}) is flag
    assert model_invocable({})
    assert not model_invocable({"disable-model-invocation": "1"})


def test_json5():
    text = "{// note\n a: 'it\\'s', \"b\": [1, .5, 0x1F, -Infinity,], /* c */ $d: +1e3, e: null,}"
    expected = {"a": "it's", "b": [1, 0.5, 31, -math.inf], "$d": 1000, "e": None}
    assert parse_json5(text) == expected


@pytest.mark.parametrize("text", ["", "{", "[1 2]", "{a}", "'a", "01", "{1: 2}", "[" * 500, "\\"])
def test_what_is_not_json5_is_refused(text):
    with pytest.raises(Json5Error):
        parse_json5(text)


VALUES = st.recursive(
    st.text() | st.booleans() | st.none() | st.integers(-(10**9), 10**9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(VALUES)
def test_json_with_a_comment_comes_back(value):
    assert parse_json5(f"/* x */{json.dumps(value)}") == value


@given(st.text(alphabet="{}[]:,'\"/*\\ \nau01.eE+-$", max_size=60))
def test_any_text_is_parsed_or_refused(text):
    try:
        parse_json5(text)
    except Json5Error:
        return
