"""The interface of the reference package skills-ref 0.1.1 on top of our strict profile.

The functions, exceptions and messages are those that its callers and tests rely on; alias this
module for `skills_ref` and its submodules. It differs where the reference is wrong by its own
specification: a `---` inside a value does not end the frontmatter.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from clawgym.errors import SkillFormatError
from clawgym_skills.diagnostic import Diagnostic, Findings
from clawgym_skills.strict import FILE_NAMES, StrictError, StrictRule, check_fields, read_document

__all__ = [
    "ParseError",
    "SkillError",
    "SkillProperties",
    "ValidationError",
    "find_skill_md",
    "parse_frontmatter",
    "read_properties",
    "to_prompt",
    "validate",
    "validate_metadata",
]


class SkillError(SkillFormatError):
    """A skill that the specification does not allow."""


class ParseError(SkillError):
    """There is no SKILL.md, or its frontmatter cannot be parsed."""


class ValidationError(SkillError):
    """A required field is missing or empty; `errors` holds every message."""

    def __init__(self, message: str, errors: list[str] | None = None) -> None:
        super().__init__(message)
        self.errors = [message] if errors is None else errors


@dataclass
class SkillProperties:
    """The frontmatter of one skill, as the reference package returns it."""

    name: str
    description: str
    license: str | None = None
    compatibility: str | None = None
    allowed_tools: str | None = None
    metadata: dict[str, str] | None = field(default_factory=dict[str, str])

    def to_dict(self) -> dict[str, JsonValue]:
        """The fields that are set, under their names in the file."""
        optional: dict[str, JsonValue] = {
            "license": self.license,
            "compatibility": self.compatibility,
            "allowed-tools": self.allowed_tools,
        }
        result: dict[str, JsonValue] = {"name": self.name, "description": self.description}
        result |= {key: value for key, value in optional.items() if value is not None}
        if self.metadata:
            result["metadata"] = dict[str, JsonValue](self.metadata)
        return result


def find_skill_md(skill_dir: Path) -> Path | None:
    """The skill's file, `SKILL.md` before `skill.md`; None if there is none."""
    paths = (Path(skill_dir) / name for name in FILE_NAMES)
    return next((path for path in paths if path.exists()), None)


def parse_frontmatter(content: str) -> tuple[dict[str, JsonValue], str]:
    """The frontmatter, every scalar as text, and the Markdown below it.

    Raises:
        ParseError: there is no frontmatter, or it is not a mapping of YAML.
    """
    try:
        document = read_document(content)
    except StrictError as error:
        raise ParseError(_sentence(str(error))) from error
    if document.foreign_lines:
        line = document.foreign_lines[0]
        raise ParseError(f"{_sentence(StrictRule.FOREIGN_YAML.summary)} (line {line})")
    frontmatter = dict(document.frontmatter)
    metadata = frontmatter.get("metadata")
    if isinstance(metadata, dict):
        frontmatter["metadata"] = {key: str(value) for key, value in metadata.items()}
    return frontmatter, document.body


def read_properties(skill_dir: Path) -> SkillProperties:
    """The properties of a skill, without checking them in full.

    Raises:
        ParseError: there is no SKILL.md, or its frontmatter cannot be parsed.
        ValidationError: the name or the description is missing or empty.
    """
    path = find_skill_md(skill_dir)
    if path is None:
        raise ParseError(f"SKILL.md not found in {skill_dir}")
    frontmatter, _ = parse_frontmatter(_read(path))
    for key in ("name", "description"):
        if key not in frontmatter:
            raise ValidationError(f"Missing required field in frontmatter: {key}")
    metadata = frontmatter.get("metadata")
    return SkillProperties(
        name=_required(frontmatter, "name"),
        description=_required(frontmatter, "description"),
        license=_optional(frontmatter, "license"),
        compatibility=_optional(frontmatter, "compatibility"),
        allowed_tools=_optional(frontmatter, "allowed-tools"),
        metadata={key: str(value) for key, value in metadata.items()}
        if isinstance(metadata, dict)
        else None,
    )


def validate_metadata(
    metadata: Mapping[str, JsonValue], skill_dir: Path | None = None
) -> list[str]:
    """The violations in parsed frontmatter, one sentence each; none if it is valid."""
    findings = Findings("")
    check_fields(metadata, skill_dir.name if skill_dir else None, findings)
    return [_message(found) for found in findings.diagnostics]


def validate(skill_dir: Path) -> list[str]:
    """The violations in a skill's directory, one sentence each; none if it is valid."""
    skill_dir = Path(skill_dir)
    if not skill_dir.exists():
        return [f"Path does not exist: {skill_dir}"]
    if not skill_dir.is_dir():
        return [f"Not a directory: {skill_dir}"]
    path = find_skill_md(skill_dir)
    if path is None:
        return [_sentence(StrictRule.NO_FILE.summary)]
    try:
        frontmatter, _ = parse_frontmatter(_read(path))
    except ParseError as error:
        return [str(error)]
    return validate_metadata(frontmatter, skill_dir)


def to_prompt(skill_dirs: Sequence[Path]) -> str:
    """The block `<available_skills>` for a system prompt.

    Raises:
        ParseError: as `read_properties`.
        ValidationError: as `read_properties`.
    """
    lines = ["<available_skills>"]
    for skill_dir in skill_dirs:
        directory = Path(skill_dir).resolve()
        properties = read_properties(directory)
        lines += ["<skill>", "<name>", html.escape(properties.name), "</name>"]
        lines += ["<description>", html.escape(properties.description), "</description>"]
        lines += ["<location>", str(find_skill_md(directory)), "</location>", "</skill>"]
    return "\n".join([*lines, "</available_skills>"])


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(_sentence(StrictRule.NOT_UTF8.summary)) from error


def _required(frontmatter: Mapping[str, JsonValue], key: str) -> str:
    value = frontmatter[key]
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"Field '{key}' must be a non-empty string")
    return value.strip()


def _optional(frontmatter: Mapping[str, JsonValue], key: str) -> str | None:
    value = frontmatter.get(key)
    return value if isinstance(value, str) or value is None else str(value)


def _message(found: Diagnostic) -> str:
    return _sentence(found.message)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
