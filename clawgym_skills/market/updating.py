"""Bringing installed skills to what the registry has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from clawgym.errors import UsageError
from clawgym_skills.market.bundle import read_bundle
from clawgym_skills.market.client import Registry
from clawgym_skills.market.fingerprint import fingerprint
from clawgym_skills.market.installed import Installed, verify_installed
from clawgym_skills.market.names import SkillReference
from clawgym_skills.market.policy import BlockedSkillError
from clawgym_skills.market.semver import parse_version
from clawgym_skills.market.sources import check_moderation, choose_version, fetch_registry
from clawgym_skills.market.workspace import (
    InstallResult,
    Plan,
    Workspace,
    key_reference,
    refuse_pinned,
)

Outcome = Literal["updated", "current", "pinned", "edited", "older", "blocked"]


@dataclass(frozen=True)
class UpdateResult:
    """What became of one skill; `detail` is a version or a reason, `result` that of an update."""

    key: str
    outcome: Outcome
    detail: str = ""
    result: InstallResult | None = None


def update(
    workspace: Workspace,
    registry: Registry,
    name: str | None = None,
    *,
    version: str | None = None,
    force: bool = False,
) -> Iterator[UpdateResult]:
    """Bring one skill, or all that came from registries, to the latest or a given version.

    Pinned skills stay as they are, edited ones too unless `force` is given, and nothing goes back
    to an older version unless both that version and `force` are given.

    Raises:
        UsageError: the skill is unknown, pinned, or not from a registry.
        RegistryError: the registry fails; the skills before are updated.
    """
    for one in _chosen(workspace, name):
        if one.pinned:
            yield UpdateResult(one.key, "pinned", one.pin_reason or "")
            continue
        try:
            yield _update(workspace, registry, one, version, force=force)
        except BlockedSkillError as error:
            yield UpdateResult(one.key, "blocked", str(error))


def _chosen(workspace: Workspace, name: str | None) -> list[Installed]:
    if name is None:
        return [one for one in workspace.installed() if one.origin or one.tracked]
    one = workspace.find(name)
    refuse_pinned(one)
    if not (one.origin or one.tracked):
        raise UsageError(f"{name} did not come from a registry; install it again instead")
    return [one]


def _update(
    workspace: Workspace, registry: Registry, one: Installed, version: str | None, *, force: bool
) -> UpdateResult:
    reference = key_reference(one, workspace.lock())
    detail = registry.skill(reference)
    check_moderation(reference, detail.moderation, force=force)
    wanted = choose_version(replace(reference, selector=version), detail)
    current = _current_version(registry, one, reference)
    refused = _refusal(one, current, wanted, asked=version is not None)
    if refused and not (force and refused.outcome in ("edited", "older")):
        return refused
    fetched = fetch_registry(registry, replace(reference, selector=wanted), force=force)
    key = one.key if one.tracked else None
    # An edit may turn up between the check above and the moment of replacing: it is kept too.
    known = current is not None and verify_installed(one).intact
    plan = Plan(fetched, one.directory, key, "intact" if known and not force else "anything")
    result = workspace.put(plan, one.origin.installed_at if one.origin else None)
    return UpdateResult(one.key, "updated", wanted, result)


def _refusal(
    one: Installed, current: str | None, wanted: str, *, asked: bool
) -> UpdateResult | None:
    """Why a skill stays as it is; None if it should change."""
    if current is None:
        edited = one.directory.exists()
        reason = "local changes; --force overwrites them"
        return UpdateResult(one.key, "edited", reason) if edited else None
    if current == wanted or (not asked and not _older(current, wanted)):
        return UpdateResult(one.key, "current", current)
    if not _older(current, wanted):
        reason = f"{wanted} is older than {current}; --force goes back to it"
        return UpdateResult(one.key, "older", reason)
    return None


def _current_version(registry: Registry, one: Installed, reference: SkillReference) -> str | None:
    """The version that the files on disk are; None if they are none of the registry's."""
    if not one.directory.is_dir():
        return None
    if verify_installed(one).intact:
        return one.version
    match = registry.resolve(reference, fingerprint(read_bundle(one.directory))).match
    return match.version if match else None


def _older(current: str, wanted: str) -> bool:
    one, other = parse_version(current), parse_version(wanted)
    return True if one is None or other is None else one < other
