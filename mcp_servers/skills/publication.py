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
from typing import NamedTuple
from urllib.parse import quote

from pydantic import JsonValue

from mcp_servers.skills.plain_yaml import read_frontmatter

SKILL_FILE = "SKILL.md"
SCHEME = "skill://"
MAX_FILES = 512
MAX_BYTES = 16 * 1024 * 1024

Frontmatter = Mapping[str, JsonValue]

_SAFE = re.compile(r"[A-Za-z0-9_.~/-]*")


class Content(NamedTuple):
    """One file without its bytes: `sha256` in hexadecimal, `size` in bytes."""

    sha256: str
    size: int

    @classmethod
    def of(cls, data: bytes) -> "Content":
        """The content that these bytes are."""
        return cls(hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True)
class Written:
    """A skill as its author wrote it and a catalogue read it.

    `skill_file` is the path of its SKILL.md in whatever spelling, None where there is none;
    `text` are that file's bytes, and `body` is what stands below the frontmatter.
    """

    frontmatter: Frontmatter
    description: str
    body: str
    files: Mapping[str, Content]
    skill_file: str | None
    text: bytes | None


@dataclass(frozen=True)
class Published:
    """A skill as every client sees it.

    `files` are ordered by path. `rendered` are the bytes of SKILL.md where they are ours, and None
    where the author's are served.
    """

    name: str
    frontmatter: Frontmatter
    files: Mapping[str, Content]
    rendered: bytes | None

    @property
    def description(self) -> str:
        """What the skill does and when to use it."""
        return _text(self.frontmatter["description"])

    @property
    def root(self) -> str:
        """The URI of the skill's directory."""
        return f"{SCHEME}{self.name}"

    @property
    def uri(self) -> str:
        """The URI of its SKILL.md, which identifies the skill."""
        return self.uri_of(SKILL_FILE)

    def uri_of(self, path: str) -> str:
        """The URI of one of its files or directories."""
        return f"{self.root}/{path if _SAFE.fullmatch(path) else quote(path)}"

    @property
    def conformant(self) -> bool:
        """Whether the skill is small enough for SEP-2640; the tools serve it in any case."""
        size = sum(content.size for content in self.files.values())
        return len(self.files) <= MAX_FILES and size <= MAX_BYTES

    @property
    def entry(self) -> dict[str, JsonValue]:
        """The entry of `skills/list` and `skills/get`."""
        resources: list[JsonValue] = [
            {"uri": self.uri_of(path), "digest": f"sha256:{file.sha256}", "size": file.size}
            for path, file in self.files.items()
        ]
        return {"uri": self.uri, "frontmatter": dict(self.frontmatter), "resources": resources}


def publish(skill: Written, name: str) -> Published:
    """The publication view of a skill under `name`, which must be a slug."""
    written = {
        key: value for key, value in skill.frontmatter.items() if value or key != "description"
    }
    frontmatter = _conformant({"description": skill.description, **written}, name)
    files = {path: file for path, file in skill.files.items() if path != skill.skill_file}
    if skill.text is not None and read_frontmatter(skill.text) == frontmatter:
        content, rendered = Content.of(skill.text), None
    else:
        rendered = f"---\n{_render(frontmatter)}---\n{skill.body.rstrip()}\n".encode()
        content = Content.of(rendered)
    ordered = dict(sorted({**files, SKILL_FILE: content}.items()))
    return Published(name, frontmatter, ordered, rendered)


def skill_file(paths: Mapping[str, object]) -> str | None:
    """Which of a skill's files is its SKILL.md."""
    if SKILL_FILE in paths:
        return SKILL_FILE
    return next((path for path in paths if path.lower() in ("skill.md", "skills.md")), None)


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
