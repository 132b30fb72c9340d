"""The strict profile: the Agent Skills specification, every violation by a rule of its own.

`SKS1xx` are violations; whatever the reference validator accepts has none. `SKS2xx` are advice:
the specification says otherwise, or other readers stumble, but the reference validator accepts it.
Source: agentskills/agentskills:docs/specification.mdx and the package skills-ref 0.1.1.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from clawgym_skills._fences import ENTRY
from clawgym_skills._folder import MAX_SKILL_FILE_BYTES, display_path
from clawgym_skills._yaml import TextMode, Unquoted, YamlRefusedError, parse_yaml
from clawgym_skills.diagnostic import Diagnostic, Findings, Rule, Severity

MAX_NAME = 64
MAX_DESCRIPTION = 1024
MAX_COMPATIBILITY = 500
MAX_BODY_LINES = 500
FIELDS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
"""The frontmatter keys of the specification."""

FILE_NAMES = ("SKILL.md", "skill.md")


class StrictRule(Rule):
    """What the specification asks for."""

    NO_FILE = "SKS101", "missing required file: SKILL.md"
    NOT_UTF8 = "SKS102", "the file is not UTF-8"
    NO_FRONTMATTER = "SKS103", "SKILL.md must start with YAML frontmatter (---)"
    NOT_CLOSED = "SKS104", "the frontmatter is not properly closed with ---"
    INVALID_YAML = "SKS105", "invalid YAML in frontmatter"
    NO_MAPPING = "SKS106", "the frontmatter must be a YAML mapping"
    DUPLICATE_KEY = "SKS107", "invalid YAML in frontmatter: a key appears twice"
    ALIAS = "SKS108", "invalid YAML in frontmatter: aliases are not allowed"
    FOREIGN_YAML = (
        "SKS109",
        "invalid YAML in frontmatter: flow style, anchors and tags are not allowed",
    )
    NO_NAME = "SKS110", "missing required field in frontmatter: name"
    EMPTY_NAME = "SKS111", "field 'name' must be a non-empty string"
    LONG_NAME = "SKS112", "the name exceeds the 64 character limit"
    NAME_CASE = "SKS113", "the name must be lowercase"
    NAME_EDGE = "SKS114", "the name cannot start or end with a hyphen"
    NAME_HYPHENS = "SKS115", "the name cannot contain consecutive hyphens"
    NAME_CHARACTERS = "SKS116", "the name contains invalid characters"
    NAME_DIRECTORY = "SKS117", "the directory must match skill name"
    NO_DESCRIPTION = "SKS120", "missing required field in frontmatter: description"
    EMPTY_DESCRIPTION = "SKS121", "field 'description' must be a non-empty string"
    LONG_DESCRIPTION = "SKS122", "the description exceeds the 1024 character limit"
    UNEXPECTED_FIELD = "SKS130", "unexpected fields in frontmatter"
    COMPATIBILITY_TYPE = "SKS140", "field 'compatibility' must be a string"
    LONG_COMPATIBILITY = "SKS141", "the compatibility exceeds the 500 character limit"

    METADATA_TYPE = "SKS201", "metadata is not a mapping"
    METADATA_VALUE = (
        "SKS202",
        "a metadata value is not a string; quote it, or keep JSON in a string",
    )
    LICENSE_TYPE = "SKS203", "the license is not a string"
    TOOLS_TYPE = "SKS204", "allowed-tools is not one space-separated string"
    EMPTY_COMPATIBILITY = "SKS205", "the compatibility is empty; leave it out"
    LONG_BODY = "SKS206", "the body has more than 500 lines; move detail to other files"
    FILE_NAME = "SKS207", "the file should be called SKILL.md; many hosts look for nothing else"
    SPLIT_TRAP = "SKS208", "a value holds '---'; readers that split on it cut the frontmatter"
    TYPED_VALUE = "SKS209", "other readers take this text for a number or a truth value; quote it"

    @property
    def severity(self) -> Severity:
        """A violation, or advice."""
        return Severity.VIOLATION if self.code[3] == "1" else Severity.WARNING


@dataclass(frozen=True)
class StrictDocument:
    """A SKILL.md in two: the mapping (every scalar as text) and what is below it.

    `lines` gives the line of each key, counted from 1; `foreign_lines` are those with YAML that the
    reference validator does not read.
    """

    frontmatter: Mapping[str, JsonValue]
    body: str
    lines: Mapping[str, int]
    foreign_lines: tuple[int, ...] = ()


class StrictError(Exception):
    """The text has no readable frontmatter."""

    def __init__(self, rule: StrictRule, line: int | None = None, detail: str = "") -> None:
        super().__init__(f"{rule.summary}: {detail}" if detail else rule.summary)
        self.rule = rule
        self.line = line
        self.detail = detail


def check_directory(directory: Path) -> tuple[Diagnostic, ...]:
    """Check the skill in a directory; without a readable SKILL.md that is the only finding."""
    findings = Findings(display_path(directory / FILE_NAMES[0]))
    try:
        names = set(os.listdir(directory))
        file_name = next(name for name in FILE_NAMES if name in names)
        with (directory / file_name).open("rb") as stream:
            data = stream.read(MAX_SKILL_FILE_BYTES + 1)
    except (OSError, StopIteration) as error:
        findings.add(StrictRule.NO_FILE, detail=str(error))
        return findings.diagnostics
    if file_name != FILE_NAMES[0]:
        findings = Findings(display_path(directory / file_name))
        findings.add(StrictRule.FILE_NAME)
    _check(data, directory.absolute().name, findings)
    return findings.diagnostics


def check_document(data: bytes, directory_name: str, path: str) -> tuple[Diagnostic, ...]:
    """Check the bytes of a SKILL.md; `path` is how the diagnostics name it."""
    findings = Findings(path)
    _check(data, directory_name, findings)
    return findings.diagnostics


def is_valid(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Whether nothing in them is a violation."""
    return all(found.severity is not Severity.VIOLATION for found in diagnostics)


def _check(data: bytes, directory_name: str, findings: Findings) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.add(StrictRule.NOT_UTF8, line, error.reason)
        return
    try:
        document = read_document(text)
    except StrictError as error:
        findings.add(error.rule, error.line, error.detail)
        return
    for line in document.foreign_lines:
        findings.add(StrictRule.FOREIGN_YAML, line)
    check_fields(document.frontmatter, directory_name, findings, document.lines)
    _advise(document, text, findings)


_OPENING = re.compile(r"---[ \t]*")
_CLOSING = re.compile(r"---[ \t]*")


def read_document(text: str) -> StrictDocument:
    """Split and parse a SKILL.md.

    Raises:
        StrictError: there is no frontmatter, or it is not a mapping of YAML.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not _OPENING.fullmatch(lines[0]):
        raise StrictError(StrictRule.NO_FRONTMATTER, 1)
    end = next((n for n in range(1, len(lines)) if _CLOSING.fullmatch(lines[n])), None)
    if end is None:
        raise StrictError(StrictRule.NOT_CLOSED, 1)
    mode = TextMode()
    frontmatter = _parse("\n".join(lines[1:end]), mode)
    foreign = dict.fromkeys(line + 2 for line in mode.foreign_lines)
    body = "\n".join(lines[end + 1 :]).strip()
    return StrictDocument(frontmatter, body, _key_lines(lines[:end]), tuple(foreign))


def _parse(header: str, mode: TextMode) -> Mapping[str, JsonValue]:
    try:
        value = parse_yaml(header, mode=mode)
    except YamlRefusedError as error:
        rule = StrictRule.ALIAS if error.alias else StrictRule.INVALID_YAML
        rule = StrictRule.DUPLICATE_KEY if error.duplicate else rule
        raise StrictError(rule, error.line + 2, str(error)) from error
    if not isinstance(value, dict):
        raise StrictError(StrictRule.NO_MAPPING, 2)
    return value


def _key_lines(header: list[str]) -> dict[str, int]:
    lines: dict[str, int] = {}
    for number, line in enumerate(header, 1):
        if found := ENTRY.match(line):
            lines.setdefault(found["key"], number)
    return lines


def check_fields(
    frontmatter: Mapping[str, JsonValue],
    directory_name: str | None,
    findings: Findings,
    lines: Mapping[str, int] | None = None,
) -> None:
    """Check parsed frontmatter for violations; without `directory_name` the name may be any."""
    lines = lines or {}
    for key in frontmatter:
        if key not in FIELDS:
            findings.add(StrictRule.UNEXPECTED_FIELD, lines.get(key), key[:80])
    if "name" not in frontmatter:
        findings.add(StrictRule.NO_NAME)
    else:
        _check_name(frontmatter["name"], directory_name, findings, lines.get("name"))
    if "description" not in frontmatter:
        findings.add(StrictRule.NO_DESCRIPTION)
    else:
        _check_description(frontmatter["description"], findings, lines.get("description"))
    compatibility = frontmatter.get("compatibility", "")
    line = lines.get("compatibility")
    if not isinstance(compatibility, str):
        findings.add(StrictRule.COMPATIBILITY_TYPE, line)
    elif len(compatibility) > MAX_COMPATIBILITY:
        findings.add(StrictRule.LONG_COMPATIBILITY, line, f"{len(compatibility):,} characters")


def _check_name(
    value: JsonValue, directory_name: str | None, findings: Findings, line: int | None
) -> None:
    if not isinstance(value, str) or not value.strip():
        findings.add(StrictRule.EMPTY_NAME, line)
        return
    name = unicodedata.normalize("NFKC", value.strip())
    broken = {
        StrictRule.LONG_NAME: len(name) > MAX_NAME,
        StrictRule.NAME_CASE: name != name.lower(),
        StrictRule.NAME_EDGE: name.startswith("-") or name.endswith("-"),
        StrictRule.NAME_HYPHENS: "--" in name,
        StrictRule.NAME_CHARACTERS: not all(c.isalnum() or c == "-" for c in name),
        StrictRule.NAME_DIRECTORY: directory_name is not None
        and unicodedata.normalize("NFKC", directory_name) != name,
    }
    for rule, is_broken in broken.items():
        if is_broken:
            findings.add(rule, line, name[:80])


def _check_description(value: JsonValue, findings: Findings, line: int | None) -> None:
    if not isinstance(value, str) or not value.strip():
        findings.add(StrictRule.EMPTY_DESCRIPTION, line)
    elif len(value) > MAX_DESCRIPTION:
        findings.add(StrictRule.LONG_DESCRIPTION, line, f"{len(value):,} characters")


def _advise(document: StrictDocument, text: str, findings: Findings) -> None:
    frontmatter, lines = document.frontmatter, document.lines
    _advise_metadata(document, text, findings)
    if not isinstance(frontmatter.get("license", ""), str):
        findings.add(StrictRule.LICENSE_TYPE, lines.get("license"))
    if not isinstance(frontmatter.get("allowed-tools", ""), str):
        findings.add(StrictRule.TOOLS_TYPE, lines.get("allowed-tools"))
    if frontmatter.get("compatibility") == "":
        findings.add(StrictRule.EMPTY_COMPATIBILITY, lines.get("compatibility"))
    for key in FIELDS:
        if isinstance(value := frontmatter.get(key), Unquoted) and value:
            findings.add(StrictRule.TYPED_VALUE, lines.get(key), f"{key}: {value[:40]}")
        if isinstance(value, str) and "---" in value:
            findings.add(StrictRule.SPLIT_TRAP, lines.get(key), key)
    if (count := document.body.count("\n") + 1) > MAX_BODY_LINES:
        findings.add(StrictRule.LONG_BODY, detail=f"{count:,} lines")


def _advise_metadata(document: StrictDocument, text: str, findings: Findings) -> None:
    metadata = document.frontmatter.get("metadata", {})
    start = document.lines.get("metadata")
    if not isinstance(metadata, dict):
        findings.add(StrictRule.METADATA_TYPE, start)
        return
    for key, value in metadata.items():
        if not isinstance(value, str) or isinstance(value, Unquoted):
            findings.add(StrictRule.METADATA_VALUE, _line_below(text, start, key), key[:80])


def _line_below(text: str, start: int | None, key: str) -> int | None:
    """The line of a key inside the entry that begins at line `start`."""
    if start is None:
        return None
    lines = text.split("\n")
    for number in range(start, min(len(lines), start + 200)):
        words = lines[number].strip().lstrip("'\"")
        if words.startswith(key) and words[len(key) :].lstrip("'\" \t").startswith(":"):
            return number + 1
        if lines[number][:1] not in ("", " ", "\t", "{", "}", "#", "\r"):
            break
    return start
