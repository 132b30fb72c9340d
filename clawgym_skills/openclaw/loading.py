"""Loading one skill the way OpenClaw does: the rules for the file, and then the parser."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from clawgym_skills._folder import FILE_NAME, display_path
from clawgym_skills.diagnostic import Diagnostic, Findings, Rule, Severity
from clawgym_skills.openclaw._javascript import trim
from clawgym_skills.openclaw._json5 import Json5Error, parse_json5
from clawgym_skills.openclaw.config import Limits
from clawgym_skills.openclaw.frontmatter import (
    OpenClawFrontmatter,
    OpenClawSkippedError,
    parse_frontmatter,
)
from clawgym_skills.openclaw.manifest import (
    BLOCK_KEYS,
    Manifest,
    manifest_of,
    model_invocable,
    user_invocable,
)

ADVISED_DESCRIPTION = 160


class OpenClawRule(Rule):
    """Why OpenClaw skips a skill, and what it silently ignores."""

    LONG_DESCRIPTION = "SKO101", "OpenClaw advises at most 160 characters of description"
    BLOCK_IGNORED = "SKO102", "OpenClaw ignores this block, so nothing gates the skill"
    METADATA_UNREADABLE = "SKO103", "OpenClaw cannot read metadata as JSON5, so nothing gates it"

    FILE_NAME = "SKO201", "OpenClaw discovers only files called SKILL.md"
    FRONTMATTER = "SKO202", "OpenClaw cannot parse the frontmatter"
    NO_DESCRIPTION = "SKO203", "OpenClaw requires a description"
    TOO_LONG = "SKO204", "SKILL.md is larger than OpenClaw reads"
    LINK = "SKO205", "a link leads out of the root or out of the skill"
    HARD_LINK = "SKO206", "SKILL.md is a hard link"
    UNREADABLE = "SKO207", "SKILL.md cannot be read as a regular file"
    LIMIT = "SKO208", "beyond what OpenClaw discovers below one root"
    SHADOWED = "SKO209", "a root of higher precedence has a skill of this name"

    @property
    def severity(self) -> Severity:
        """Ignored in part, or skipped."""
        return Severity.WARNING if self.code[3] == "1" else Severity.REFUSED


@dataclass(frozen=True)
class OpenClawSkill:
    """A skill as OpenClaw has it in memory."""

    name: str
    description: str
    directory: Path
    frontmatter: OpenClawFrontmatter = field(hash=False)
    manifest: Manifest | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def user_invocable(self) -> bool:
        """Whether a user may call it as a slash command."""
        return user_invocable(self.frontmatter)

    @property
    def model_invocable(self) -> bool:
        """Whether it is listed in the prompt."""
        return model_invocable(self.frontmatter)


class SkillSkippedError(Exception):
    """OpenClaw skips the skill; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


def load_skill(
    directory: Path, limits: Limits | None = None, *, hard_links: bool = False
) -> OpenClawSkill:
    """Load the skill in a directory.

    Raises:
        SkillSkippedError: OpenClaw would report it and go on without it.
    """
    findings = Findings(display_path(directory / FILE_NAME))
    data = _read(directory, limits or Limits(), findings, hard_links=hard_links)
    return interpret(data, directory, findings)


def interpret(data: bytes, directory: Path, findings: Findings) -> OpenClawSkill:
    """Load a SKILL.md whose bytes are already in memory.

    Raises:
        SkillSkippedError: the frontmatter cannot be parsed, or has no description.
    """
    try:
        frontmatter = parse_frontmatter(data.decode("utf-8", errors="replace"))
    except OpenClawSkippedError as error:
        raise _skipped(findings, OpenClawRule.FRONTMATTER, str(error), error.line) from error
    name = trim(frontmatter.get("name", "")) or trim(directory.name)
    description = trim(frontmatter.get("description", ""))
    if not name or not description:
        raise _skipped(findings, OpenClawRule.NO_DESCRIPTION)
    manifest = manifest_of(frontmatter)
    if len(description) > ADVISED_DESCRIPTION:
        findings.add(OpenClawRule.LONG_DESCRIPTION, detail=f"{len(description):,} characters")
    if manifest is None:
        _report_ignored(frontmatter, findings)
    return OpenClawSkill(name, description, directory, frontmatter, manifest, findings.diagnostics)


def _report_ignored(frontmatter: OpenClawFrontmatter, findings: Findings) -> None:
    """Say where an author believed to have given requirements, and OpenClaw sees none."""
    written = frontmatter.get("metadata")
    if not written:
        return
    try:
        metadata = parse_json5(written)
    except Json5Error as error:
        findings.add(OpenClawRule.METADATA_UNREADABLE, detail=str(error))
        return
    if not isinstance(metadata, dict):
        return
    for key in (*BLOCK_KEYS, "clawdis", "moltbot"):
        if metadata.get(key):
            reason = "a string" if isinstance(metadata[key], str) else "a former name"
            findings.add(OpenClawRule.BLOCK_IGNORED, detail=f"metadata.{key} is {reason}")


def _read(directory: Path, limits: Limits, findings: Findings, *, hard_links: bool) -> bytes:
    path = directory / FILE_NAME
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(directory.resolve()):
            raise _skipped(findings, OpenClawRule.LINK)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(handle)
            _check_file(status, findings, hard_links=hard_links)
            data = stream.read(limits.file_bytes + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise _skipped(findings, OpenClawRule.UNREADABLE, str(error)) from error
    if len(data) > limits.file_bytes:
        raise _skipped(findings, OpenClawRule.TOO_LONG, f"at most {limits.file_bytes:,} bytes")
    return data


def _check_file(status: os.stat_result, findings: Findings, *, hard_links: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _skipped(findings, OpenClawRule.UNREADABLE)
    if status.st_nlink > 1 and not hard_links:
        raise _skipped(findings, OpenClawRule.HARD_LINK)


def _skipped(
    findings: Findings, rule: OpenClawRule, detail: str = "", line: int | None = None
) -> SkillSkippedError:
    return SkillSkippedError(findings.make(rule, line, detail))
