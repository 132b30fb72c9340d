"""How different the tasks of a dataset are from one another, in figures that can be compared.

Distinct-n and nearest neighbours both depend on how much text there is, so that each figure says
over how many words or tasks it was taken; compare only figures over the same number.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from clawgym.seeds import derive_random
from synth.dataset.similarity import Fingerprint, near_pairs

SAMPLE = 500
"""How many tasks are compared with one another, each with each."""
WORDS = 200_000
"""Over how many words distinct-n is taken."""
PROBES = 300
"""How many tasks are compared with all others."""
_LENGTHS = (1, 2, 3, 4, 5)
_WORD = re.compile(r"\w+")


class Distinct(BaseModel):
    """Distinct-n (arXiv:1510.03055): the share of runs of n words that are new, over `words`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: int
    shares: dict[int, float]


class Similarity(BaseModel):
    """How similar instructions are: 5-shingles by Jaccard, words by cosine of TF-IDF, in [0, 1].

    `highest` is the highest Jaccard index of any two tasks: of all where it is at least the
    threshold of `near_duplicates`, else of those with a probe. `probes` tasks were compared with
    all others: `nearest` is the mean Jaccard index of each with its nearest neighbour. `sample`
    tasks were compared each with each: their mean cosine, the mean cosine with the nearest
    neighbour, and `vendi`, the Vendi score of order 2 (arXiv:2310.12952), the number of tasks
    without anything in common that would be as diverse, at most `sample`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    highest: float
    highest_pair: tuple[str, str] | None = None
    near_duplicates: int
    probes: int
    nearest: float
    sample: int
    cosine_mean: float
    cosine_nearest: float
    cosine_highest: float
    vendi: float


def distinct_n(texts: Sequence[str], *, words: int = WORDS, seed: int = 0) -> Distinct:
    """Distinct-n over as many whole texts, in an order of the seed, as reach `words` words."""
    chosen: list[list[str]] = []
    total = 0
    for place in _shuffled(len(texts), seed):
        if total >= words:
            break
        chosen.append(_WORD.findall(texts[place].lower()))
        total += len(chosen[-1])
    return Distinct(words=total, shares={n: _distinct(chosen, n) for n in _LENGTHS})


def similarity(
    texts: Mapping[str, str], *, sample: int = SAMPLE, seed: int = 0, threshold: float = 0.7
) -> Similarity:
    """Compare the instructions of tasks, by id; pairs from `threshold` on are near-duplicates."""
    ids = list(texts)
    prints = {task_id: Fingerprint.of(text) for task_id, text in texts.items()}
    pairs = list(near_pairs(prints.items(), threshold))
    highest, pair = max(((index, (a, b)) for a, b, index in pairs), default=(0.0, None))
    order = [ids[place] for place in _shuffled(len(ids), seed)]
    nearest = _nearest(prints, order[:PROBES])
    if nearest and max(nearest) > highest:
        highest, pair = max(nearest), None
    cosines = _Cosines([texts[task_id] for task_id in sorted(order[:sample])])
    return Similarity(
        highest=highest,
        highest_pair=pair,
        near_duplicates=len(pairs),
        probes=len(nearest),
        nearest=fmean(nearest) if nearest else 0.0,
        sample=min(sample, len(ids)),
        cosine_mean=cosines.mean,
        cosine_nearest=fmean(cosines.nearest) if cosines.nearest else 0.0,
        cosine_highest=max(cosines.nearest, default=0.0),
        vendi=cosines.vendi,
    )


def entropy(counts: Iterable[int]) -> float:
    """The Shannon entropy of a count of values, in bits."""
    held = [count for count in counts if count]
    total = sum(held)
    return -math.fsum(c / total * math.log2(c / total) for c in held) if len(held) > 1 else 0.0


def differing_pairs(values: Iterable[str]) -> float | None:
    """The share of pairs whose values differ; None without any pair."""
    counts = Counter(values)
    total = counts.total()
    if total < 2:
        return None
    return 1 - sum(c * (c - 1) for c in counts.values()) / (total * (total - 1))


class _Cosines:
    """Cosines of TF-IDF vectors, each text with each other."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.nearest = [0.0] * len(texts)
        self.mean, self.vendi = 0.0, float(bool(texts))
        bags = [Counter(_WORD.findall(text.lower())) for text in texts]
        documents = Counter(word for bag in bags for word in bag)
        vectors = [_weighted(bag, documents, len(texts)) for bag in bags]
        total = squares = 0.0
        for one, vector in enumerate(vectors):
            for other in range(one):
                value = _dot(vector, vectors[other])
                total += value
                squares += value * value
                self.nearest[one] = max(self.nearest[one], value)
                self.nearest[other] = max(self.nearest[other], value)
        if len(texts) > 1:
            number = len(texts)
            self.mean = 2 * total / (number * (number - 1))
            self.vendi = number * number / (number + 2 * squares)


def _weighted(bag: Counter[str], documents: Counter[str], total: int) -> dict[str, float]:
    """A vector of length 1."""
    raw = {
        word: (1 + math.log(count)) * (1 + math.log((1 + total) / (1 + documents[word])))
        for word, count in bag.items()
    }
    length = math.sqrt(math.fsum(value * value for value in raw.values()))
    return {word: value / length for word, value in raw.items()}


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    if len(one) > len(other):
        one, other = other, one
    return math.fsum(one[word] * other[word] for word in one.keys() & other.keys())


def _nearest(prints: Mapping[str, Fingerprint], probes: Sequence[str]) -> list[float]:
    """For each probe the index of its nearest neighbour among all."""
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for probe in probes:
        for shingle in prints[probe].shingles:
            holders[shingle].append(probe)
    best = dict.fromkeys(probes, 0.0)
    known = holders.keys()
    for task_id, fingerprint in prints.items():
        shared = Counter(chain.from_iterable(holders[s] for s in known & set(fingerprint.shingles)))
        for probe, count in shared.items():
            if probe != task_id:
                total = len(fingerprint.shingles) + len(prints[probe].shingles) - count
                best[probe] = max(best[probe], count / total)
    return list(best.values()) if len(prints) > 1 else []


def _distinct(texts: Sequence[Sequence[str]], length: int) -> float:
    total = 0
    seen: set[int] = set()
    for words in texts:
        grams = {hash(gram) for gram in zip(*(words[at:] for at in range(length)), strict=False)}
        total += max(0, len(words) - length + 1)
        seen |= grams
    return len(seen) / total if total else 0.0


def _shuffled(number: int, seed: int) -> list[int]:
    order = list(range(number))
    derive_random(seed, "diversity").shuffle(order)
    return order
