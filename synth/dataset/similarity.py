"""Tasks that say nearly the same: MinHash over word 5-shingles, confirmed exactly.

One hash a shingle fills the bins of a sketch (one-permutation MinHash, arXiv:1208.1259), and an
empty bin borrows from others in an order of its own (optimal densification, arXiv:1703.04664).
Texts that agree on a whole band of bins are compared by their true Jaccard index, so that what is
called a duplicate is one; what is missed is bounded by `MISSED`.
"""

import json
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from clawgym.seeds import derive_random
from verify.suites.lint.duplicates import shingles

THRESHOLD = 0.7
"""The Jaccard index from which two instructions count as the same."""
BINS = 256
MISSED = 1e-4
"""The share of pairs right at the threshold that the bands may miss, where texts fill the bins."""

_FORMAT = "clawgym-novelty-1"


@dataclass(frozen=True)
class Duplicate:
    """Why a text is not new: which earlier task it repeats, and how similar it is in [0, 1]."""

    task_id: str
    of: str
    reason: Literal["exact", "near", "meaning"]
    similarity: float


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a text: `shingles` are sorted hashes of 64 bits.

    Workers make fingerprints, and one process compares them: they can be pickled.
    """

    content: bytes
    shingles: "array[int]"

    @classmethod
    def of(cls, text: str) -> "Fingerprint":
        """The fingerprint of a text; case, punctuation and blanks do not matter to `shingles`."""
        content = blake2b(" ".join(text.split()).encode(), digest_size=16).digest()
        return cls(content, array("Q", sorted(shingles(text))))

    def similarity(self, other: "Fingerprint") -> float:
        """The Jaccard index: what both share of all that either has."""
        return _jaccard(set(self.shingles), other.shingles)

    def sketch(self) -> list[int]:
        """The least hash in each of `BINS` bins."""
        bins = [-1] * BINS
        for value in self.shingles:
            rest, place = divmod(value, BINS)
            if bins[place] < 0 or rest < bins[place]:
                bins[place] = rest
        if -1 not in bins:
            return bins
        borrow = _borrowing()
        return [
            value if value >= 0 else next(bins[at] for at in borrow[place] if bins[at] >= 0)
            for place, value in enumerate(bins)
        ]


class Neighbours:
    """Fingerprints by the order in which they came, and which of them are near to another."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """`threshold` is the least Jaccard index of what `near` finds.

        Raises:
            UsageError: it is not in (0, 1].
        """
        if not 0 < threshold <= 1:
            raise UsageError(f"a similarity threshold must be above 0 and at most 1: {threshold}")
        self.threshold = threshold
        self.ids: list[str] = []
        self.prints: list[Fingerprint] = []
        self._rows = rows_of(threshold)
        bands = range(BINS // self._rows)
        self._latest: list[dict[int, int]] = [{} for _ in bands]
        self._previous = [array("l") for _ in bands]

    def __len__(self) -> int:
        return len(self.ids)

    def near(self, fingerprint: Fingerprint) -> list[tuple[int, float]]:
        """The places of those at least as similar as the threshold, in order."""
        return self._near(fingerprint, self._keys(fingerprint))

    def add(self, task_id: str, fingerprint: Fingerprint) -> None:
        """Take a fingerprint in, whatever it is near to."""
        self._add(task_id, fingerprint, self._keys(fingerprint))

    def visit(self, task_id: str, fingerprint: Fingerprint) -> list[tuple[int, float]]:
        """`near`, and then `add`."""
        keys = self._keys(fingerprint)
        found = self._near(fingerprint, keys)
        self._add(task_id, fingerprint, keys)
        return found

    def _near(self, fingerprint: Fingerprint, keys: Sequence[int]) -> list[tuple[int, float]]:
        candidates: set[int] = set()
        for latest, previous, key in zip(self._latest, self._previous, keys, strict=True):
            place = latest.get(key, -1)
            while place >= 0:
                candidates.add(place)
                place = previous[place]
        held, size = set(fingerprint.shingles), len(fingerprint.shingles)
        found: list[tuple[int, float]] = []
        for place in sorted(candidates):
            other = self.prints[place].shingles
            if min(size, len(other)) >= self.threshold * max(size, len(other)):
                index = _jaccard(held, other)
                if index >= self.threshold:
                    found.append((place, index))
        return found

    def _add(self, task_id: str, fingerprint: Fingerprint, keys: Sequence[int]) -> None:
        place = len(self.ids)
        self.ids.append(task_id)
        self.prints.append(fingerprint)
        for latest, previous, key in zip(self._latest, self._previous, keys, strict=True):
            previous.append(latest.get(key, -1))
            latest[key] = place

    def _keys(self, fingerprint: Fingerprint) -> list[int]:
        sketch, rows = fingerprint.sketch(), self._rows
        return [hash(tuple(sketch[at : at + rows])) for at in range(0, BINS - rows + 1, rows)]


class Novelty:
    """Admits texts one after another and refuses those that repeat an admitted one.

    What it says depends on the order of the calls and on nothing else.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """A text is refused from this Jaccard index on."""
        self._admitted = Neighbours(threshold)
        self._exact: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._admitted)

    @property
    def threshold(self) -> float:
        """The Jaccard index from which a text is refused."""
        return self._admitted.threshold

    def admit(self, task_id: str, text: str | Fingerprint) -> Duplicate | None:
        """Take a text in, or say what it repeats: the most similar one, the earliest of several."""
        fingerprint = text if isinstance(text, Fingerprint) else Fingerprint.of(text)
        same = self._exact.get(fingerprint.content)
        if same is not None:
            return Duplicate(task_id, self._admitted.ids[same], "exact", 1.0)
        if found := self._admitted.near(fingerprint):
            place, index = max(found, key=lambda pair: (pair[1], -pair[0]))
            return Duplicate(task_id, self._admitted.ids[place], "near", index)
        self._exact[fingerprint.content] = len(self._admitted)
        self._admitted.add(task_id, fingerprint)
        return None

    def save(self, path: Path) -> None:
        """Write what was admitted; the file appears whole or not at all."""
        lines = [json.dumps({_FORMAT: self.threshold})]
        for task_id, held in zip(self._admitted.ids, self._admitted.prints, strict=True):
            packed = b64encode(_portable(held.shingles).tobytes()).decode()
            lines.append(json.dumps([task_id, held.content.hex(), packed]))
        write_atomic(path, "".join(f"{line}\n" for line in lines).encode())

    @classmethod
    def restore(cls, path: Path) -> "Novelty":
        """What `save` wrote; it goes on as if nothing had happened.

        Raises:
            UsageError: the file is missing or is something else.
        """
        try:
            with path.open(encoding="utf-8") as stream:
                novelty = cls(float(json.loads(next(stream))[_FORMAT]))
                for line in stream:
                    novelty._take(*json.loads(line))
        except (OSError, ValueError, LookupError, TypeError, StopIteration) as error:
            raise UsageError(
                f"{path} holds no saved fingerprints of this version ({error!r}); remove it"
            ) from error
        return novelty

    def _take(self, task_id: str, content: str, packed: str) -> None:
        held = array("Q")
        held.frombytes(b64decode(packed))
        self._exact[bytes.fromhex(content)] = len(self._admitted)
        self._admitted.add(task_id, Fingerprint(bytes.fromhex(content), _portable(held)))


def near_pairs(
    prints: Iterable[tuple[str, Fingerprint]], threshold: float = THRESHOLD
) -> Iterator[tuple[str, str, float]]:
    """Pairs of ids, the earlier one first, with a Jaccard index of at least `threshold`."""
    seen = Neighbours(threshold)
    for task_id, fingerprint in prints:
        for place, index in seen.visit(task_id, fingerprint):
            yield seen.ids[place], task_id, index


@cache
def rows_of(threshold: float) -> int:
    """The most bins a band may have so that at most `MISSED` of pairs at the threshold escape."""
    fitting = (
        rows for rows in range(BINS, 0, -1) if (1 - threshold**rows) ** (BINS // rows) <= MISSED
    )
    return next(fitting, 1)


@cache
def _borrowing() -> list[list[int]]:
    """For each bin the order in which it asks the others, the same everywhere."""
    orders: list[list[int]] = []
    for place in range(BINS):
        order = list(range(BINS))
        derive_random(0, "densify", place).shuffle(order)
        orders.append(order)
    return orders


def _jaccard(held: set[int], other: Sequence[int]) -> float:
    shared = len(held.intersection(other))
    return shared / (len(held) + len(other) - shared)


def _portable(values: "array[int]") -> "array[int]":
    """The same numbers in little-endian order on every machine."""
    if array("H", [1]).tobytes()[0]:
        return values
    turned = array("Q", values)
    turned.byteswap()
    return turned
