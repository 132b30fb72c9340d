"""What a scan says: findings by rule, and one verdict for the whole skill."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

OWN = "clawgym"
"""The `source` of our own findings; those of another scanner carry its name."""


class Severity(StrEnum):
    """How bad a finding is, by what it is for: `block` where no honest skill does this."""

    INFO = "info"
    WARN = "warn"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for info to 2 for block."""
        return list(Severity).index(self)


class Verdict(StrEnum):
    """What to do with the skill: the severity of its worst finding."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for allow to 2 for block."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Finding:
    """One rule that one place in a skill breaks.

    `path` is relative to the skill, and `archive.zip!/inside` for what lies in an archive; `line`
    counts from 1. `excerpt` is one line of the skill's own text, without control characters.
    `context` says why the severity was lowered, '' where it was not.
    """

    rule: str
    severity: Severity
    message: str
    path: str
    line: int | None = None
    excerpt: str = ""
    context: str = ""
    source: str = OWN

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        because = f" ({self.context})" if self.context else ""
        return f"{where}: {self.rule} {self.severity}: {self.message}{because}"


@dataclass(frozen=True)
class Report:
    """Everything found in one skill; `digest` is of the files that were looked at."""

    subject: str
    path: str
    digest: str
    findings: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Block or warn if any finding does, else allow."""
        return verdict_of(finding.severity for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity, the worst first."""
        found = Counter(finding.severity for finding in self.findings)
        return {str(severity): found[severity] for severity in reversed(Severity)}


def verdict_of(severities: Iterable[Severity]) -> Verdict:
    """The verdict that the worst of some severities means."""
    worst = max((severity.rank for severity in severities), default=0)
    return list(Verdict)[worst]
