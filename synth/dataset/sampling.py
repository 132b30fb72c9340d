"""Balanced samples: rare values are taken before frequent ones."""

import heapq
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from clawgym.errors import UsageError
from clawgym.seeds import derive_random
from synth.dataset.features import values_of
from synth.dataset.profile import Profile


def sample(
    tasks: Sequence[Profile], number: int, *, balance: Sequence[str] = (), seed: int = 0
) -> list[Profile]:
    """Choose tasks, in their order; the choice depends on their ids and the seed alone.

    Each next task is the one whose values of the features in `balance` were taken least so far, so
    that a value is taken with the inverse of its frequency until there is no more of it. Without
    features every task is as likely as any other.

    Raises:
        UsageError: there are fewer tasks, or no such feature.
    """
    if number > len(tasks):
        raise UsageError(f"there are {len(tasks)} tasks, {number} were asked for; ask for fewer")
    features = [values_of(name) for name in balance]
    held = [
        [(place, value) for place, values in enumerate(features) for value in set(values(task))]
        for task in tasks
    ]
    taken: Counter[tuple[int, str]] = Counter()

    def cost(place: int) -> float:
        return fmean(taken[value] for value in held[place]) if held[place] else 0.0

    waiting = [
        (0.0, derive_random(seed, "sample", task.id).random(), place)
        for place, task in enumerate(tasks)
    ]
    heapq.heapify(waiting)
    chosen: list[int] = []
    while len(chosen) < number:
        known, luck, place = heapq.heappop(waiting)
        if (now := cost(place)) > known:
            heapq.heappush(waiting, (now, luck, place))
            continue
        chosen.append(place)
        taken.update(held[place])
    return [tasks[place] for place in sorted(chosen)]
