"""Reports for programs: JSON, SARIF 2.1.0, and records for the catalogue."""

import time
from collections.abc import Sequence
from urllib.parse import quote

from pydantic import JsonValue

from clawgym import __version__
from clawgym_skills.records import FindingRecord, ScanRecord
from clawgym_skills.scan.finding import OWN, Finding, Report, Severity
from clawgym_skills.scan.rule import Rule, rules

SCANNER_VERSION = "1"
"""Raised whenever the same bytes may be judged differently."""

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.INFO: "note", Severity.WARN: "warning", Severity.BLOCK: "error"}
_RANKS = {Severity.INFO: "2.0", Severity.WARN: "5.0", Severity.BLOCK: "9.0"}

Json = dict[str, JsonValue]


def report_fields(report: Report) -> Json:
    """One report for programs."""
    return {
        "subject": report.subject,
        "path": report.path,
        "digest": report.digest,
        "verdict": str(report.verdict),
        "counts": dict(report.counts),
        "findings": [finding_fields(finding) for finding in report.findings],
    }


def finding_fields(finding: Finding) -> Json:
    """One finding for programs, with what to do about it."""
    rule = rules().get(finding.rule) if finding.source == OWN else None
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "excerpt": finding.excerpt,
        "context": finding.context,
        "source": finding.source,
        "advice": rule.advice if rule else "",
    }


def record_of(report: Report) -> ScanRecord:
    """What the catalogue keeps, bound to the report's digest."""
    findings = tuple(
        FindingRecord(f.rule, f.severity.value, f.message, f.path, f.line, f.context)
        for f in report.findings
    )
    return ScanRecord(OWN, SCANNER_VERSION, findings, int(time.time() * 1000))


def sarif(reports: Sequence[Report]) -> Json:
    """One SARIF 2.1.0 log with one run; what the text excuses is suppressed, with the reason."""
    used = sorted({f.rule for report in reports for f in report.findings if f.source == OWN})
    results = [_result(report, finding) for report in reports for finding in report.findings]
    driver: Json = {
        "name": "clawgym-skills-scan",
        "version": __version__,
        "rules": [_rule(rules()[rule_id]) for rule_id in used],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [*results],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.message},
        "help": {"text": rule.advice},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"security-severity": _RANKS[rule.severity], "tags": ["security"]},
    }


def _result(report: Report, finding: Finding) -> Json:
    place: Json = {"artifactLocation": {"uri": _uri(report, finding)}}
    if finding.line is not None:
        place["region"] = {"startLine": finding.line}
    result: Json = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message + (f": {finding.excerpt}" if finding.excerpt else "")},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"skillDigest/v1": report.digest},
        "properties": {"skill": report.subject, "source": finding.source},
    }
    if finding.context:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.context}]
    return result


def _uri(report: Report, finding: Finding) -> str:
    base = report.path.rstrip("/")
    path = base if finding.path == "." else f"{base}/{finding.path}"
    return quote(path, safe="/", errors="replace")
