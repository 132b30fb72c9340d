"""Work plans: tasks with a length in workdays, and what they have to wait for."""

import random
from dataclasses import dataclass
from datetime import date
from functools import cache

from clawgym.artifact import ColumnType
from synth.taxonomy._toml import Data, read_toml
from synth.values import Field, Role, Row, RowSet
from synth.world.world import World

_TECHNICAL = ("engineering", "it")
_NEAR = 3
"""A task waits for some of so many before it; only as many at first may wait for none."""

TASK_FIELDS = (
    Field("task_id", ColumnType.TEXT, Role.ID),
    Field("task", ColumnType.TEXT, Role.TEXT),
    Field("owner", ColumnType.TEXT, Role.TEXT),
    Field("workdays", ColumnType.INTEGER, Role.MEASURE),
    Field("after", ColumnType.TEXT, Role.TEXT),
)


@dataclass(frozen=True)
class Plan(RowSet):
    """Tasks; `today` is the day on which the plan is looked at."""

    today: date = date.min


def make_plan(rng: random.Random, world: World) -> Plan:
    """Five to fourteen tasks, their rows in any order; `after` has ids joined by a semicolon."""
    known = _steps(world)
    count = rng.randint(5, min(len(known), 6 + 2 * world.knobs.level))
    owners = rng.sample(world.backdrop.staff, 3)
    rows: list[Row] = []
    steps = sorted(rng.sample(range(len(known)), count))
    for number, step in enumerate(steps, 1):
        before = range(max(1, number - _NEAR), number)
        needed = rng.choice((0, 1, 1, 2) if number <= _NEAR else (1, 1, 2))
        waits = rng.sample(before, min(len(before), needed))
        after = "; ".join(f"T{wait:02d}" for wait in sorted(waits))
        rows.append((f"T{number:02d}", known[step], rng.choice(owners), rng.randint(1, 8), after))
    if world.knobs.level > 1:
        rng.shuffle(rows)
    return Plan(
        TASK_FIELDS,
        tuple(rows),
        ("task_id",),
        topic="tasks",
        duplicated=True,
        today=world.today,
    )


class _Plans(Data):
    usual: tuple[str, ...]
    software: tuple[str, ...]
    content: tuple[str, ...]
    research: tuple[str, ...]
    household: tuple[str, ...]
    by_category: dict[str, str]


@cache
def _plans() -> _Plans:
    return read_toml(_Plans, "words", "plans.toml")


def _steps(world: World) -> tuple[str, ...]:
    """What has to be done where such people work; only technical people work on software."""
    persona, plans = world.setting.persona, _plans()
    if persona.private:
        return plans.household
    kind = plans.by_category.get(world.setting.category.name)
    if kind == "software":
        return plans.software if persona.function in _TECHNICAL else plans.usual
    return {"content": plans.content, "research": plans.research}.get(kind or "", plans.usual)
