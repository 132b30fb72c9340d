"""Tasks that say nearly the same: MinHash over word 5-shingles, confirmed exactly.

One hash a shingle fills the bins of a sketch (one-permutation MinHash, arXiv:1208.1259); tasks that
agree on a whole band of bins are compared by their true Jaccard index.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations

WORDS = 5
LIMIT = 0.7
_BINS, _ROWS = 128, 4
_WORD = re.compile(r"\w+")


def near_duplicates(texts: Mapping[str, str]) -> Iterator[tuple[str, str, float]]:
    """Pairs of ids, in order, with their Jaccard index of at least `LIMIT`."""
    sets = {name: shingles(text) for name, text in texts.items()}
    order = {name: place for place, name in enumerate(sets)}
    pairs: set[tuple[str, str]] = set()
    for names in _bands(sets).values():
        if 1 < len(names) <= 200:
            pairs |= set(combinations(names, 2))
        elif names:
            pairs |= {(names[0], other) for other in names[1:]}
    for one, other in sorted(pairs, key=lambda pair: (order[pair[1]], order[pair[0]])):
        index = jaccard(sets[one], sets[other])
        if index >= LIMIT:
            yield one, other, index


def shingles(text: str) -> frozenset[int]:
    """Hashes of every run of five words; of all words, where there are fewer."""
    words = _WORD.findall(text.lower())
    runs = (words[at : at + WORDS] for at in range(max(1, len(words) - WORDS + 1)))
    return frozenset(
        int.from_bytes(blake2b(" ".join(run).encode(), digest_size=8).digest(), "big")
        for run in runs
    )


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """What both share of all that either has."""
    return len(one & other) / len(one | other)


def _bands(sets: Mapping[str, frozenset[int]]) -> Mapping[tuple[int, ...], list[str]]:
    held: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, hashes in sets.items():
        sketch = _sketch(hashes)
        for start in range(0, _BINS, _ROWS):
            held[(start, *sketch[start : start + _ROWS])].append(name)
    return held


def _sketch(hashes: frozenset[int]) -> Sequence[int]:
    """The least hash in each bin; an empty bin takes the next one's that is not."""
    bins = [-1] * _BINS
    for value in hashes:
        place, rest = value % _BINS, value // _BINS
        if bins[place] < 0 or rest < bins[place]:
            bins[place] = rest
    filled = [place for place, value in enumerate(bins) if value >= 0]
    for place in range(_BINS):
        if bins[place] < 0:
            bins[place] = bins[next((f for f in filled if f > place), filled[0])] + place
    return bins
