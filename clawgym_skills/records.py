"""What others write into a catalogue about a revision: scans, annotations, installs, uses."""

from dataclasses import dataclass
from typing import Literal

FindingSeverity = Literal["info", "warn", "block"]


@dataclass(frozen=True)
class FindingRecord:
    """One thing that a scanner found; `line` counts from 1, `path` is inside the skill."""

    rule: str
    severity: FindingSeverity
    message: str
    path: str = ""
    line: int | None = None
    context: str = ""


@dataclass(frozen=True)
class ScanRecord:
    """One scanner's verdict on one revision; no findings means clean. `at` in Unix ms."""

    scanner: str
    version: str
    findings: tuple[FindingRecord, ...]
    at: int


@dataclass(frozen=True)
class CategoryRecord:
    """A category that a revision belongs to, and the words it was concluded from."""

    category: str
    evidence: str = ""


@dataclass(frozen=True)
class AnnotationRecord:
    """What one annotator says about one revision; `record` is JSON."""

    annotator: str
    version: str
    record: str


@dataclass(frozen=True)
class InstallRecord:
    """One installed skill; the fields are documented in `schema.sql`."""

    path: str
    name: str
    digest: str
    installed_at: int
    owner: str | None = None
    version: str | None = None
    registry: str | None = None
    fingerprint: str | None = None
    verified: bool = False
    pinned: bool = False
    pin_reason: str | None = None


@dataclass(frozen=True)
class ActivationRecord:
    """One time that a skill was handed to an agent; `at` in Unix milliseconds."""

    skill: str
    digest: str
    session: str
    at: int
