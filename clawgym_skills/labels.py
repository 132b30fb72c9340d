"""What the author says a skill is about: tags, categories, a version."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from clawgym.files import Files
from clawgym_skills._text import one_line
from clawgym_skills.metadata import VENDOR_KEYS, metadata_of
from clawgym_skills.skill import Skill

_TAG_KEYS = ("tags", "topics", "keywords")
_CATEGORY_KEYS = ("category", "categories")
_MOST = 32
_LONGEST = 48


@dataclass(frozen=True)
class Labels:
    """Tags and categories folded to lower case, each once, in the order written."""

    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    version: str | None = None


def labels_of(skill: Skill) -> Labels:
    """Read the labels of a skill; the version is the author's, else the registry's."""
    labels = declared_labels(skill.frontmatter)
    if labels.version is not None:
        return labels
    return Labels(labels.tags, labels.categories, _registry_version(skill.files))


def declared_labels(frontmatter: Mapping[str, JsonValue]) -> Labels:
    """Read the labels in a frontmatter, in its `metadata` and in the vendor blocks there."""
    blocks = list(_blocks(frontmatter))
    versions = (_version(block.get("version")) for block in blocks)
    return Labels(
        tags=_words(blocks, _TAG_KEYS),
        categories=_words(blocks, _CATEGORY_KEYS),
        version=next((version for version in versions if version), None),
    )


def taxonomy(categories: Sequence[str], tags: Sequence[str], operations: Sequence[str]) -> str:
    """The words that the taxonomy tier of search looks at, each label once."""
    return " · ".join(dict.fromkeys((*sorted(categories), *sorted(tags), *operations)))


def _blocks(frontmatter: Mapping[str, JsonValue]) -> Iterator[Mapping[str, JsonValue]]:
    yield frontmatter
    metadata = metadata_of(frontmatter) or {}
    yield metadata
    for key in VENDOR_KEYS:
        block = metadata.get(key)
        if isinstance(block, dict):
            yield block


def _words(blocks: Sequence[Mapping[str, JsonValue]], keys: Sequence[str]) -> tuple[str, ...]:
    found = (
        one_line(text).casefold()[:_LONGEST]
        for block in blocks
        for key in keys
        if key in block
        for text in _texts(block[key])
    )
    return tuple(dict.fromkeys(text for text in found if text))[:_MOST]


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.strip("[]").split(",")
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _version(value: JsonValue) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return one_line(str(value))[:_LONGEST] or None


def _registry_version(files: Files) -> str | None:
    file = files.get("_meta.json")
    if file is None:
        return None
    try:
        meta: JsonValue = json.loads(file.data)
    except (ValueError, RecursionError):
        return None  # the reader has reported it, as SK111
    if not isinstance(meta, dict):
        return None
    latest = meta.get("latest")
    return _version(latest.get("version") if isinstance(latest, dict) else meta.get("version"))
