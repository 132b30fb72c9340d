"""The user's own say: a program that reads a report and answers allow, warn or block.

The protocol follows OpenClaw's `security.installPolicy.exec`
(openclaw:docs/tools/skills-config.md): one JSON object on standard input, one on standard output.
Whatever goes wrong, the answer is block.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clawgym.errors import UsageError
from clawgym_skills.scan.finding import Finding, Report, Severity
from clawgym_skills.scan.output import Json, finding_fields

PROTOCOL_VERSION = 1
TIMEOUT_SECONDS = 30.0
MAX_ANSWER = 256 * 1024

_SEVERITIES = {"allow": Severity.INFO, "warn": Severity.WARN, "block": Severity.BLOCK}


class _AnswerFinding(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    rule_id: str = Field("", alias="ruleId", max_length=200)
    severity: str = "info"
    message: str = Field("", max_length=2_000)
    file: str = Field("", max_length=512)
    line: int | None = None


class _Answer(BaseModel):
    """What the program prints."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision: Literal["allow", "warn", "block"]
    reason: str = Field("", max_length=2_000)
    findings: tuple[_AnswerFinding, ...] = Field((), max_length=200)


def ask_policy(
    program: Sequence[str],
    report: Report,
    *,
    request: Literal["scan", "install", "update", "publish"] = "scan",
    origin: str = "",
    timeout: float = TIMEOUT_SECONDS,
) -> Report:
    """The report with the program's decision as one more finding, and those that it names.

    A program may only add: what our own rules block stays blocked. `program` is the user's, run
    without a shell in the current directory; nothing from a skill becomes an argument.

    Raises:
        UsageError: `program` is empty.
    """
    if not program:
        raise UsageError("the policy program is empty; give a command such as ./policy.py")
    question = json.dumps(_question(report, request, origin)).encode()
    try:
        done = subprocess.run(
            list(program), input=question, capture_output=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        return _closed(report, program, str(error))
    if done.returncode != 0:
        last = done.stderr[-300:].decode(errors="replace").strip()
        return _closed(report, program, f"exit code {done.returncode} {last}".rstrip())
    try:
        answer = _Answer.model_validate_json(done.stdout[: MAX_ANSWER + 1])
    except ValidationError as error:
        return _closed(report, program, f"no valid answer: {error.errors()[0]['msg']}")
    return _with(report, program, answer)


def _question(report: Report, request: str, origin: str) -> Json:
    return {
        "protocolVersion": PROTOCOL_VERSION,
        "targetType": "skill",
        "sourcePath": report.path,
        "origin": origin,
        "request": request,
        "subject": report.subject,
        "digest": report.digest,
        "verdict": str(report.verdict),
        "findings": [finding_fields(finding) for finding in report.findings],
    }


def _closed(report: Report, program: Sequence[str], reason: str) -> Report:
    """Without a valid answer nothing is let through."""
    message = f"the policy program gave no decision, which counts as block ({reason[:300]})"
    return _add(report, [Finding("policy", Severity.BLOCK, message, ".", source=program[0])])


def _with(report: Report, program: Sequence[str], answer: _Answer) -> Report:
    message = f"the policy program says {answer.decision}"
    message += f": {answer.reason}" if answer.reason else ""
    decision = Finding("policy", _SEVERITIES[answer.decision], message, ".", source=program[0])
    # Its findings explain the decision; they do not override it.
    named = [
        Finding(
            f.rule_id or "policy",
            Severity.INFO,
            f.message,
            f.file or ".",
            f.line,
            source=program[0],
        )
        for f in answer.findings
    ]
    return _add(report, [decision, *named])


def _add(report: Report, findings: list[Finding]) -> Report:
    return replace(report, findings=(*findings, *report.findings))
