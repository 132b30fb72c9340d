"""Work plans: tasks with a length in workdays, and what they have to wait for."""

import random
from dataclasses import dataclass
from datetime import date

from clawgym.artifact import ColumnType
from synth.values import Field, Role, Row, RowSet
from synth.world.world import World

_STEPS = (
    "Agree on the scope",
    "Collect figures",
    "Draft the text",
    "Ask for offers",
    "Review with the team",
    "Order material",
    "Set up the room",
    "Train the staff",
    "Test with one client",
    "Correct the faults",
    "Inform everybody",
    "Hand over",
    "Check the invoices",
    "Archive the papers",
)
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
    count = rng.randint(5, min(len(_STEPS), 6 + 2 * world.knobs.level))
    owners = rng.sample(world.backdrop.staff, 3)
    rows: list[Row] = []
    steps = sorted(rng.sample(range(len(_STEPS)), count))
    for number, step in enumerate(steps, 1):
        waits = rng.sample(range(1, number), min(number - 1, rng.choice((0, 1, 1, 2))))
        after = "; ".join(f"T{wait:02d}" for wait in sorted(waits))
        rows.append((f"T{number:02d}", _STEPS[step], rng.choice(owners), rng.randint(1, 8), after))
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
