import math
import random

from synth.dataset.meaning import SameMeaning

SYNONYMS = {"delete": "remove", "drop": "remove", "photo": "picture", "image": "picture"}


def embed(texts: list[str]) -> list[list[float]]:
    """Words by their meaning, each a random direction: what an encoder does, by hand."""
    sums = ([*map(sum, zip(*map(_direction, each.split()), strict=True))] for each in texts)
    return [_unit(vector) for vector in sums]


def _direction(word: str) -> list[float]:
    rng = random.Random(SYNONYMS.get(word, word))
    return [rng.gauss() for _ in range(64)]


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def test_other_words_with_the_same_meaning_are_refused():
    known = SameMeaning(embed)
    assert known.admit("a", "delete every photo older than march") is None
    found = known.admit("b", "remove every picture older than march")
    assert (found.of, found.reason) == ("a", "meaning")
    assert found.similarity > 0.99
    assert known.admit("c", "sort the invoices by amount and name") is None


def test_no_pair_is_missed_that_comparing_everything_finds():
    rng = random.Random(0)
    words = [f"w{number}" for number in range(400)]
    texts: list[str] = []
    for _ in range(60):
        base = rng.sample(words, 20)
        texts += [
            " ".join([*base[changed:], *rng.sample(words, changed)]) for changed in (0, 1, 2, 4)
        ]
    known, kept = SameMeaning(embed, 0.8), list[list[float]]()
    for number, text in enumerate(texts):
        [vector] = embed([text])
        best = max((sum(map(float.__mul__, vector, other)) for other in kept), default=0)
        assert (known.admit(str(number), text) is not None) == (best >= 0.8)
        if best < 0.8:
            kept.append(vector)
    assert 60 <= len(kept) < 200
