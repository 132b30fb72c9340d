"""The mixture of the two routes: which index goes which way, and the how manieth it is there."""

from enum import StrEnum


class Route(StrEnum):
    """How a task comes about: around skills of a catalogue, or around what a person has to do."""

    SKILL = "skill"
    PERSONA = "persona"


def routed(mixture: float, index: int) -> tuple[Route, int]:
    """The route of an index, and how many indices before it take the same one.

    Args:
        mixture: the share of the skill route, 0 to 1; any run of indices keeps to it as well as
            whole numbers can.
        index: counts from 0.
    """
    before, after = int(index * mixture + 1e-9), int((index + 1) * mixture + 1e-9)
    if after > before:
        return Route.SKILL, before
    return Route.PERSONA, index - before
