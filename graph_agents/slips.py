"""Slips: the mistakes of a careless expert, one kind for each operation."""

from collections.abc import Callable
from random import Random

from pydantic import JsonValue

from clawgym.graph import Node

RATE = 0.35
"""How often a node goes wrong."""

Params = dict[str, JsonValue]


def slip(rng: Random, node: Node) -> Node | None:
    """The node as it is really performed: mostly right, sometimes wrong, sometimes not at all."""
    if rng.random() >= RATE:
        return node
    change = _SLIPS.get(node.operation)
    if change is None or rng.random() < 0.2:
        return None
    return node.model_copy(update={"params": change(rng, dict(node.params))})


def _wrong_condition(rng: Random, params: Params) -> Params:
    conditions = params["conditions"]
    assert isinstance(conditions, list)
    if len(conditions) > 1:
        return {"conditions": conditions[:-1]}
    only = conditions[0]
    assert isinstance(only, dict)
    opposite = {"==": "!=", "!=": "==", ">=": "<", "<": ">="}
    return {"conditions": [{**only, "op": opposite[str(only["op"])]}]}


def _wrong_duplicate(rng: Random, params: Params) -> Params:
    return {**params, "keep": "last" if params["keep"] == "first" else "first"}


def _wrong_figure(rng: Random, params: Params) -> Params:
    measures = params["measures"]
    assert isinstance(measures, list)
    if len(measures) < 2:
        return {**params, "measures": [*measures, *measures]}
    return {**params, "measures": measures[:-1]}


def _lost_field(rng: Random, params: Params) -> Params:
    fields = params["fields"]
    assert isinstance(fields, list)
    lost = rng.randrange(len(fields))
    return {"fields": fields[:lost] + fields[lost + 1 :]}


def _wrong_change(rng: Random, params: Params) -> Params:
    if params["mode"] == "scale":
        return {**params, "factor": 2.0}
    return {**params, "section": "quotas"}


def _forgotten_total(rng: Random, params: Params) -> Params:
    return {**params, "totals": []}


_SLIPS: dict[str, Callable[[Random, Params], Params]] = {
    "filter": _wrong_condition,
    "deduplicate": _wrong_duplicate,
    "aggregate": _wrong_figure,
    "extract": _lost_field,
    "update": _wrong_change,
    "report": _forgotten_total,
}
