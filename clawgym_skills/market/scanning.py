"""Our scanner as the gate of installs, publications and registries."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from clawgym import __version__
from clawgym_skills.market.policy import Gate, Verdict
from clawgym_skills.records import FindingRecord
from clawgym_skills.scan import Finding, scan
from clawgym_skills.scan.finding import OWN
from clawgym_skills.scan.hook import ask_policy

Request = Literal["install", "update", "publish"]


def scanner_gate(policy: Sequence[str] = (), request: Request = "install") -> Gate:
    """The gate that asks `clawgym_skills.scan`: its verdict is the decision.

    `policy` is a program of the user's that is told the report and has the last word, unless our
    own rules block; see `clawgym_skills.scan.hook`.
    """
    return partial(_ask, tuple(policy), request)


def _ask(policy: Sequence[str], request: Request, folder: Path) -> Verdict:
    report = scan(folder)
    if policy:
        report = ask_policy(policy, report, request=request)
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
