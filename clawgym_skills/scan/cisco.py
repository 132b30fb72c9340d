"""A second opinion: `cisco-ai-skill-scanner` where it is installed, in a process of its own.

Its static analysers only; nothing is sent anywhere. Its findings are marked by their source.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from clawgym.errors import ClawGymError, UsageError
from clawgym_skills.scan.finding import Finding, Report, Severity

SOURCE = "cisco-ai-skill-scanner"
PROGRAM = "skill-scanner"
TIMEOUT_SECONDS = 300.0

_SEVERITIES = {"CRITICAL": Severity.BLOCK, "HIGH": Severity.BLOCK, "MEDIUM": Severity.WARN}


class OtherScannerError(ClawGymError):
    """The other scanner failed or answered outside its format."""


class _CiscoFinding(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    rule_id: str
    severity: str
    title: str = ""
    file_path: str | None = None
    line_number: int | None = None
    snippet: str | None = None


class _CiscoReport(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    findings: tuple[_CiscoFinding, ...]


_REPORT = TypeAdapter(_CiscoReport)


def find_program(given: Path | None = None) -> str:
    """The program of the other scanner: what the user names, else the one on PATH.

    Raises:
        UsageError: there is none.
    """
    found = shutil.which(str(given) if given else PROGRAM)
    if found is None:
        missing = f"{given} cannot be executed" if given else f"{PROGRAM} is not on PATH"
        raise UsageError(
            f"{missing}; install {SOURCE} into an environment of its own and name its {PROGRAM}"
        )
    return found


def with_cisco(report: Report, directory: Path, program: str) -> Report:
    """The report with the findings of the other scanner about the same directory.

    Raises:
        OtherScannerError: it fails, takes too long, or prints something else.
    """
    return replace(report, findings=(*report.findings, *cisco_findings(directory, program)))


def cisco_findings(directory: Path, program: str) -> list[Finding]:
    """What the other scanner finds in one skill's directory; its HIGH is our block.

    Raises:
        OtherScannerError: it fails, takes too long, or prints something else.
    """
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "report.json")
        words = [
            program,
            "scan",
            str(directory.resolve()),
            "--format",
            "json",
            "--output",
            str(output),
        ]
        _run(words)
        try:
            parsed = _REPORT.validate_json(output.read_bytes())
        except (OSError, ValidationError) as error:
            raise OtherScannerError(f"{SOURCE} wrote no report of {directory}: {error}") from error
    return [_finding(found, directory) for found in parsed.findings]


def _run(words: Sequence[str]) -> None:
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=TIMEOUT_SECONDS, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OtherScannerError(f"{SOURCE} did not finish: {error}") from error
    if done.returncode not in (0, 1):
        last = done.stderr[-500:].decode(errors="replace").strip()
        raise OtherScannerError(f"{SOURCE} failed with exit code {done.returncode}: {last}")


def _finding(found: _CiscoFinding, directory: Path) -> Finding:
    path = found.file_path or "."
    if os.path.isabs(path):
        path = os.path.relpath(path, directory.resolve())
    return Finding(
        rule=found.rule_id,
        severity=_SEVERITIES.get(found.severity.upper(), Severity.INFO),
        message=found.title[:300],
        path=path,
        line=found.line_number,
        excerpt=" ".join((found.snippet or "").split())[:160],
        source=SOURCE,
    )
