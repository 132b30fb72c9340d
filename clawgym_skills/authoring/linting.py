"""What an author should know about a skill before anybody else sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clawgym_skills.authoring.advice import ADVICE, advise
from clawgym_skills.authoring.conformance import violations
from clawgym_skills.authoring.mending import mend
from clawgym_skills.diagnostic import Diagnostic, Severity, SkillRefusedError
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill

Level = Literal["info", "warn", "block"]
"""How bad: `info` fails nothing; `block` means that hosts refuse the skill."""

_LEVELS: dict[Severity, Level] = {
    Severity.REPAIRED: "warn",
    Severity.WARNING: "warn",
    Severity.VIOLATION: "warn",
    Severity.REFUSED: "block",
}


@dataclass(frozen=True)
class LintFinding:
    """One thing to mend; `line` counts from 1 and is None for a file as a whole."""

    code: str
    severity: Level
    message: str
    path: str
    line: int | None = None

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.code} {self.severity}: {self.message}"


@dataclass(frozen=True)
class Lint:
    """The findings about one skill; `mended` is its SKILL.md after the mechanical repairs."""

    directory: Path
    findings: tuple[LintFinding, ...]
    file_name: str = "SKILL.md"
    written: bytes = b""
    mended: bytes | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing but hints was found."""
        return all(found.severity == "info" for found in self.findings)


def lint_skill(directory: Path) -> Lint:
    """Hold one skill against the specification and against what practice advises.

    Nothing in it is executed. A skill that cannot be read at all has that as its only findings.
    """
    try:
        skill = read_skill(directory)
    except SkillRefusedError as refused:
        return Lint(directory, tuple(map(_of_diagnostic, refused.diagnostics)))
    written = skill.files[skill.file_name].data
    mended = mend(written, skill.path.name)
    return Lint(
        directory,
        tuple(_findings(skill)),
        file_name=skill.file_name,
        written=written,
        mended=mended if mended != written else None,
    )


def _findings(skill: Skill) -> Iterator[LintFinding]:
    for diagnostic in violations(skill):
        yield _of_diagnostic(diagnostic)
    for found in advise(skill):
        severity, summary = ADVICE[found.code]
        message = f"{summary} ({found.detail})" if found.detail else summary
        path = str(skill.path / found.path)
        yield LintFinding(found.code, severity, message, path, found.line)


def _of_diagnostic(found: Diagnostic) -> LintFinding:
    level = _LEVELS[found.severity]
    return LintFinding(found.code, level, found.message, found.path, found.line)
