"""Coverage: what of the taxonomies a dataset has, how evenly, and what it lacks.

The scenario categories and subcategories, operation categories and operations, benchmark
categories, pairs of operations that follow each other, kinds of artifacts, shapes of graphs,
forms, levels, and skills.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind
from clawgym_skills.operations import atomic_operations
from synth.chaining import may_follow
from synth.dataset.diversity import entropy
from synth.dataset.profile import Profile
from synth.operations import OPERATIONS
from synth.scene import Form
from synth.taxonomy import benchmark_categories, categories, operations_by_category, subcategories

LISTED = 40
"""How many of what is lacking are listed; how many there are is always said."""


class Axis(BaseModel):
    """One thing that a dataset should be balanced over.

    Attributes:
        of: how many values are known; None where there is no list of them.
        found: how many of them occur.
        counts: tasks by value, the most frequent first.
        missing: known values that do not occur, `LISTED` of them at most.
        evenness: the entropy of the counts over that of even ones, 0 to 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: int | None
    found: int
    counts: dict[str, int]
    missing: tuple[str, ...] = ()
    evenness: float

    @property
    def least(self) -> int:
        """How many tasks the rarest value that occurs has."""
        return min(self.counts.values(), default=0)


class CoverageReport(BaseModel):
    """The coverage of a dataset by axis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    tasks: int
    axes: dict[str, Axis]

    @property
    def complete(self) -> bool:
        """Whether every value of every axis with a list occurs."""
        return all(axis.found == axis.of for axis in self.axes.values() if axis.of is not None)


Values = Callable[[Profile], Iterable[str]]


def coverage(profiles: Sequence[Profile]) -> CoverageReport:
    """What a dataset covers; a task counts once for each value that it has."""
    axes: dict[str, tuple[Values, Sequence[str] | None]] = {
        "scenario category": (lambda task: _some(task.category), tuple(categories())),
        "scenario subcategory": (lambda task: _last(task.subcategory), tuple(subcategories())),
        "operation category": (_operation_categories, tuple(operations_by_category())),
        "operation": (lambda task: task.operations, tuple(atomic_operations())),
        "operation pair": (lambda task: task.pairs, possible_pairs()),
        "benchmark category": (
            lambda task: _some(task.benchmark_category),
            tuple(benchmark_categories()),
        ),
        "artifact kind": (
            lambda task: (*task.artifacts_in, *task.artifacts_out),
            tuple(kind.value for kind in ArtifactKind),
        ),
        "form": (lambda task: _some(task.labels.get("form")), tuple(Form)),
        "difficulty": (lambda task: _some(str(task.metadata.difficulty or "")), tuple("12345")),
        "style": (lambda task: _some(task.metadata.prompt_style), ("brief", "spec")),
        "shape": (lambda task: _some(task.labels.get("shape")), None),
        "nodes": (lambda task: _some(str(task.shape.nodes) if task.shape else None), None),
        "primary skill": (lambda task: _some(task.metadata.primary_skill), None),
        "supporting skill": (lambda task: task.metadata.supporting_skills, None),
    }
    return CoverageReport(
        tasks=len(profiles),
        axes={name: _axis(profiles, values, known) for name, (values, known) in axes.items()},
    )


def possible_pairs() -> tuple[str, ...]:
    """The pairs of operations of which one may take, by its kinds, what the other makes."""
    made = {
        name: {kind for own in operation.kinds for kind, _ in operation.makes(own)}
        for name, operation in OPERATIONS.items()
        if not operation.in_place
    }
    return tuple(
        f"{one} > {other}"
        for one, other in product(made, OPERATIONS)
        if made[one] & set(OPERATIONS[other].kinds)
        and not OPERATIONS[other].in_place
        and may_follow(one, other)
    )


def table(report: CoverageReport) -> str:
    """The report as lines for people."""
    lines = [f"{report.tasks:,} tasks"]
    for name, axis in report.axes.items():
        of = f" of {axis.of}" if axis.of is not None else ""
        lines.append(
            f"{name:<22} {axis.found:>4}{of:<7} evenness {axis.evenness:.2f}, "
            f"rarest {axis.least}, {_most(axis.counts)}"
        )
        if axis.missing:
            more = "" if axis.of is None else f" ({axis.of - axis.found} in all)"
            lines.append(f"{'':<22} lacks {', '.join(axis.missing[:8])}{more}")
    return "\n".join(lines)


def _axis(profiles: Sequence[Profile], values: Values, known: Sequence[str] | None) -> Axis:
    counts = Counter(value for task in profiles for value in dict.fromkeys(values(task)))
    listed = counts if known is None else {value: counts[value] for value in known}
    missing = [value for value in listed if not counts[value]]
    return Axis(
        of=None if known is None else len(known),
        found=sum(1 for value in listed if counts[value]),
        counts=dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
        missing=tuple(missing[:LISTED]),
        evenness=_evenness(list(listed.values())),
    )


def _evenness(counts: Sequence[int]) -> float:

    if len(counts) < 2 or not any(counts):
        return 1.0 if any(counts) else 0.0
    return round(entropy([count for count in counts if count]) / entropy([1] * len(counts)), 4)


def _operation_categories(task: Profile) -> Iterable[str]:
    known = atomic_operations()
    return [known[name].category for name in task.operations if name in known]


def _some(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _last(path: str | None) -> tuple[str, ...]:
    return (path.rpartition("/")[2],) if path else ()


def _most(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} {count}" for value, count in list(counts.items())[:4])
