"""Splits that do not leak: tasks that are alike stay together, and every part looks the same."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from clawgym.errors import UsageError
from clawgym.seeds import derive_random
from synth.dataset.features import values_of
from synth.dataset.profile import Profile
from synth.dataset.similarity import THRESHOLD, Fingerprint, near_pairs

FAMILY = "label.family"
"""Tasks with this label in common were made of one another: follow-ups, repairs, variants."""


@dataclass(frozen=True)
class Split:
    """Task ids by part, in their order; `groups` are kept whole, `largest` tasks are in one."""

    parts: Mapping[str, list[str]]
    groups: int
    largest: int


def split(
    tasks: Sequence[Profile],
    shares: Mapping[str, float],
    *,
    stratify: Sequence[str] = (),
    group_by: Sequence[str] = (),
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> Split:
    """Deal tasks out to parts.

    Tasks stay together where their instructions are near-duplicates from `threshold` on, where they
    have the same files to start with or one of at least `LEAST_BYTES`, the same family, or a value
    of a feature in `group_by` in common. A file that more than half of the tasks have is a habit of
    the suite and keeps none together. The largest groups are dealt first, each to the part that
    lacks most of its values of the features in `stratify`.

    Raises:
        UsageError: shares are not positive, there are fewer groups than parts, or no such feature.
    """
    if not shares or min(shares.values()) <= 0:
        raise UsageError("every part needs a share above 0, such as train=0.8,val=0.1,test=0.1")
    groups = _groups(tasks, group_by, threshold)
    if len(groups) < len(shares):
        raise UsageError(
            f"{len(tasks)} tasks stay together in {len(groups)} groups, too few for "
            f"{len(shares)} parts; raise --similarity or group by less"
        )
    dealt = _deal(tasks, groups, shares, stratify, seed)
    parts = {name: [task.id for task in tasks if dealt[task.id] == name] for name in shares}
    return Split(parts, len(groups), max(len(group) for group in groups))


class _Union:
    """Sets of places that are merged step by step."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def root(self, place: int) -> int:
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place

    def join(self, one: int, other: int) -> None:
        one, other = sorted((self.root(one), self.root(other)))
        self._parents[other] = one


def _groups(tasks: Sequence[Profile], group_by: Sequence[str], threshold: float) -> list[list[int]]:
    union = _Union(len(tasks))
    first: dict[Hashable, int] = {}
    features = {name: values_of(name) for name in (FAMILY, *group_by)}
    holders = Counter(file for task in tasks for file in task.held)
    for place, task in enumerate(tasks):
        shared: list[Hashable] = [("content", task.content)]
        shared += [("file", file) for file in task.held if holders[file] <= len(tasks) / 2]
        if task.workspace:
            shared.append(("workspace", task.workspace))
        shared += [(name, value) for name, values in features.items() for value in values(task)]
        for key in shared:
            union.join(place, first.setdefault(key, place))
    places = {task.id: place for place, task in enumerate(tasks)}
    prints = ((task.id, Fingerprint.of(task.instruction)) for task in tasks)
    for one, other, _ in near_pairs(prints, threshold):
        union.join(places[one], places[other])
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place in range(len(tasks)):
        groups[union.root(place)].append(place)
    return list(groups.values())


def _deal(
    tasks: Sequence[Profile],
    groups: Sequence[list[int]],
    shares: Mapping[str, float],
    stratify: Sequence[str],
    seed: int,
) -> dict[str, str]:
    features = [values_of(name) for name in stratify]
    strata = [
        [("", ""), *((stratify[at], value) for at, of in enumerate(features) for value in of(task))]
        for task in tasks
    ]
    totals = Counter(stratum for several in strata for stratum in several)
    whole = sum(shares.values())
    has = {name: Counter[tuple[str, str]]() for name in shares}
    luck = {group[0]: derive_random(seed, "split", tasks[group[0]].id).random() for group in groups}
    dealt: dict[str, str] = {}
    order = sorted(groups, key=lambda group: (-len(group), luck[group[0]]))
    for left, group in zip(range(len(order), 0, -1), order, strict=True):
        brings = Counter(stratum for place in group for stratum in strata[place])

        def lack(name: str, brings: Counter[tuple[str, str]] = brings) -> float:
            share = shares[name] / whole
            return sum(
                count * (share - (has[name][stratum] + count / 2) / totals[stratum]) / share
                for stratum, count in brings.items()
            )

        empty = [name for name in shares if not has[name]]
        part = max(empty if left <= len(empty) else shares, key=lack)
        has[part].update(brings)
        dealt.update((tasks[place].id, part) for place in group)
    return dealt
