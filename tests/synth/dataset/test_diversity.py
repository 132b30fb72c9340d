import math

import pytest

from synth.dataset.diversity import differing_pairs, distinct_n, entropy, similarity
from tests.synth.dataset.examples import sentence


def test_distinct_n_counts_runs_that_are_new():
    found = distinct_n(["a b a b", "a b c"])
    assert found.words == 7
    assert found.shares[1] == 3 / 7
    assert found.shares[2] == 3 / 5
    assert found.shares[5] == 0


def test_distinct_n_stops_at_whole_texts_once_it_has_its_words():
    assert distinct_n([sentence(n, 10) for n in range(50)], words=95).words == 100


def test_texts_that_have_nothing_in_common_count_in_full():
    found = similarity(
        {str(n): f"only{n} these{n} few{n} words{n} here{n} now{n}" for n in range(9)}
    )
    assert (found.highest, found.near_duplicates, found.nearest) == (0, 0, 0)
    assert found.vendi == pytest.approx(9)
    assert found.cosine_mean == 0


def test_texts_that_are_all_the_same_count_as_one():
    found = similarity({str(n): sentence(1) for n in range(8)})
    assert (found.highest, found.near_duplicates) == (1, 28)
    assert found.vendi == pytest.approx(1)
    assert found.cosine_nearest == pytest.approx(1)


def test_the_nearest_neighbour_below_the_threshold_is_exact():
    common, texts = sentence(1, 30), {}
    for number in range(4):
        texts[str(number)] = f"{common} {sentence(10 + number, 30)}"
    found = similarity(texts)
    shared, size = 26, 56
    assert found.highest == pytest.approx(shared / (2 * size - shared))
    assert found.nearest == found.highest


def test_one_task_has_no_neighbour():
    found = similarity({"a": "one two three"})
    assert (found.highest, found.probes, found.vendi) == (0, 0, 1)


def test_entropy_is_in_bits():
    assert entropy([3, 3, 3, 3]) == pytest.approx(2)
    assert entropy([5]) == 0
    assert entropy([]) == 0
    assert entropy([1, 3]) == pytest.approx(2 - 0.75 * math.log2(3))


def test_the_share_of_differing_pairs():
    assert differing_pairs("aab") == pytest.approx(2 / 3)
    assert differing_pairs("a") is None
