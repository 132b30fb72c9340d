"""Rows made by hand, small enough to compute with by eye, and the skills that come bundled."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from clawgym.artifact import ColumnType
from clawgym.operation import Capability
from synth import Recipe, SkillSource, choose_skills
from synth.composing import Skills
from synth.operations import is_groundable
from synth.phrasing import Style
from synth.sources import skill_sources
from synth.values import Config, Field, Role, Row, RowSet

SOLVER = Path(__file__).parents[2] / "synth" / "task_runtime" / "solve.py"

ORDER_FIELDS = (
    Field("id", ColumnType.TEXT, Role.ID),
    Field("date", ColumnType.DATE, Role.DATE),
    Field("customer", ColumnType.TEXT, Role.LINK),
    Field("status", ColumnType.TEXT, Role.CATEGORY),
    Field("units", ColumnType.INTEGER, Role.MEASURE),
    Field("amount", ColumnType.NUMBER, Role.MEASURE),
)
ORDERS = RowSet(
    ORDER_FIELDS,
    (
        ("A-1", "2026-01-05", "Foxglove", "paid", 3, 10.25),
        ("A-2", "2026-01-05", "Alder", "open", 10, 99.5),
        ("A-3", "2026-01-09", "Foxglove", "paid", 1, 0.1),
        ("A-4", "2026-02-01", "Dovetail", "open", 2, 0.2),
    ),
    key=("id",),
    topic="orders",
)
CUSTOMERS = RowSet(
    (
        Field("customer", ColumnType.TEXT, Role.LINK),
        Field("country", ColumnType.TEXT, Role.CATEGORY),
    ),
    (("Alder", "DE"), ("Foxglove", "FR"), ("Unheard of", "ES")),
    key=("customer",),
)
SETTINGS = Config(
    "# By hand.\n[api]\ntimeout = 21\n\n[mail]\n; slow\ntimeout = 7\nretries = 2\n\n"
    "[limits]\nopen = 4\n",
    {
        "api": {"timeout": "21"},
        "mail": {"timeout": "7", "retries": "2"},
        "limits": {"open": "4"},
    },
)


def orders(*rows: Row) -> RowSet:
    return ORDERS.with_rows(list(rows))


@cache
def bundled() -> tuple[SkillSource, ...]:
    """The bundled skills that tasks can be made of."""
    return choose_skills(skill_sources(None), [])


def recipe(seed: int, *names: str, style: Style | None = None) -> Recipe:
    return Recipe(choose_skills(bundled(), list(names)), seed, style)


def declared() -> Skills:
    """What each of them declares that can be grounded, as `compose` takes it."""
    return {skill.name: [c for c in skill.capabilities if is_groundable(c)] for skill in bundled()}


def invented(name: str, *capabilities: str) -> SkillSource:
    """A skill that is nothing but its declaration."""
    files = bundled()[0].files
    return SkillSource(name, tuple(Capability.parse(text) for text in capabilities), files)


@cache
def solver() -> ModuleType:
    """The shipped reference solution, imported from its file."""
    spec = importlib.util.spec_from_file_location("task_solve", SOLVER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
