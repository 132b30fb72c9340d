"""Tasks that mean the same in other words: cosine of embeddings, by a model that is on this disk.

The signs of a vector's products with random directions tell its angle to another one (random
hyperplanes, doi:10.1145/509907.509965): most pairs are ruled out by one exclusive or, and the
cosine of those that are left is computed.
"""

import math
from collections.abc import Sequence

from clawgym.seeds import derive_random
from clawgym_skills.search.meaning import Embed, Vector
from synth.dataset.similarity import Duplicate

COSINE = 0.9
"""The cosine from which two instructions count as the same."""
_BITS = 256
_DEVIATIONS = 6


class SameMeaning:
    """Admits texts one after another and refuses those that mean what an admitted one does."""

    def __init__(self, embed: Embed, threshold: float = COSINE) -> None:
        """`embed` makes vectors of length 1; a text is refused from this cosine on."""
        self.threshold = threshold
        self._embed = embed
        self._ids: list[str] = []
        self._vectors: list[Vector] = []
        self._signs: list[int] = []
        self._directions: list[list[float]] = []
        share = math.acos(max(-1.0, min(1.0, threshold))) / math.pi
        slack = _DEVIATIONS * math.sqrt(_BITS * share * (1 - share))
        self._most_differing = _BITS * share + slack

    def admit(self, task_id: str, text: str) -> Duplicate | None:
        """Take a text in, or say what it repeats: the nearest one, the earliest of several."""
        [vector] = self._embed([text])
        signs = self._signs_of(vector)
        best, place = self.threshold, -1
        for at, other in enumerate(self._signs):
            if (signs ^ other).bit_count() <= self._most_differing:
                cosine = _dot(vector, self._vectors[at])
                if cosine >= best and (cosine > best or place < 0):
                    best, place = cosine, at
        if place >= 0:
            return Duplicate(task_id, self._ids[place], "meaning", best)
        self._ids.append(task_id)
        self._vectors.append(vector)
        self._signs.append(signs)
        return None

    def _signs_of(self, vector: Vector) -> int:
        if not self._directions:
            self._directions = [
                [rng.gauss() for _ in vector]
                for rng in (derive_random(0, "direction", bit) for bit in range(_BITS))
            ]
        signs = 0
        for direction in self._directions:
            signs = signs << 1 | (_dot(vector, direction) >= 0)
        return signs


def _dot(one: Vector, other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
