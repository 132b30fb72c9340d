"""ClawHub's order of paths, against what Node's `localeCompare` answered."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym_skills.market.collation import locale_key, sorted_as_clawhub, table_key
from clawgym_skills.market.fingerprint import fingerprint_of

VECTORS = json.loads(Path(__file__).with_name("locale_compare.json").read_text("utf-8"))


def test_two_paths_compare_as_in_node():
    for left, right, sign in VECTORS["pairs"]:
        one, other = table_key(left)[:3], table_key(right)[:3]
        assert (one > other) - (one < other) == sign, (left, right)


@pytest.mark.parametrize("vector", VECTORS["sorted"])
def test_a_list_of_paths_has_the_order_and_the_fingerprint_of_node(vector):
    hashes = {path: hashlib.sha256(path.encode()).hexdigest() for path in vector["paths"]}

    assert sorted(set(vector["paths"]), key=table_key) == vector["paths"]
    assert fingerprint_of(hashes) == vector["fingerprint"]


def test_letters_come_before_case_and_punctuation():
    paths = ["SKILL.md", "references/a.md", "README.md", "_meta.json"]

    assert sorted_as_clawhub(paths) == ["_meta.json", "README.md", "references/a.md", "SKILL.md"]
    assert sorted(paths) != sorted_as_clawhub(paths)


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_text_has_a_place_and_the_order_is_total(texts):
    ordered = sorted_as_clawhub(texts)

    assert sorted_as_clawhub(reversed(texts)) == ordered
    assert sorted(ordered) == sorted(texts)
    assert all(locale_key(text) == locale_key(text) for text in texts)
