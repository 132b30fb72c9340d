"""Structured data: JSON, YAML, TOML, INI and XML."""

import re
from typing import ClassVar, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from clawgym.paths import WorkspacePath
from verify.checks.base import BaseCheck, Part, PartialCheck, Tolerance
from verify.checks.tables import kind_of

DataFormat = Literal["json", "jsonl", "yaml", "toml", "ini"]
_READERS = {"yaml": ("yaml_subset",), "ini": ("ini",), "cfg": ("ini",)}
_KINDS = frozenset({"json", "jsonl", "yaml", "toml", "ini", "cfg"})

At = tuple[str | int, ...]
"""Keys and list positions from the root: `("servers", 0, "port")`."""

_SCHEMAS = frozenset({"additionalProperties", "items", "not"})
_SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf"})
_SCHEMA_MAPS = frozenset({"properties", "$defs"})
_PLAIN = frozenset(
    {
        *("type", "enum", "const", "format", "pattern", "$ref", "title", "description"),
        *("required", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength"),
    }
)
_FORMATS = frozenset({"date", "date-time", "email", "uri", "uuid"})
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


class _DataCheck(BaseCheck):
    modules: ClassVar = ("structured",)
    path: WorkspacePath
    format: DataFormat | None = None

    @model_validator(mode="after")
    def _is_data(self) -> Self:
        if self.format is None and kind_of(self.path) not in _KINDS:
            raise ValueError(f"{self.path} has no known kind of data; give its `format`")
        return self

    def needed_modules(self) -> tuple[str, ...]:
        """What reads this kind of data."""
        return self.modules + _READERS.get(self.format or kind_of(self.path), ())


class ValueAt(Part):
    """A value, whole, at one place; numbers within either tolerance."""

    at: At
    equals: JsonValue
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0


class ValuesCheck(_DataCheck, PartialCheck):
    """Values at their places, and nothing at the places in `absent`.

    `typed` tells `"1"` from `1`, where the format can.
    """

    type: Literal["values"] = "values"
    values: tuple[ValueAt, ...]
    absent: tuple[At, ...] = ()
    typed: bool = True


class OnlyChangedCheck(_DataCheck):
    """Everything but the places in `changed` is as it was in `before`."""

    type: Literal["only_changed"] = "only_changed"
    before: JsonValue
    changed: tuple[At, ...]


class SchemaCheck(_DataCheck):
    """Data that fit a schema, in the subset of JSON Schema that the runtime knows.

    Raises:
        ValueError: the schema has a keyword, type or format that the runtime would not check.
    """

    modules: ClassVar = ("schemas",)
    type: Literal["schema"] = "schema"
    at: At = ()
    schema_: dict[str, JsonValue]

    @field_validator("schema_")
    @classmethod
    def _is_known(cls, schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
        definitions = schema.get("$defs", {})
        _check_schema(
            schema, frozenset(definitions) if isinstance(definitions, dict) else frozenset()
        )
        return schema


class XmlStep(Part):
    """One element on the way down; `*` is any name."""

    name: str
    attributes: dict[str, str] = Field(default_factory=dict[str, str])


class XmlValue(Part):
    """The texts of all elements at the end of `steps` (the root first), or of one attribute."""

    steps: tuple[XmlStep, ...] = Field(min_length=1)
    attribute: str | None = None
    texts: tuple[str, ...]
    ordered: bool = True


class XmlValuesCheck(PartialCheck):
    """Texts and attributes of an XML file; namespaces are left out."""

    modules: ClassVar = ("xmltree",)
    type: Literal["xml_values"] = "xml_values"
    path: WorkspacePath
    values: tuple[XmlValue, ...] = Field(min_length=1)


def _check_schema(schema: JsonValue, names: frozenset[str]) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise ValueError(f"{schema!r} is no schema")  # noqa: TRY004 - pydantic wants ValueError
    for keyword, value in schema.items():
        if keyword in _SCHEMAS:
            _check_schema(value, names)
        elif keyword in _SCHEMA_LISTS and isinstance(value, list):
            for part in value:
                _check_schema(part, names)
        elif keyword in _SCHEMA_MAPS and isinstance(value, dict):
            for part in value.values():
                _check_schema(part, names)
        elif keyword in _PLAIN:
            _check_keyword(keyword, value, names)
        else:
            raise ValueError(f"the runtime does not know the schema keyword {keyword!r}")


def _check_keyword(keyword: str, value: JsonValue, names: frozenset[str]) -> None:
    types = value if isinstance(value, list) else [value]
    if keyword == "type" and not all(name in _TYPES for name in types):
        raise ValueError(f"no known type: {value!r}")
    if keyword == "format" and value not in _FORMATS:
        raise ValueError(f"the runtime does not know the format {value!r}")
    if keyword == "pattern":
        re.compile(str(value))
    if keyword == "$ref" and str(value) not in {f"#/$defs/{name}" for name in names}:
        raise ValueError(f"{value!r} is none of $defs")
