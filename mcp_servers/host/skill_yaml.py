"""Frontmatter as a careful host reads it: no aliases, no key twice, nothing that JSON lacks."""

import math
import re
from collections.abc import Hashable
from datetime import date
from typing import cast

import yaml
from pydantic import JsonValue

_HEADER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)


class FrontmatterError(ValueError):
    """There is no frontmatter that every reader would read in the same way."""


def careful_frontmatter(data: bytes) -> dict[str, JsonValue]:
    """The frontmatter of a SKILL.md as JSON.

    Raises:
        FrontmatterError: it is missing, ambiguous or not JSON.
    """
    try:
        found = _HEADER.match(data.decode())
        if found is None:
            raise FrontmatterError("it has no frontmatter between --- lines")
        value: object = yaml.load(found[1], _CarefulLoader)  # noqa: S506 - safer than the safe one
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise FrontmatterError(f"its frontmatter cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise FrontmatterError("its frontmatter is no mapping")
    return cast("dict[str, JsonValue]", _as_json(cast("object", value)))


class _CarefulLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise FrontmatterError("its frontmatter holds an alias")
        return super().compose_node(parent, index)

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        keys = [key.value for key, _ in node.value]
        if len(set(map(str, keys))) < len(keys):
            raise FrontmatterError("its frontmatter holds a key twice")
        return super().construct_mapping(node, deep)


def _as_json(value: object) -> JsonValue:
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        return {_key(key): _as_json(inner) for key, inner in entries.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in cast("list[object]", value)]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise FrontmatterError("its frontmatter holds a number that JSON lacks")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise FrontmatterError(f"its frontmatter holds a {type(value).__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise FrontmatterError(f"its frontmatter holds the key {key!r}, which is no text")
    return key
