"""Our scanner as the gate of installs, publications and registries."""

from pathlib import Path

from clawgym import __version__
from clawgym_skills.market.policy import Gate, Verdict
from clawgym_skills.records import FindingRecord
from clawgym_skills.scan import Finding, scan
from clawgym_skills.scan.finding import OWN


def scanner_gate() -> Gate:
    """The gate that asks `clawgym_skills.scan`: its verdict is the decision."""
    return _ask


def _ask(folder: Path) -> Verdict:
    report = scan(folder)
    findings = tuple(_record(finding) for finding in report.findings)
    return Verdict(report.verdict.value, findings, OWN, __version__)


def _record(finding: Finding) -> FindingRecord:
    return FindingRecord(
        rule=finding.rule,
        severity=finding.severity.value,
        message=finding.message,
        path=finding.path,
        line=finding.line,
        context=finding.context,
    )
