"""Randomness: one seed in, the same bytes out, whatever the worker count or the process."""

import hashlib
import random


def derive_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed that depends on `seed` and on each name, and on nothing else."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def derive_random(seed: int, *names: str | int) -> random.Random:
    """An independent generator for one named part of the work."""
    return random.Random(derive_seed(seed, *names))
