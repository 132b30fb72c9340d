"""Decks: balanced choice by index, without a counter that workers would have to share.

A deck is shuffled anew for each round of its length, so any run of indices as long as the deck
meets each card once: as balanced as counting, and yet a pure function of seed and index.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from clawgym.seeds import derive_seed

T = TypeVar("T")


def dealt(seed: int, name: str, index: int, deck: Sequence[T]) -> T:
    """The card that an index is dealt.

    Args:
        seed: of the dataset.
        name: what is decided; decks of other names are shuffled otherwise.
        index: counts from 0.
        deck: the cards; a card that lies in it twice comes twice as often.
    """
    around, place = divmod(index, len(deck))
    return deck[_shuffled(derive_seed(seed, "deck", name, around), len(deck))[place]]


def paired(seed: int, name: str, index: int, deck: Sequence[T]) -> tuple[T, T]:
    """Two different cards: each ordered pair once in `n * (n - 1)` indices, each first card evenly.

    The second lies a number of places further in a fixed order, another number for each round.

    Raises:
        ValueError: the deck has one card only.
    """
    count = len(deck)
    if count < 2:
        raise ValueError("a pair needs two cards")
    first = dealt(seed, name, index, range(count))
    order = _shuffled(derive_seed(seed, "order", name), count)
    step = 1 + dealt(seed, f"{name}-step", index // count, range(count - 1))
    second = order[(order.index(first) + step) % count]
    return deck[first], deck[second]


def cards(shares: Mapping[T, int]) -> tuple[T, ...]:
    """A deck with each card as often as said."""
    return tuple(card for card, times in shares.items() for _ in range(times))


@lru_cache(maxsize=256)
def _shuffled(seed: int, count: int) -> tuple[int, ...]:
    places = list(range(count))
    random.Random(seed).shuffle(places)
    return tuple(places)
