"""Wishes: which operations a graph is to have beside the one that it is about, in turn.

Without them the operations that fit everywhere would fill every graph.
"""

from collections.abc import Mapping, Sequence

from synth.routes.deck import dealt
from synth.routes.design import Design

_WISHES = 4
_STRONG, _FAINT = 6.0, 0.4


def partner_of(seed: int, design: Design, operations: Sequence[str], lead: str) -> str | None:
    """The operation that is wanted together with the lead: another one each time it leads."""
    others = [name for name in operations if name != lead]
    if not others:
        return None
    return dealt(seed, f"{design.route}-partner-{lead}", design.ordinal // len(operations), others)


def wishes(seed: int, design: Design, operations: Sequence[str], lead: str) -> Mapping[str, float]:
    """How much each operation is wanted."""
    weights = dict.fromkeys(operations, _FAINT)
    for number in range(min(_WISHES, len(operations))):
        weights[dealt(seed, f"{design.route}-wish-{number}", design.ordinal, operations)] = 2.0
    if partner := partner_of(seed, design, operations, lead):
        weights[partner] = _STRONG
    weights[lead] = 1.0
    return weights
