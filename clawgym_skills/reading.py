"""The lenient reader: whatever can be made of a skill is made, and every repair is reported.

Bytes to text, fences, YAML, and where that fails entry by entry, and where there is none the
Markdown itself. Nothing in a skill is executed and no link is followed.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from clawgym_skills._fences import ENTRY, Split, split_frontmatter
from clawgym_skills._folder import SkillFolder, load_folder
from clawgym_skills._frontmatter import Frontmatter, parse_header
from clawgym_skills._text import (
    MAX_DESCRIPTION,
    decode,
    first_paragraph,
    one_line,
    report_hidden,
)
from clawgym_skills.diagnostic import Code, Findings
from clawgym_skills.metadata import VENDOR_KEYS, declared_operations, metadata_of
from clawgym_skills.skill import Skill

READER_VERSION = 1
"""Raised whenever the same bytes may be read differently, so that catalogues read them anew."""

_NAME = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@dataclass(frozen=True)
class Document:
    """The text of one `SKILL.md`; `key_lines` gives each frontmatter key's line, from 1."""

    frontmatter: Frontmatter
    body: str
    key_lines: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class _Origin:
    """What a registry's `_meta.json` beside the skill says about it."""

    owner: str | None = None
    slug: str | None = None


def read_skill(directory: Path) -> Skill:
    """Read one skill from its directory.

    Raises:
        SkillRefusedError: nothing usable can be read; its `diagnostic` says why.
    """
    return interpret(load_folder(directory.absolute()))


def interpret(folder: SkillFolder) -> Skill:
    """Make a skill of files that are already in memory.

    Raises:
        SkillRefusedError: no name or description can be recovered.
    """
    findings = folder.findings
    document = read_document(folder.files[folder.file_name].data, findings)
    origin = _read_origin(folder)
    name = _name(document, origin, folder)
    description = _description(document, findings)
    if not name or not description:
        raise findings.refuse(Code.NOTHING_USABLE)
    _check_metadata(document, findings)
    _check_tools(document, findings)
    return Skill(
        name=name,
        description=description,
        body=document.body,
        frontmatter=document.frontmatter,
        files=folder.files,
        path=folder.directory,
        file_name=folder.file_name,
        owner=origin.owner,
        diagnostics=findings.diagnostics,
    )


def read_document(data: bytes, findings: Findings) -> Document:
    """Split and parse the bytes of a `SKILL.md`; never fails, whatever they are."""
    text = decode(data, findings)
    report_hidden(text, findings)
    attempt = Findings(findings.path)
    split = split_frontmatter(text, attempt)
    if split is not None:
        frontmatter = parse_header(split, attempt)
        if _plausible(frontmatter, split):
            findings.extend(attempt)
            return Document(frontmatter, split.body, _key_lines(split))
    if text.strip():
        findings.add(Code.NO_FRONTMATTER, 1)
    return Document({}, text.strip("\n"))


def _plausible(frontmatter: Frontmatter, split: Split) -> bool:
    """Whether this is frontmatter, and not two horizontal rules with text in between."""
    if "name" in frontmatter or "description" in frontmatter:
        return True
    return bool(frontmatter) and split.header_line == 2


def _key_lines(split: Split) -> dict[str, int]:
    lines: dict[str, int] = {}
    for number, line in enumerate(split.header, split.header_line):
        if found := ENTRY.match(line):
            lines.setdefault(found["key"], number)
    return lines


def _name(document: Document, origin: _Origin, folder: SkillFolder) -> str:
    findings, line = folder.findings, document.key_lines.get("name")
    name = _text_field(document, "name", findings)
    if not name:
        name = one_line(origin.slug or folder.directory.name)
        if document.frontmatter:
            findings.add(Code.DERIVED_NAME, line)
    normal = unicodedata.normalize("NFKC", name)
    if len(normal) > 64 or normal != normal.lower() or not _NAME.fullmatch(normal):
        findings.add(Code.NAME_FORM, line, name[:80])
    if name != folder.directory.name:
        findings.add(Code.NAME_DIRECTORY, line, f"{name[:80]}, in {folder.directory.name[:80]}")
    return name


def _description(document: Document, findings: Findings) -> str:
    line = document.key_lines.get("description")
    description = _text_field(document, "description", findings)
    if not description:
        summary = document.frontmatter.get("summary")
        description = one_line(summary) if isinstance(summary, str) else ""
        description = description or first_paragraph(document.body)
        if document.frontmatter and description:
            findings.add(Code.DERIVED_DESCRIPTION, line)
    if len(description) > MAX_DESCRIPTION:
        findings.add(Code.LONG_DESCRIPTION, line, f"{len(description):,} characters")
    return description


def _text_field(document: Document, key: str, findings: Findings) -> str:
    value = document.frontmatter.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return one_line(value)
    findings.add(Code.FIELD_TYPE, document.key_lines.get(key), f"{key} is not text")
    return "" if isinstance(value, list | dict) else str(value)


def _check_metadata(document: Document, findings: Findings) -> None:
    line = document.key_lines.get("metadata")
    written = document.frontmatter.get("metadata")
    metadata = metadata_of(document.frontmatter)
    if metadata is None:
        findings.add(Code.FIELD_TYPE, line, "metadata is not a mapping and is ignored")
        return
    if isinstance(written, str) or any(map(_is_odd_json, map(metadata.get, VENDOR_KEYS))):
        findings.add(Code.JSON_METADATA, line)
    for word in declared_operations(metadata).unknown:
        findings.add(Code.UNKNOWN_OPERATION, line, word[:80])


def _is_odd_json(value: JsonValue) -> bool:
    """Text that is no plain JSON; plain JSON is how the specification nests metadata."""
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return True
    return False


def _check_tools(document: Document, findings: Findings) -> None:
    tools = document.frontmatter.get("allowed-tools")
    if tools is not None and (not isinstance(tools, str) or "," in tools):
        findings.add(Code.TOOLS_FORM, document.key_lines.get("allowed-tools"))
    elif tools is None and "tools" in document.frontmatter:
        findings.add(Code.TOOLS_FORM, document.key_lines.get("tools"), "the key is `tools`")


def _read_origin(folder: SkillFolder) -> _Origin:
    file = folder.files.get("_meta.json")
    if file is None:
        return _Origin()
    try:
        meta: JsonValue = json.loads(file.data)
    except (ValueError, RecursionError) as error:
        findings = folder.findings
        findings.add(Code.META_JSON, detail=str(error)[:120], path=findings.path)
        return _Origin()
    if not isinstance(meta, dict):
        return _Origin()
    owner, slug = meta.get("owner"), meta.get("slug")
    return _Origin(
        owner=one_line(owner) or None if isinstance(owner, str) else None,
        slug=one_line(slug) or None if isinstance(slug, str) else None,
    )
