"""What is said on the command line about routes, scenarios and levels."""

import re
from difflib import get_close_matches
from typing import Literal

from clawgym.errors import UsageError
from synth.taxonomy import categories, subcategories

HALF = 0.5
"""The mixture where none is named."""

_SPAN = re.compile(r"([1-5])(?:-([1-5]))?")


def share_of_skills(
    route: Literal["skill", "persona", "mixture"] | None, mixture: float | None
) -> float:
    """The share of the skill route.

    Raises:
        UsageError: a route is named that a mixture contradicts.
    """
    if route in (None, "mixture"):
        return mixture if mixture is not None else HALF if route else 1.0
    if mixture is not None:
        raise UsageError(f"--mixture needs --route mixture; --route {route} has no mixture")
    return 1.0 if route == "skill" else 0.0


def read_scenarios(text: str) -> tuple[str, ...]:
    """The subcategories of a list of categories, subcategories and `category/subcategory`.

    Raises:
        UsageError: one of them is unknown, with the nearest known one.
    """
    inside = {
        category.name: tuple(entry.name for entry in category.subcategory)
        for category in categories().values()
    }
    found: dict[str, None] = {}
    for name in filter(None, (part.strip() for part in text.split(","))):
        category, _, subcategory = name.rpartition("/")
        if name in inside:
            found.update(dict.fromkeys(inside[name]))
        elif subcategory in (inside.get(category, ()) if category else subcategories()):
            found[subcategory] = None
        else:
            near = get_close_matches(name, [*inside, *subcategories()], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            known = ", ".join((*inside, *subcategories()))
            raise UsageError(f"unknown scenario {name!r}{hint} (known: {known})")
    return tuple(found)


def read_levels(text: str) -> tuple[int, ...]:
    """`2`, `3-5` or `1,3`: the levels, each once.

    Raises:
        UsageError: it is written otherwise.
    """
    levels: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        span = _SPAN.fullmatch(part)
        if not span or (span[2] and span[2] < span[1]):
            raise UsageError(f"--level {text!r}: write a level from 1 to 5, or a span such as 3-5")
        levels.update(range(int(span[1]), int(span[2] or span[1]) + 1))
    return tuple(sorted(levels))
