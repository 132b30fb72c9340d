"""Who may say no to an install: a gate looks at the skill in quarantine and decides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import ClawGymError, ExitCode
from clawgym_skills.market.manifest import Decision
from clawgym_skills.records import FindingRecord


@dataclass(frozen=True)
class Verdict:
    """What a gate decided, and why; `scanner` and `version` say who it was."""

    decision: Decision = "allow"
    findings: tuple[FindingRecord, ...] = ()
    scanner: str = ""
    version: str = ""


Gate = Callable[[Path], Verdict]
"""Given a skill's folder in quarantine. It may read there, and must not run anything of it."""


class BlockedSkillError(ClawGymError):
    """The policy, or the registry, says that a skill must not be installed."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, message: str, verdict: Verdict | None = None) -> None:
        super().__init__(message)
        self.verdict = verdict


def allow_everything(folder: Path) -> Verdict:
    """The gate that looks at nothing: for sources that the caller has already checked."""
    del folder
    return Verdict()


def pass_gate(gate: Gate, folder: Path, name: str) -> Verdict:
    """What the gate says, unless it is no.

    Raises:
        BlockedSkillError: it says block.
    """
    verdict = gate(folder)
    if verdict.decision != "block":
        return verdict
    reasons = [_sentence(found) for found in verdict.findings if found.severity == "block"]
    shown = "; ".join(reasons[:3]) or "no reason given"
    raise BlockedSkillError(f"{name} is blocked and was not installed: {shown}", verdict)


def _sentence(found: FindingRecord) -> str:
    line = f":{found.line}" if found.line else ""
    return f"{found.rule} {found.path}{line}: {found.message}"
