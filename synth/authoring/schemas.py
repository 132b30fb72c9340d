"""JSON schemas in the strict form that endpoints can enforce: closed, every key required."""

from functools import cache

from pydantic import BaseModel, JsonValue, TypeAdapter

from synth.authoring.answers import JsonObject, Verification
from synth.authoring.menu import menu_types

_KEPT = frozenset({"type", "enum", "$ref", "anyOf", "items", "properties", "$defs", "description"})
_SCALARS = [JsonObject({"type": name}) for name in ("string", "number", "boolean", "null")]
_LIST: JsonObject = {"type": "array", "items": {"anyOf": list[JsonValue](_SCALARS)}}
_ANYTHING: JsonObject = {"anyOf": [*_SCALARS, _LIST]}
"""JSON to one level of lists: strict schemas know no free-form values."""


@cache
def answer_schema(shape: type[BaseModel]) -> JsonObject:
    """The strict schema of an answer; the checks of a verification are those of the menu."""
    if shape is Verification:
        return _verification_schema()
    return _strict_object(shape.model_json_schema())


def _verification_schema() -> JsonObject:
    whole = Verification.model_json_schema()
    definitions = dict(_object(whole.get("$defs", {})))
    choices: list[JsonValue] = []
    for kind in menu_types():
        part = TypeAdapter(kind).json_schema()
        definitions |= _object(part.pop("$defs", {}))
        properties = {k: v for k, v in _object(part["properties"]).items() if k != "node"}
        definitions[kind.__name__] = {"type": "object", "properties": properties}
        choices.append({"$ref": f"#/$defs/{kind.__name__}"})
    properties = _object(whole["properties"])
    properties["checks"] = {"type": "array", "items": {"anyOf": choices}}
    return _strict_object({"type": "object", "properties": properties, "$defs": definitions})


def _strict_object(schema: JsonObject) -> JsonObject:
    strict = _strict(schema)
    return strict if isinstance(strict, dict) else {}


def _strict(schema: JsonValue) -> JsonValue:
    if not isinstance(schema, dict):
        return schema
    if "const" in schema:
        return {"type": "string", "enum": [schema["const"]]}
    if alternatives := schema.get("oneOf"):
        schema = {**schema, "anyOf": alternatives}
    kept = {key: value for key, value in schema.items() if key in _KEPT - {"description"}}
    if not kept or kept == {"type": "array"}:
        return _ANYTHING
    result: JsonObject = {}
    for key, value in kept.items():
        if key in ("properties", "$defs"):
            result[key] = {name: _strict(part) for name, part in _object(value).items()}
        elif key == "anyOf" and isinstance(value, list):
            result[key] = [_strict(part) for part in value]
        else:
            result[key] = _strict(value)
    if "properties" in result:
        result["required"] = list[JsonValue](_object(result["properties"]))
        result["additionalProperties"] = False
    return result


def _object(value: JsonValue) -> JsonObject:
    assert isinstance(value, dict)
    return value
