"""What lies in a skills folder: found, and held against what was installed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clawgym_skills.market.bundle import UnsafeBundleError, read_bundle
from clawgym_skills.market.fingerprint import fingerprint
from clawgym_skills.market.lockfile import Lock, LockEntry, Origin
from clawgym_skills.market.manifest import Manifest, read_manifest
from clawgym_skills.market.names import is_segment

State = Literal["intact", "changed", "missing", "unknown"]


@dataclass(frozen=True)
class Installed:
    """One installed skill.

    `key` is how commands name it: `@owner/slug` as in the lock, else its folder. `version` is that
    of a registry, or a commit. `tracked` tells whether it is in the lock.
    """

    key: str
    directory: Path
    version: str | None
    pinned: bool = False
    pin_reason: str | None = None
    tracked: bool = False
    origin: Origin | None = None
    manifest: Manifest | None = None


@dataclass(frozen=True)
class Verification:
    """Whether a skill still is what was installed.

    `unknown` means that no installer left a record. `changes` are lines such as `changed SKILL.md`.
    """

    key: str
    directory: Path
    state: State
    changes: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing changed since the install."""
        return self.state == "intact"


def list_installed(lock: Lock, skills: Path) -> list[Installed]:
    """Everything in the lock, then whatever else lies in the skills folder.

    Keys that would lead out of the folder are left out, whoever wrote them.
    """
    tracked = [_tracked(lock, key, skills) for key in lock if is_key(key)]
    known = {one.directory for one in tracked}
    others = [_untracked(path, skills) for path in _folders(skills) if path not in known]
    return [*tracked, *others]


def is_key(text: str) -> bool:
    """Whether a text is `name` or `@owner/name`, safe as a folder below the skills folder."""
    owner, slash, slug = text.rpartition("/")
    return is_segment(slug) and (not slash or (owner[:1] == "@" and is_segment(owner[1:])))


def verify_installed(installed: Installed | Path) -> Verification:
    """Hold a skill's files against what was installed, by the hash of every file.

    Skills of other installers are held against the fingerprint in `origin.json`, which knows
    nothing of hidden files.
    """
    if isinstance(installed, Path):
        manifest, origin = read_manifest(installed), Origin.read(installed)
        installed = Installed(installed.name, installed, None, origin=origin, manifest=manifest)
    key, directory, origin = installed.key, installed.directory, installed.origin
    if not directory.is_dir():
        return Verification(key, directory, "missing")
    try:
        files = read_bundle(directory)
    except UnsafeBundleError as error:
        return Verification(key, directory, "changed", (str(error),))
    if installed.manifest:
        changes = tuple(installed.manifest.changes(files))
    elif origin and origin.fingerprint:
        same = fingerprint(files) == origin.fingerprint
        changes = () if same else ("its fingerprint is another one",)
    else:
        return Verification(key, directory, "unknown")
    return Verification(key, directory, "changed" if changes else "intact", changes)


def _tracked(lock: Lock, key: str, skills: Path) -> Installed:
    entry = lock.entry(key) or LockEntry(None, 0)
    directory = skills.joinpath(*key.split("/"))
    return Installed(
        key=key,
        directory=directory,
        version=entry.version,
        pinned=entry.pinned,
        pin_reason=entry.pin_reason,
        tracked=True,
        origin=Origin.read(directory),
        manifest=read_manifest(directory),
    )


def _untracked(directory: Path, skills: Path) -> Installed:
    manifest, origin = read_manifest(directory), Origin.read(directory)
    version = origin.installed_version if origin else manifest.reference if manifest else None
    return Installed(
        key=directory.relative_to(skills).as_posix(),
        directory=directory,
        version=version,
        pinned=manifest.pinned if manifest else False,
        pin_reason=manifest.pin_reason if manifest else None,
        origin=origin,
        manifest=manifest,
    )


def _folders(skills: Path) -> list[Path]:
    """Folders of skills, those below `@owner` included; hidden ones and links are not."""
    found: list[Path] = []
    for path in _subfolders(skills):
        if path.name.startswith("@"):
            found += _subfolders(path)
        else:
            found.append(path)
    return found


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )
