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
    params = change(rng, dict(node.params))
    return node.model_copy(update={"params": params}) if params else None


def _wrong_condition(rng: Random, params: Params) -> Params | None:
    conditions = params["conditions"]
    assert isinstance(conditions, list)
    if len(conditions) > 1:
        return {**params, "conditions": conditions[:-1]}
    only = conditions[0]
    assert isinstance(only, dict)
    opposite = {"==": "!=", "!=": "==", ">=": "<", "<": ">="}.get(str(only["op"]))
    return {**params, "conditions": [{**only, "op": opposite}]} if opposite else None


def _wrong_duplicate(rng: Random, params: Params) -> Params | None:
    other = {"first": "last", "last": "first", "newest": "oldest", "oldest": "newest"}
    keep = other.get(str(params["keep"]))
    return {**params, "keep": keep} if keep else None


def _wrong_figure(rng: Random, params: Params) -> Params | None:
    measures = params["measures"]
    assert isinstance(measures, list)
    if len(measures) < 2:
        return None
    return {**params, "measures": measures[:-1]}


def _lost_field(rng: Random, params: Params) -> Params | None:
    fields = params["fields"]
    assert isinstance(fields, list)
    lost = rng.randrange(len(fields))
    return {**params, "fields": fields[:lost] + fields[lost + 1 :]}


def _wrong_change(rng: Random, params: Params) -> Params | None:
    return {**params, "factor": 2.0} if params["mode"] == "scale" else None


def _forgotten_total(rng: Random, params: Params) -> Params | None:
    return {**params, "totals": []} if params.get("form", "plain") == "plain" else None


_SLIPS: dict[str, Callable[[Random, Params], Params | None]] = {
    "filter": _wrong_condition,
    "deduplicate": _wrong_duplicate,
    "aggregate": _wrong_figure,
    "extract": _lost_field,
    "update": _wrong_change,
    "report": _forgotten_total,
}
