"""Where a byte depends on how JavaScript does it: the order of an object's keys, and its JSON."""

import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

_MAX_INDEX = 2**32 - 2


def object_order(keys: Iterable[str]) -> list[str]:
    """Keys in the order that a JavaScript object gives them back: array indices come first."""
    ordered = list(keys)
    indices = sorted((key for key in ordered if _is_index(key)), key=int)
    return indices + [key for key in ordered if not _is_index(key)]


def dump_json(value: JsonValue) -> str:
    """`JSON.stringify(value, null, 2)` of a value without floats."""
    return json.dumps(_ordered(value), ensure_ascii=False, indent=2)


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit() and str(int(key)) == key and int(key) <= _MAX_INDEX


def _ordered(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in object_order(value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value
