"""A subset of JSON Schema: what it knows it checks in full, the rest its author cannot write."""

import json
import re

from checklib.moments import MOMENT, as_date, as_moment
from checklib.structured import loaded, place, show, value_at
from checklib.verdict import Mismatch

DEPTH = 60


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and float(value).is_integer(),
}
FORMATS = {
    "date": lambda text: len(text) == 10 and bool(MOMENT.fullmatch(text)) and bool(as_date(text)),
    "date-time": lambda text: bool(as_moment(text)) and len(text) > 10,
    "email": lambda text: bool(re.fullmatch(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+", text[:320])),
    "uri": lambda text: bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$", text)),
    "uuid": lambda text: bool(
        re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text)
    ),
}


def equal(left, right):
    """Equality of JSON values: `1` is `1.0`, and neither is `true`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return (type(left) is type(right) and left == right) or (is_number(left) and left == right)


class Validator:
    """Finds the first place at which data break a schema, as (path, what)."""

    def __init__(self, root):
        self.root = root

    def first(self, schema, data, at=()):
        if schema is True or schema is False:
            return None if schema else (at, "nothing may stand here")
        if len(at) > DEPTH:
            return at, "nested too deeply"
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            problem = self.first(self.root["$defs"][name], data, at)
            if problem:
                return problem
        for rule in (self.kind, self.text, self.range, self.members, self.items, self.choices):
            problem = rule(schema, data, at)
            if problem:
                return problem
        return None

    def kind(self, schema, data, at):
        wanted = schema.get("type", [])
        wanted = [wanted] if isinstance(wanted, str) else wanted
        if wanted and not any(TYPES[name](data) for name in wanted):
            return at, "%s is no %s" % (show(data), " or ".join(wanted))
        if "const" in schema and not equal(schema["const"], data):
            return at, "%s is not %s" % (show(data), show(schema["const"]))
        if "enum" in schema and not any(equal(choice, data) for choice in schema["enum"]):
            return at, "%s is none of %s" % (show(data), show(schema["enum"]))
        return None

    def text(self, schema, data, at):
        if not isinstance(data, str):
            return None
        if not schema.get("minLength", 0) <= len(data) <= schema.get("maxLength", len(data)):
            return at, "%d characters" % len(data)
        if "pattern" in schema and not re.search(schema["pattern"], data):
            return at, "%s does not match %s" % (show(data), schema["pattern"])
        if "format" in schema and not FORMATS[schema["format"]](data):
            return at, "%s is no %s" % (show(data), schema["format"])
        return None

    def range(self, schema, data, at):
        if not is_number(data):
            return None
        bad = (
            data < schema.get("minimum", data)
            or data > schema.get("maximum", data)
            or ("exclusiveMinimum" in schema and data <= schema["exclusiveMinimum"])
            or ("exclusiveMaximum" in schema and data >= schema["exclusiveMaximum"])
        )
        if not bad and "multipleOf" in schema:
            try:
                parts = data / schema["multipleOf"]
                bad = abs(parts - round(parts)) > 1e-9 * max(1.0, abs(parts))
            except OverflowError:
                bad = True
        return (at, "%s is out of range" % show(data)) if bad else None

    def members(self, schema, data, at):
        if not isinstance(data, dict):
            return None
        missing = [name for name in schema.get("required", ()) if name not in data]
        if missing:
            return at, "%s is missing" % missing[0]
        if (
            not schema.get("minProperties", 0)
            <= len(data)
            <= schema.get("maxProperties", len(data))
        ):
            return at, "%d members" % len(data)
        known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, value in data.items():
            if name not in known and other is False:
                return (*at, name), "not allowed"
            problem = self.first(known.get(name, other), value, (*at, name))
            if problem:
                return problem
        return None

    def items(self, schema, data, at):
        if not isinstance(data, list):
            return None
        if not schema.get("minItems", 0) <= len(data) <= schema.get("maxItems", len(data)):
            return at, "%d items" % len(data)
        if schema.get("uniqueItems"):
            texts = [json.dumps(item, sort_keys=True) for item in data]
            if len(set(texts)) < len(texts):
                return at, "an item stands twice"
        for number, item in enumerate(data):
            problem = self.first(schema.get("items", True), item, (*at, number))
            if problem:
                return problem
        return None

    def choices(self, schema, data, at):
        for part in schema.get("allOf", ()):
            problem = self.first(part, data, at)
            if problem:
                return problem
        for name, allowed in (("anyOf", None), ("oneOf", 1)):
            if name in schema:
                fits = sum(self.first(part, data, at) is None for part in schema[name])
                if not fits or (allowed and fits != allowed):
                    return at, "%s fits %d of %s" % (show(data), fits, name)
        if "not" in schema and self.first(schema["not"], data, at) is None:
            return at, "%s is excluded" % show(data)
        return None


def check_schema(case, check):
    data, path = loaded(case, check), check["path"]
    there, data = value_at(data, check["at"])
    if not there:
        raise Mismatch("nothing at %s" % place(check["at"]), path)
    problem = Validator(check["schema_"]).first(check["schema_"], data, tuple(check["at"]))
    if problem:
        raise Mismatch(problem[1], "%s, %s" % (path, place(problem[0])))
    return "as the schema says"


CHECKS = {"schema": check_schema}
