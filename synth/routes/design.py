"""Designs: what the task of an index is to be like, balanced over any run of indices."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth.routes.deck import cards, dealt
from synth.routes.mixture import Route, routed
from synth.scene import Form
from synth.taxonomy import subcategories
from synth.taxonomy.opening import Style

LEVELS = cards({1: 3, 2: 5, 3: 6, 4: 4, 5: 2})
FORMS = cards({Form.PLAIN: 31, Form.REPAIR: 5, Form.FOLLOW_UP: 4})
"""Of the repairs some 7 % of all tasks remain: none has a rubric, and not all graphs allow one."""

SIZES = {1: (1, 2, 2), 2: (1, 2, 2, 3), 3: (2, 2, 3), 4: (2, 3, 4), 5: (5, 6, 7, 8)}
"""How many nodes a graph has at each level."""

ENTRIES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}
"""How many sources may be put there at each level."""

_LARGE = 4
"""The most nodes of a graph that has to be of one piece."""

STYLES: tuple[Style, ...] = ("brief", "spec")


@dataclass(frozen=True)
class Design:
    """What one task is to be like; `ordinal` counts the indices of its route."""

    route: Route
    ordinal: int
    subcategory: str
    level: int
    form: Form
    style: Style
    size: int
    parts: bool

    @property
    def entries(self) -> int:
        """How many sources may be put there."""
        return ENTRIES[self.level]


def design(
    seed: int,
    index: int,
    *,
    mixture: float,
    scenarios: Sequence[str] = (),
    levels: Sequence[int] = (),
    style: Style | None = None,
) -> Design:
    """The design of an index: a pure function.

    Args:
        seed: of the dataset.
        index: counts from 0.
        mixture: the share of the skill route.
        scenarios: the subcategories that tasks may belong to; all where none is named.
        levels: the levels that they may have; all, in their usual shares, where none is named.
        style: the style of all of them; both in turn where none is named.
    """
    route, ordinal = routed(mixture, index)

    def deal(name: str, deck: Sequence[str]) -> str:
        return dealt(seed, f"{route}-{name}", ordinal, deck)

    level = dealt(seed, f"{route}-level", ordinal, tuple(levels) or LEVELS)
    size = dealt(seed, f"{route}-size-{level}", ordinal, SIZES[level])
    return Design(
        route=route,
        ordinal=ordinal,
        subcategory=deal("subcategory", tuple(scenarios) or tuple(subcategories())),
        level=level,
        form=dealt(seed, f"{route}-form", ordinal, FORMS),
        style=style or dealt(seed, f"{route}-style", ordinal, STYLES),
        size=size,
        parts=size > _LARGE,
    )
