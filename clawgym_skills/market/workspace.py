"""A working directory with its lock and the folder of its skills: installing, pinning, removing."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from clawgym.errors import UsageError
from clawgym_skills.market.bundle import STATE_FOLDERS, UnsafeBundleError, read_bundle
from clawgym_skills.market.client import Registry
from clawgym_skills.market.fingerprint import fingerprint
from clawgym_skills.market.installed import (
    Installed,
    Verification,
    is_key,
    list_installed,
    verify_installed,
)
from clawgym_skills.market.lockfile import Lock, LockEntry, Origin
from clawgym_skills.market.manifest import MANIFEST_NAME, FileRecord, Manifest
from clawgym_skills.market.names import SkillReference, is_segment, slug_of
from clawgym_skills.market.policy import Gate, Verdict, pass_gate
from clawgym_skills.market.quarantine import Intent, Quarantine, Stage
from clawgym_skills.market.sources import (
    Fetched,
    Source,
    fetch_local,
    fetch_registry,
    registry_reference,
)
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill

Replacing = Literal["nothing", "intact", "anything"]
"""What an install may put itself in the place of: nothing, what nobody edited, or anything."""


@dataclass(frozen=True)
class InstallResult:
    """What an install or an update did; `previous` is the version that was replaced."""

    installed: Installed
    skill: Skill
    verdict: Verdict
    previous: str | None = None


@dataclass(frozen=True)
class Plan:
    """Fetched files and where they go; `key` is their line in the lock, if they get one."""

    fetched: Fetched
    target: Path
    key: str | None
    replacing: Replacing


class Workspace:
    """What is installed, and how to change it.

    Args:
        workdir: where `.clawhub/lock.json` lies.
        gate: the policy that each skill has to pass in quarantine.
        skills: the folder of the skills; default `skills` in `workdir`.
    """

    def __init__(self, workdir: Path, gate: Gate, skills: Path | None = None) -> None:
        self.workdir = workdir.absolute()
        self.skills = (skills or workdir / "skills").absolute()
        self._gate = gate
        self._quarantine = Quarantine(self.skills)

    def lock(self) -> Lock:
        """The lock as it is now."""
        return Lock.read(self.workdir)

    def installed(self) -> list[Installed]:
        """Everything in the lock, then whatever else lies in the skills folder."""
        return list_installed(self.lock(), self.skills)

    def find(self, name: str) -> Installed:
        """One of them, by its key, `owner/slug`, or folder.

        Raises:
            UsageError: there is none.
        """
        found = {one.key: one for one in self.installed()}
        owner, slash, slug = name.removeprefix("@").rpartition("/")
        if one := found.get(name) or found.get(f"@{owner.lower()}/{slug}" if slash else slug):
            return one
        named = [one for key, one in found.items() if key.rpartition("/")[2] == name]
        if len(named) == 1:
            return named[0]
        listed = ", ".join(found) or "nothing"
        raise UsageError(f"{name} is not installed in {self.skills}; what is: {listed}")

    def install(
        self,
        source: Source,
        registry: Registry | None = None,
        *,
        alias: str | None = None,
        force: bool = False,
    ) -> InstallResult:
        """Install a skill from anywhere.

        Args:
            source: what to install.
            registry: where a registry's skill is fetched from.
            alias: the folder to put it in; a registry's skill under another name is not in the
                lock, since other installers would not find it there.
            force: replace what is there, edited or not, older or newer; install what a registry
                finds suspicious. Neither pins nor blocks give way to it.

        Raises:
            UsageError: it is installed already, is pinned, or `source` makes no sense.
            BlockedSkillError: the policy or the registry refuses it.
            UnsafeBundleError: the files are harmful, or not those that the registry lists.
            SkillRefusedError: it is no skill.
            RegistryError: the registry fails.
        """
        replacing: Replacing = "anything" if force else "nothing"
        if source.kind != "registry":
            fetched = fetch_local(source)
            target = self.folder_of(alias or _folder_name(fetched))
            return self.put(Plan(fetched, target, None, replacing))
        if registry is None:
            raise UsageError(f"{source.text} is in a registry; name one")
        reference = registry_reference(source)
        key = self.lock().key_of(reference.slug, reference.owner)
        target = self.folder_of(alias or key)
        self._check_target(target, replacing)  # before anything is downloaded
        fetched = fetch_registry(registry, reference, force=force)
        return self.put(Plan(fetched, target, None if alias else key, replacing))

    def put(self, plan: Plan, installed_at: int | None = None) -> InstallResult:
        """Carry out a plan through quarantine; `installed_at` is kept by updates.

        Raises:
            ClawGymError: as `install`; nothing has changed then.
        """
        with self._quarantine.stage() as stage:
            skill, verdict = self._look(stage, plan)
            with self._quarantine.exclusive():
                previous = self._check_target(plan.target, plan.replacing)
                at = installed_at or int(time.time() * 1000)
                write_records(stage.new, plan.fetched, verdict, at)
                self._quarantine.replace(stage, self._intent(stage, plan, previous, at))
        one = self.find(plan.target.relative_to(self.skills).as_posix())
        was = previous.version if previous else None
        return InstallResult(one, replace(skill, path=plan.target), verdict, was)

    def pin(self, name: str, reason: str | None = None) -> Installed:
        """Keep a skill at its version.

        Raises:
            UsageError: it is not installed, or no installer knows it.
        """
        return self._set_pin(name, pinned=True, reason=reason)

    def unpin(self, name: str) -> Installed:
        """Let a skill be updated again.

        Raises:
            UsageError: it is not installed, or not pinned.
        """
        if not self.find(name).pinned:
            raise UsageError(f"{name} is not pinned")
        return self._set_pin(name, pinned=False, reason=None)

    def uninstall(self, name: str, *, force: bool = False) -> Installed:
        """Remove a skill, its folder and its line in the lock.

        Raises:
            UsageError: it is not installed; or it was edited, or not installed by a tool, and
                `force` is not given.
        """
        with self._quarantine.stage() as stage, self._quarantine.exclusive():
            one = self.find(name)
            if not force and one.directory.exists():
                _refuse_edited(one)
            intent = Intent(
                workdir=str(self.workdir),
                target=str(one.directory),
                inode=None,
                key=one.key if one.tracked else None,
            )
            self._quarantine.remove(stage, intent)
            owner = one.directory.parent
            if owner != self.skills and owner.is_dir() and not any(owner.iterdir()):
                owner.rmdir()
        return one

    def verify(self) -> list[Verification]:
        """Hold every installed skill against what was installed."""
        return [verify_installed(one) for one in self.installed()]

    def folder_of(self, name: str) -> Path:
        """The folder for `name` or `@owner/name`.

        Raises:
            UsageError: it cannot be the name of a folder.
        """
        if not is_key(name):
            raise UsageError(f"{name!r} cannot be the folder of a skill; name another with --as")
        return self.skills.joinpath(*name.split("/"))

    def _look(self, stage: Stage, plan: Plan) -> tuple[Skill, Verdict]:
        """Write the files, read them back as a skill, and let the policy look at them.

        They lie in a folder of their final name, since a skill's name is held against it.
        """
        files, name = plan.fetched.files, plan.fetched.name
        folder = stage.folder / "look" / plan.target.name
        folder.mkdir(parents=True)
        files.write_to(folder)
        skill = read_skill(folder)
        verdict = pass_gate(self._gate, folder, name)
        if read_bundle(folder) != files:
            raise UnsafeBundleError(
                f"{name} changed on disk while it was looked at; nothing was installed"
            )
        folder.rename(stage.new)
        return skill, verdict

    def _check_target(self, target: Path, replacing: Replacing) -> Installed | None:
        """What is there already, if it may be replaced."""
        one = next((one for one in self.installed() if one.directory == target), None)
        if one:
            refuse_pinned(one)
        if target.is_symlink() or (target.exists() and one is None):
            raise UsageError(f"{target} is no folder of a skill; move it out of the way")
        if one is None or not target.exists():
            return one
        if replacing == "nothing":
            raise UsageError(f"{one.key} is already installed; --force replaces it")
        if replacing == "intact":
            _refuse_edited(one)
        return one

    def _intent(self, stage: Stage, plan: Plan, previous: Installed | None, at: int) -> Intent:
        key, entry = plan.key, None
        origin = plan.fetched.origin
        if key and origin:
            entry = LockEntry(origin.version, at, origin.owner)
        elif previous and previous.tracked:
            key = previous.key  # its line goes, since no registry can update what comes now
        return Intent(
            workdir=str(self.workdir),
            target=str(plan.target),
            inode=stage.new.stat().st_ino,
            key=key,
            entry=entry,
        )

    def _set_pin(self, name: str, *, pinned: bool, reason: str | None) -> Installed:
        with self._quarantine.exclusive():
            one = self.find(name)
            if one.tracked:
                lock = self.lock()
                if pinned:
                    lock.pin(one.key, reason)
                else:
                    lock.unpin(one.key)
                lock.write()
            elif one.manifest:
                changed = one.manifest.model_copy(update={"pinned": pinned, "pin_reason": reason})
                _write_manifest(one.directory, changed)
            else:
                raise UsageError(f"{one.key} was not installed by a tool; there is nothing to pin")
        return self.find(name)


def refuse_pinned(one: Installed) -> None:
    """Leave pinned skills alone.

    Raises:
        UsageError: it is pinned.
    """
    if one.pinned:
        reason = f" ({one.pin_reason})" if one.pin_reason else ""
        raise UsageError(
            f"{one.key} is pinned{reason}; `clawgym skills unpin {one.key}` lets it change"
        )


def write_records(folder: Path, fetched: Fetched, verdict: Verdict, at: int) -> None:
    """Write `origin.json`, for a registry's skill, and our manifest into a skill's folder."""
    (folder / STATE_FOLDERS[0]).mkdir()
    if fetched.origin:
        origin = Origin(
            registry=fetched.origin.registry,
            slug=fetched.origin.reference.slug,
            installed_version=fetched.origin.version,
            installed_at=at,
            owner=fetched.origin.owner,
            fingerprint=fingerprint(fetched.files),
        )
        (folder / STATE_FOLDERS[0] / "origin.json").write_bytes(origin.to_bytes())
    manifest = Manifest(
        kind=fetched.kind,
        source=fetched.text,
        reference=fetched.reference,
        installed_at=at,
        digest=fetched.files.digest,
        decision=verdict.decision,
        files={path: FileRecord.of(file) for path, file in fetched.files.items()},
    )
    _write_manifest(folder, manifest)


def _refuse_edited(one: Installed) -> None:
    checked = verify_installed(one)
    if not checked.intact:
        what = ", ".join(checked.changes[:3]) or checked.state
        raise UsageError(f"{one.key} is not as it was installed ({what}); --force goes ahead")


def _folder_name(fetched: Fetched) -> str:
    name = fetched.name.strip()
    return name if is_segment(name) else slug_of(name)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST_NAME).write_bytes(manifest.to_bytes())


def key_reference(one: Installed, lock: Lock) -> SkillReference:
    """How the registry calls an installed skill."""
    owner, slash, slug = one.key.rpartition("/")
    entry = lock.entry(one.key)
    fallback = owner.removeprefix("@") if slash else (entry.owner if entry else None)
    if one.origin:
        return SkillReference(one.origin.slug, one.origin.owner or fallback)
    return SkillReference(slug, fallback)
