"""The publication view: a skill as the strictest reader wants it, derived and never written back.

The name is a slug and the last part of the path, `metadata` maps strings to strings, the
specification's other fields are bounded text, and keys that it does not know move into `metadata`.
`render` writes it so that every YAML reader finds the same text; the result has no violation of
the strict profile. What the author wrote stays beside it as `verbatim`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from clawgym_skills._frontmatter import Frontmatter
from clawgym_skills._text import one_line, shorten
from clawgym_skills.skill import Skill
from clawgym_skills.strict import FIELDS, MAX_COMPATIBILITY, MAX_DESCRIPTION, MAX_NAME

_NO_SLUG = re.compile(r"[^a-z0-9]+")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_TOOL = re.compile(r"[^\s,()]*\([^()]{0,200}\)|[^\s,]+")


@dataclass(frozen=True)
class PublicationView:
    """A skill for strict readers; `name` is also what its directory must be called."""

    name: str
    description: str
    license: str | None = None
    compatibility: str | None = None
    allowed_tools: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    verbatim: Frontmatter = field(default_factory=dict[str, JsonValue], hash=False)

    @property
    def frontmatter(self) -> dict[str, JsonValue]:
        """The fields that are set, under the specification's keys and in its order."""
        values: dict[str, JsonValue] = {
            "name": self.name,
            "description": self.description,
            "license": self.license,
            "compatibility": self.compatibility,
            "metadata": dict[str, JsonValue](self.metadata) or None,
            "allowed-tools": self.allowed_tools,
        }
        return {key: value for key, value in values.items() if value is not None}

    def render(self, body: str) -> bytes:
        """A `SKILL.md` with this frontmatter; every value is quoted."""
        lines = ["---"]
        for key, value in self.frontmatter.items():
            if isinstance(value, dict):
                lines += [f"{key}:", *(f"  {_quoted(k)}: {_quoted(v)}" for k, v in value.items())]
            else:
                lines.append(f"{key}: {_quoted(value)}")
        return "\n".join([*lines, "---", body.rstrip(), ""]).encode()


def publication_view(skill: Skill, name: str | None = None) -> PublicationView:
    """The view of a skill under `name`, else under the slug of its own name."""
    written = skill.frontmatter
    return PublicationView(
        name=slug(name or skill.name),
        description=shorten(skill.description, MAX_DESCRIPTION),
        license=_one_line(written.get("license")),
        compatibility=shorten(_one_line(written.get("compatibility")) or "", MAX_COMPATIBILITY)
        or None,
        allowed_tools=_tools(written),
        metadata=_metadata(written),
        verbatim=written,
    )


def slug(name: str) -> str:
    """`name` in at most 64 lowercase ASCII letters, digits and single hyphens; never empty."""
    kept = _NO_SLUG.sub("-", name.lower()).strip("-")[:MAX_NAME].rstrip("-")
    return kept or "skill"


def _metadata(written: Frontmatter) -> dict[str, str]:
    """The author's metadata and the keys that the specification does not know, as text."""
    metadata = written.get("metadata")
    entries = metadata if isinstance(metadata, dict) else {}
    if metadata is not None and not isinstance(metadata, dict):
        entries = {"metadata": metadata}
    others = {key: value for key, value in written.items() if key not in FIELDS}
    return {key: _text(value) for key, value in {**others, **entries}.items()}


def _tools(written: Frontmatter) -> str | None:
    tools = written.get("allowed-tools")
    words = tools if isinstance(tools, list) else _TOOL.findall(_text(tools)) if tools else []
    return one_line(" ".join(map(_text, words))) or None


def _one_line(value: JsonValue) -> str | None:
    return None if value is None else one_line(_text(value)) or None


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(value: JsonValue) -> str:
    """A JSON string is also a double-quoted scalar of every YAML version."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
