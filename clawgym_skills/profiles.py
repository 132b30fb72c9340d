"""The three profiles, one answer: would this skill load, would it be eligible here, and why not?

`strict` is the Agent Skills specification, `openclaw` what OpenClaw 2026.9 does, `lenient` what
ClawGym makes of it. The specification knows no requirements, so `strict` says nothing about them.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from clawgym_skills._folder import FILE_NAME, display_path, find_skill_file
from clawgym_skills.diagnostic import Diagnostic, Findings, Severity, SkillRefusedError
from clawgym_skills.metadata import metadata_of, vendor_block
from clawgym_skills.openclaw.config import OpenClawConfig
from clawgym_skills.openclaw.gating import Machine, Verdict, gate
from clawgym_skills.openclaw.loading import (
    OpenClawRule,
    OpenClawSkill,
    SkillSkippedError,
    interpret,
    load_skill,
)
from clawgym_skills.openclaw.manifest import Manifest, manifest_of_block
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill
from clawgym_skills.strict import check_directory, check_document, is_valid


class Profile(StrEnum):
    """Whose rules count."""

    STRICT = "strict"
    OPENCLAW = "openclaw"
    LENIENT = "lenient"


@dataclass(frozen=True)
class Check:
    """What a profile says about one skill.

    `eligible` is None where the profile knows no requirements. `reasons` says in words why a skill
    does not load, or what it lacks on this machine; `diagnostics` are the single findings.
    """

    name: str
    path: str
    loads: bool
    eligible: bool | None
    reasons: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Checker:
    """Checks skills by one profile, for one machine and one OpenClaw configuration."""

    profile: Profile
    machine: Machine = field(default_factory=Machine.current)
    config: OpenClawConfig = field(default_factory=OpenClawConfig)

    def directory(self, path: Path) -> Check:
        """Check the skill in a directory."""
        if self.profile is Profile.STRICT:
            return _strict(path, path.absolute().name, check_directory(path))
        if self.profile is Profile.OPENCLAW:
            return self._openclaw_directory(path)
        try:
            return self._lenient(read_skill(path))
        except SkillRefusedError as error:
            return _refused(path, error.diagnostics)

    def skill(self, skill: Skill) -> Check:
        """Check a skill that was read before, from its bytes in memory."""
        data, path = skill.files[skill.file_name].data, skill.path
        shown = display_path(path / skill.file_name)
        if self.profile is Profile.LENIENT:
            return self._lenient(skill)
        if self.profile is Profile.STRICT:
            return _strict(path, skill.id, check_document(data, path.name, shown))
        findings = Findings(shown)
        if skill.file_name != FILE_NAME:
            return _refused(path, (findings.make(OpenClawRule.FILE_NAME),))
        try:
            return self.loaded(interpret(data, path, findings))
        except SkillSkippedError as error:
            return _refused(path, (error.diagnostic,))

    def loaded(self, skill: OpenClawSkill, *, source: str = "", bundled: bool = False) -> Check:
        """Gate a skill that OpenClaw loads; `source` is the root that it comes from."""
        verdict = gate(skill.name, skill.manifest, self.machine, self.config, bundled=bundled)
        check = _gated(skill.name, skill.directory, verdict, skill.diagnostics)
        return replace(check, source=source)

    def _openclaw_directory(self, path: Path) -> Check:
        try:
            return self.loaded(load_skill(path, self.config.limits))
        except SkillSkippedError as error:
            return _refused(path, (_named_otherwise(path) or error.diagnostic,))

    def _lenient(self, skill: Skill) -> Check:
        block = vendor_block(metadata_of(skill.frontmatter) or {})
        manifest = manifest_of_block(block) if block else Manifest()
        verdict = gate(skill.name, manifest, self.machine, self.config)
        return _gated(skill.id, skill.path, verdict, skill.diagnostics)


def skipped(diagnostic: Diagnostic) -> Check:
    """What OpenClaw passed over while it searched its roots."""
    path = Path(diagnostic.path)
    name = path.parent.name if path.suffix.lower() == ".md" else path.name
    return Check(name, diagnostic.path, False, False, (_reason(diagnostic),), (diagnostic,))


def _named_otherwise(directory: Path) -> Diagnostic | None:
    """The finding where a SKILL.md is missing only because of its spelling."""
    try:
        spelled = find_skill_file([path.name for path in directory.iterdir()])
    except OSError:
        return None
    if spelled in (None, FILE_NAME):
        return None
    findings = Findings(display_path(directory / str(spelled)))
    return findings.make(OpenClawRule.FILE_NAME, detail=f"not {spelled}")


def _strict(path: Path, name: str, diagnostics: tuple[Diagnostic, ...]) -> Check:
    reasons = tuple(_reason(found) for found in diagnostics if found.severity is Severity.VIOLATION)
    return Check(name, display_path(path), is_valid(diagnostics), None, reasons, diagnostics)


def _gated(name: str, path: Path, verdict: Verdict, diagnostics: tuple[Diagnostic, ...]) -> Check:
    shown = display_path(path)
    return Check(name, shown, True, verdict.eligible, verdict.reasons, diagnostics)


def _refused(path: Path, diagnostics: tuple[Diagnostic, ...]) -> Check:
    reasons = tuple(_reason(found) for found in diagnostics if found.severity is Severity.REFUSED)
    return Check(path.name, display_path(path), False, False, reasons, diagnostics)


def _reason(found: Diagnostic) -> str:
    where = "" if found.line is None else f" (line {found.line})"
    return f"{found.code} {found.message}{where}"
