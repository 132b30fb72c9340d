"""What a catalogue keeps of an install."""

import time

from clawgym_skills.catalogue import Catalogue
from clawgym_skills.market.bundle import read_bundle
from clawgym_skills.market.fingerprint import fingerprint
from clawgym_skills.market.installed import Installed
from clawgym_skills.market.workspace import InstallResult
from clawgym_skills.records import InstallRecord, ScanRecord


def record(catalogue: Catalogue, result: InstallResult) -> None:
    """Index the installed folder, and note where it came from and what its scanner found."""
    one, verdict = result.installed, result.verdict
    catalogue.index([one.directory])
    catalogue.record_install(install_record(one, result.skill.name))
    if verdict.scanner:
        scan = ScanRecord(
            verdict.scanner, verdict.version, verdict.findings, int(time.time() * 1000)
        )
        catalogue.record_scan(result.skill.digest, scan)


def install_record(one: Installed, name: str | None) -> InstallRecord:
    """What a catalogue keeps of an installed skill; `name` defaults to that of its folder."""
    files = read_bundle(one.directory)
    return InstallRecord(
        path=str(one.directory),
        name=name or one.directory.name,
        digest=files.digest,
        installed_at=one.manifest.installed_at if one.manifest else int(time.time() * 1000),
        owner=one.origin.owner if one.origin else None,
        version=one.version,
        registry=one.origin.registry if one.origin else None,
        fingerprint=fingerprint(files),
        verified=one.manifest is not None,
        pinned=one.pinned,
        pin_reason=one.pin_reason,
    )
