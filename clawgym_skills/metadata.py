"""The `metadata` of a skill: vendor blocks, and the operations and formats that it declares."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from clawgym.operation import Capability
from clawgym_skills._frontmatter import Frontmatter
from clawgym_skills._text import one_line
from clawgym_skills._yaml import YamlRefusedError, parse_yaml

OPERATIONS_KEY = "clawgym-operations"
FORMATS_KEY = "clawgym-formats"
VENDOR_KEYS = ("openclaw", "clawdbot", "clawdis", "moltbot")
"""OpenClaw's own key and its former names, in order of preference."""


@dataclass(frozen=True)
class Requirements:
    """What a skill needs on the machine: all of `bins`, `env` and `config`, one of `any_bins`."""

    bins: tuple[str, ...] = ()
    any_bins: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    config: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenClawMetadata:
    """What `metadata.openclaw` says, as far as ClawGym uses it."""

    emoji: str | None = None
    requires: Requirements = Requirements()


@dataclass(frozen=True)
class DeclaredOperations:
    """The capabilities that a skill declares, and the words that could not be read as one."""

    capabilities: tuple[Capability, ...] = ()
    unknown: tuple[str, ...] = ()


def metadata_of(frontmatter: Frontmatter) -> Mapping[str, JsonValue] | None:
    """The metadata mapping, also where it was written as JSON in a string; None if unreadable."""
    value = frontmatter.get("metadata")
    if value is None:
        return {}
    return _as_mapping(value)


def declared_operations(metadata: Mapping[str, JsonValue]) -> DeclaredOperations:
    """Read `clawgym-operations`: `operation:kind` words separated by blanks, or a list of them."""
    capabilities: dict[Capability, None] = {}
    unknown: list[str] = []
    for word in _words(metadata.get(OPERATIONS_KEY)):
        try:
            capabilities[Capability.parse(word)] = None
        except ValueError:
            unknown.append(word)
    return DeclaredOperations(tuple(capabilities), tuple(unknown))


def declared_formats(metadata: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Read `clawgym-formats`: what the names of files end in that the skill is for, in lower case.

    Words such as `.vcf` or `crontab.txt`, separated by blanks, or a list of them; nothing for a
    skill that is for every file of the kinds that it names.
    """
    return tuple(dict.fromkeys(word.lower() for word in _words(metadata.get(FORMATS_KEY))))


def openclaw_metadata(metadata: Mapping[str, JsonValue]) -> OpenClawMetadata:
    """Read OpenClaw's block, under its present or a former name; absent parts stay empty."""
    block = vendor_block(metadata)
    emoji = block.get("emoji")
    return OpenClawMetadata(
        emoji=one_line(emoji) or None if isinstance(emoji, str) else None,
        requires=_requirements(block.get("requires")),
    )


def vendor_block(metadata: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """OpenClaw's block as it was written, also where it is JSON in a string; else empty."""
    for key in VENDOR_KEYS:
        block = _as_mapping(metadata.get(key))
        if block is not None:
            return block
    return {}


def _requirements(value: JsonValue) -> Requirements:
    if not isinstance(value, dict):
        return Requirements(bins=_words(value))
    return Requirements(
        bins=_words(value.get("bins")),
        any_bins=_words(value.get("anyBins")),
        env=_words(value.get("env")),
        config=_words(value.get("config")),
    )


def _words(value: JsonValue) -> tuple[str, ...]:
    """A list of strings, or a string separated by commas or blanks."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, list):
        return tuple(item.strip() for item in value if isinstance(item, str) and item.strip())
    return ()


def _as_mapping(value: JsonValue) -> Mapping[str, JsonValue] | None:
    if isinstance(value, dict):
        return value
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return None
    parsed = _parse_json(value)
    return parsed if isinstance(parsed, dict) else None


def _parse_json(text: str) -> JsonValue:
    """JSON, or the JSON5 that the YAML subset covers: trailing commas and single quotes."""
    try:
        parsed: JsonValue = json.loads(text)
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # lone surrogates and NaN are ValueErrors as well
        pass
    else:
        return parsed
    try:
        return parse_yaml(text)
    except YamlRefusedError:
        return None
