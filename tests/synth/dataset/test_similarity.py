import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.errors import UsageError
from synth.dataset.similarity import (
    BINS,
    MISSED,
    Duplicate,
    Fingerprint,
    Novelty,
    near_pairs,
    rows_of,
)

WORDS = [f"{a}{b}" for a in "bcdfglmnprst" for b in ("ake", "onder", "ilt", "umble", "arrow")]


def text(seed: int, length: int = 60) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) + str(rng.randrange(50)) for _ in range(length))


def spoilt(original: str, seed: int, words: int) -> str:
    rng = random.Random(seed)
    held = original.split()
    for place in rng.sample(range(len(held)), words):
        held[place] = f"other{rng.randrange(10**6)}"
    return " ".join(held)


def test_a_new_text_is_admitted_and_its_repetition_refused():
    novelty = Novelty()
    assert novelty.admit("a", text(1)) is None
    assert novelty.admit("b", text(2)) is None
    assert novelty.admit("c", text(1)) == Duplicate("c", "a", "exact", 1.0)
    assert len(novelty) == 2


def test_case_punctuation_and_blanks_make_nothing_new():
    novelty = Novelty()
    novelty.admit("a", text(1))
    assert novelty.admit("b", "  " + text(1).replace(" ", "\n")).reason == "exact"
    assert novelty.admit("c", text(1).upper() + ".").similarity == 1.0


def test_a_text_with_few_other_words_is_near_with_its_true_jaccard_index():
    novelty = Novelty()
    original, other = text(1, 200), spoilt(text(1, 200), 0, 3)
    novelty.admit("a", original)
    found = novelty.admit("b", other)
    one, two = ({*Fingerprint.of(each).shingles} for each in (original, other))
    assert found == Duplicate("b", "a", "near", len(one & two) / len(one | two))
    assert found.similarity >= 0.7


def test_a_refused_text_is_not_compared_with_later():
    novelty = Novelty()
    novelty.admit("a", text(1, 200))
    novelty.admit("b", spoilt(text(1, 200), 0, 4))
    assert novelty.admit("c", spoilt(text(1, 200), 1, 4)).of == "a"


def test_the_most_similar_of_several_is_named():
    novelty = Novelty(0.9)
    original = text(1, 200)
    assert novelty.admit("far", spoilt(original, 1, 3)) is None
    assert novelty.admit("near", spoilt(original, 2, 2)) is None
    assert novelty.admit("c", original).of == "near"


def test_short_and_empty_texts_are_compared_too():
    novelty = Novelty()
    assert novelty.admit("a", "Sort it.") is None
    assert novelty.admit("b", "sort IT").reason == "near"
    assert novelty.admit("c", "") is None
    assert novelty.admit("d", "   ").reason == "exact"


def test_what_is_restored_goes_on_as_if_nothing_had_happened(tmp_path: Path):
    novelty = Novelty(0.6)
    for number in range(30):
        novelty.admit(f"t{number}", text(number))
    novelty.save(tmp_path / "seen")
    restored = Novelty.restore(tmp_path / "seen")
    assert restored.threshold == 0.6
    for number in (3, 50, 29):
        probe = spoilt(text(number), 1, 2)
        assert restored.admit("x", probe) == novelty.admit("x", probe)
    restored.save(tmp_path / "again")
    novelty.save(tmp_path / "seen")
    assert tmp_path.joinpath("again").read_bytes() == tmp_path.joinpath("seen").read_bytes()


@pytest.mark.parametrize("content", ["", "{}\n", "[]\n", '{"clawgym-novelty-1": 0.7}\n[1]\n'])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, content: str):
    tmp_path.joinpath("seen").write_text(content)
    with pytest.raises(UsageError, match="remove it"):
        Novelty.restore(tmp_path / "seen")


@pytest.mark.parametrize("threshold", [0, -1, 1.01])
def test_a_threshold_beyond_its_range_is_refused(threshold: float):
    with pytest.raises(UsageError, match="threshold"):
        Novelty(threshold)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_miss_no_more_than_promised(threshold: float):
    rows = rows_of(threshold)
    assert (1 - threshold**rows) ** (BINS // rows) <= MISSED


def test_no_pair_is_missed_that_comparing_everything_finds():
    prints = [
        (f"{number}-{copy}", Fingerprint.of(spoilt(text(number, length), copy, copy)))
        for number in range(60)
        for length in [(20, 45, 120, 300)[number % 4]]
        for copy in range(4)
    ]
    true = {
        (a, b)
        for at, (b, two) in enumerate(prints)
        for a, one in prints[:at]
        if one.similarity(two) >= 0.7
    }
    found = {(a, b) for a, b, _ in near_pairs(prints)}
    assert len(true) > 100
    assert found == true


@settings(max_examples=50)
@given(st.lists(st.text(alphabet="ab .\n", max_size=30), max_size=12))
def test_admitted_texts_are_never_near_one_another(texts: list[str]):
    novelty = Novelty()
    kept = [each for at, each in enumerate(texts) if novelty.admit(str(at), each) is None]
    prints = [(str(at), Fingerprint.of(each)) for at, each in enumerate(kept)]
    assert list(near_pairs(prints)) == []


def test_the_hash_seed_of_the_interpreter_changes_nothing():
    program = (
        "from synth.dataset import Fingerprint, Novelty\n"
        "print(Fingerprint.of('one two three four five six').sketch())\n"
        "n = Novelty(.3); print([n.admit(str(i), f'a b c d e f {i % 4} g h') for i in range(9)])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_a_thousand_texts_take_no_more_than_their_share_of_twenty_seconds():
    texts = [text(number, 250) for number in range(1000)]
    novelty = Novelty()
    started = time.process_time()
    for number, each in enumerate(texts):
        novelty.admit(str(number), each)
    assert time.process_time() - started < 20 / 13.5
