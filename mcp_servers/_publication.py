"""How a skill is published over MCP: conformant to SEP-2640, and verbatim wherever it can be.

SEP-2640 wants the frontmatter verbatim, equal to what a host reads in the SKILL.md that it is
served; it also wants `metadata` to map strings to strings and the directory to be called as the
skill is. Many real skills break the second half: OpenClaw's nested `metadata.openclaw` alone makes
a strict client refuse the whole list. So there is one rule: *what we announce is what a plain YAML
reader finds in the bytes that we serve*.

- A skill whose own SKILL.md satisfies that is served byte for byte.
- For any other, SKILL.md is served with a rendered frontmatter (the body stays): the name as a
  slug, metadata values as text (JSON where they were not text), `allowed-tools` in one line, every
  scalar quoted so that YAML 1.1 and 1.2 agree. Digest and size are those of the rendered bytes.

All surfaces (methods, resources, tools, prompts) serve this one view. Nothing is written back.
Source: modelcontextprotocol/ext-skills:specification/stable/skills.mdx.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast
from urllib.parse import quote

import yaml
from pydantic import JsonValue

from clawgym.files import File, Files

SKILL_FILE = "SKILL.md"
SCHEME = "skill://"
MAX_FILES = 512
MAX_BYTES = 16 * 1024 * 1024
MAX_NAME = 64

Frontmatter = Mapping[str, JsonValue]


class SourceSkill(Protocol):
    """What publication needs to know of a skill: `clawgym_skills.catalogue` has it."""

    @property
    def name(self) -> str:
        """The name that its author gave it."""
        ...

    @property
    def description(self) -> str:
        """What the skill does and when to use it."""
        ...

    @property
    def body(self) -> str:
        """SKILL.md below the frontmatter."""
        ...

    @property
    def frontmatter(self) -> Frontmatter:
        """The frontmatter as the catalogue read it, repairs included."""
        ...

    @property
    def files(self) -> Files:
        """Every file of the skill."""
        ...

    @property
    def user_invocable(self) -> bool:
        """Whether a person may start it by its name."""
        ...


@dataclass(frozen=True)
class Published:
    """A skill as every client sees it."""

    name: str
    frontmatter: Frontmatter
    files: Files
    user_invocable: bool

    @property
    def description(self) -> str:
        """What the skill does and when to use it."""
        return _text(self.frontmatter["description"])

    @property
    def root(self) -> str:
        """The URI of the skill's directory."""
        return f"{SCHEME}{quote(self.name)}"

    @property
    def uri(self) -> str:
        """The URI of its SKILL.md, which identifies the skill."""
        return self.uri_of(SKILL_FILE)

    def uri_of(self, path: str) -> str:
        """The URI of one of its files or directories."""
        return f"{self.root}/{quote(path)}"

    @property
    def conformant(self) -> bool:
        """Whether the skill is small enough for SEP-2640; the tools serve it in any case."""
        size = sum(len(file.data) for file in self.files.values())
        return len(self.files) <= MAX_FILES and size <= MAX_BYTES

    @cached_property
    def entry(self) -> dict[str, JsonValue]:
        """The entry of `skills/list` and `skills/get`."""
        resources: list[JsonValue] = [
            {"uri": self.uri_of(path), "digest": _digest(file.data), "size": len(file.data)}
            for path, file in self.files.items()
        ]
        return {"uri": self.uri, "frontmatter": dict(self.frontmatter), "resources": resources}


def publish(skill: SourceSkill, name: str) -> Published:
    """The publication view of a skill under `name`, which must be a slug."""
    written = {
        key: value for key, value in skill.frontmatter.items() if value or key != "description"
    }
    frontmatter = _conformant({"description": skill.description, **written}, name)
    source = _skill_file(skill.files)
    others = {path: file for path, file in skill.files.items() if path != source}
    served = skill.files[source] if source else None
    if served is None or _plainly_read(served.data) != frontmatter:
        served = File(f"---\n{_render(frontmatter)}---\n{skill.body.rstrip()}\n".encode())
    files = Files({**others, SKILL_FILE: served})
    return Published(name, frontmatter, files, skill.user_invocable)


def slug(name: str) -> str:
    """`name` in at most 64 lowercase letters, digits and single hyphens."""
    kept = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:MAX_NAME].rstrip("-")
    return kept or "skill"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _skill_file(files: Files) -> str | None:
    if SKILL_FILE in files:
        return SKILL_FILE
    return next((path for path in files if path.lower() in ("skill.md", "skills.md")), None)


def _conformant(frontmatter: Frontmatter, name: str) -> dict[str, JsonValue]:
    view = {"name": name, **{key: value for key, value in frontmatter.items() if key != "name"}}
    if "metadata" in view:
        metadata = view["metadata"]
        entries = metadata if isinstance(metadata, dict) else {"value": metadata}
        view["metadata"] = {key: _text(value) for key, value in entries.items()}
    tools = view.get("allowed-tools")
    if isinstance(tools, list):
        view["allowed-tools"] = " ".join(map(_text, tools))
    return view


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plainly_read(data: bytes) -> object:
    """The frontmatter as any host's YAML reader sees it; None if that is not certain."""
    found = re.match(rb"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", data, re.DOTALL | re.MULTILINE)
    if found is None:
        return None
    try:
        return cast("object", yaml.safe_load(found[1].decode()))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return None


_STANDARD_KEYS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
_UNSAFE_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def _render(frontmatter: Frontmatter) -> str:
    lines: list[str] = []
    for key, value in frontmatter.items():
        if key == "metadata" and isinstance(value, dict) and value:
            lines += ["metadata:", *(f"  {_quoted(k)}: {_quoted(v)}" for k, v in value.items())]
        else:
            lines.append(f"{key if key in _STANDARD_KEYS else _quoted(key)}: {_quoted(value)}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
