"""The features of a task by name: what is counted, filtered, balanced, stratified and grouped."""

from collections.abc import Callable, Mapping

from clawgym.errors import UsageError
from synth.dataset.profile import Profile

Values = Callable[[Profile], tuple[str, ...]]
Number = Callable[[Profile], float | None]


def _one(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


NAMES: Mapping[str, Values] = {
    "id": lambda task: (task.id,),
    "kind": lambda task: (task.metadata.kind,),
    "suite": lambda task: _one(task.metadata.suite),
    "generator": lambda task: _one(task.metadata.generator),
    "style": lambda task: _one(task.metadata.prompt_style),
    "category": lambda task: _one(task.category),
    "subcategory": lambda task: _one(task.subcategory),
    "benchmark-category": lambda task: _one(task.benchmark_category),
    "persona": lambda task: _one(task.persona),
    "skill": lambda task: task.skills,
    "primary-skill": lambda task: _one(task.metadata.primary_skill),
    "operation": lambda task: task.operations,
    "operation-pair": lambda task: task.pairs,
    "artifact-in": lambda task: task.artifacts_in,
    "artifact-out": lambda task: task.artifacts_out,
    "type-in": lambda task: task.inputs,
    "type-out": lambda task: task.outputs,
    "shape": lambda task: _one(task.shape.name if task.shape else None),
    "plan": lambda task: _one(task.shape.plan if task.shape else None),
}
"""Features whose values are words; a task may have none, or several."""

NUMBERS: Mapping[str, Number] = {
    "difficulty": lambda task: task.metadata.difficulty,
    "words": lambda task: task.words,
    "characters": lambda task: len(task.instruction),
    "files": lambda task: len(task.inputs),
    "bytes": lambda task: task.bytes,
    "outputs": lambda task: len(task.outputs),
    "checks": lambda task: task.checks,
    "nodes": lambda task: task.shape.nodes if task.shape else None,
    "depth": lambda task: task.shape.depth if task.shape else None,
    "sources": lambda task: task.shape.sources if task.shape else None,
    "fan-in": lambda task: task.shape.fan_in if task.shape else None,
    "fan-out": lambda task: task.shape.fan_out if task.shape else None,
    "skills": lambda task: len(task.skills),
}
"""Features that are numbers; None where a task has none."""

FLAGS: Mapping[str, Callable[[Profile], bool]] = {
    "rubric": lambda task: task.rubric,
    "solution": lambda task: task.solution,
    "graph": lambda task: task.shape is not None,
}
"""Features that hold or do not."""

_LABEL = "label."


def values_of(name: str) -> Values:
    """Any feature as words: numbers as they are written, flags as `yes` and `no`.

    Raises:
        UsageError: there is no such feature.
    """
    if name.startswith(_LABEL):
        return lambda task: _one(task.labels.get(name.removeprefix(_LABEL)))
    if name in NAMES:
        return NAMES[name]
    if name in FLAGS:
        return lambda task: ("yes" if FLAGS[name](task) else "no",)
    if name in NUMBERS:
        return lambda task: _one_number(NUMBERS[name](task))
    known = ", ".join((*NAMES, *NUMBERS, *FLAGS, "label.NAME"))
    raise UsageError(f"tasks have no feature {name!r}; known features: {known}")


def written(number: float) -> str:
    """A number as a value: whole ones in full, without a point."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _one_number(number: float | None) -> tuple[str, ...]:
    return () if number is None else (written(number),)
