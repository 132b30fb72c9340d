"""`.clawhub/lock.json` and `.clawhub/origin.json`, byte for byte as the `clawhub` CLI writes them.

Both are kept as the JSON they are: what other programs put into an entry stays where it was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from clawgym_skills.market.bundle import STATE_FOLDERS
from clawgym_skills.market.javascript import dump_json

FORMAT = 1
_MAX_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class LockEntry:
    """One line of the lock; `installed_at` in milliseconds since 1970."""

    version: str | None
    installed_at: int
    owner: str | None = None
    pinned: bool = False
    pin_reason: str | None = None

    @classmethod
    def read(cls, entry: dict[str, JsonValue]) -> Self:
        """What an entry says; what has an unexpected type counts as missing."""
        at = entry.get("installedAt")
        return cls(
            version=_text(entry, "version"),
            installed_at=at if isinstance(at, int) else 0,
            owner=_text(entry, "ownerHandle"),
            pinned=entry.get("pinned") is True,
            pin_reason=_text(entry, "pinReason"),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """In the order in which the CLI writes a new entry."""
        entry: dict[str, JsonValue] = {"version": self.version, "installedAt": self.installed_at}
        if self.pinned:
            entry["pinned"] = True
        if self.pinned and self.pin_reason:
            entry["pinReason"] = self.pin_reason
        if self.owner:
            entry["ownerHandle"] = self.owner
        return entry


class Lock:
    """The skills that a working directory has from registries, by `@owner/slug` or slug."""

    def __init__(self, path: Path, document: dict[str, JsonValue]) -> None:
        self.path = path
        self._document = document

    @classmethod
    def read(cls, workdir: Path) -> Self:
        """The lock of a working directory; an empty one where there is none yet.

        Raises:
            UsageError: there is a file, but it is no lock.
        """
        own = workdir / STATE_FOLDERS[0] / "lock.json"
        for folder in STATE_FOLDERS:
            path = workdir / folder / "lock.json"
            document = _load(path)
            if document is not None:
                _check(path, document)
                return cls(own, document)
        return cls(own, {"version": FORMAT, "skills": {}})

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._skills))

    def __contains__(self, key: str) -> bool:
        return key in self._skills

    @property
    def _skills(self) -> dict[str, JsonValue]:
        skills = self._document["skills"]
        assert isinstance(skills, dict)
        return skills

    def entry(self, key: str) -> LockEntry | None:
        """What is locked under a key."""
        entry = self._skills.get(key)
        return LockEntry.read(entry) if isinstance(entry, dict) else None

    def key_of(self, slug: str, owner: str | None) -> str:
        """The key of a skill: its own, or the bare slug that an older installer gave it."""
        key = f"@{owner}/{slug}" if owner else slug
        bare = self.entry(slug)
        older = key not in self._skills and bare and (bare.owner or "").lower() == owner
        return slug if older else key

    def put(self, key: str, entry: LockEntry) -> None:
        """Write an entry anew; it keeps its place among the others."""
        self._skills[key] = entry.to_json()

    def pin(self, key: str, reason: str | None) -> None:
        """Mark an entry, which must be there, as not to be updated."""
        entry = self._skills[key]
        assert isinstance(entry, dict)
        entry["pinned"] = True
        if reason:
            entry["pinReason"] = reason

    def unpin(self, key: str) -> None:
        """Take the mark away again."""
        entry = self._skills[key]
        assert isinstance(entry, dict)
        for name in ("pinned", "pinReason"):
            entry.pop(name, None)

    def remove(self, key: str) -> None:
        """Forget an entry, if it is there."""
        self._skills.pop(key, None)

    def write(self) -> None:
        """Write the file, all of it or nothing."""
        write_atomic(self.path, f"{dump_json(self._document)}\n".encode())


@dataclass(frozen=True)
class Origin:
    """Where an installed skill came from; `installed_at` in milliseconds since 1970."""

    registry: str
    slug: str
    installed_version: str
    installed_at: int
    owner: str | None = None
    fingerprint: str | None = None

    @classmethod
    def read(cls, skill: Path) -> Self | None:
        """The origin of the skill in a folder; None where no registry is known."""
        for folder in STATE_FOLDERS:
            document = _load(skill / folder / "origin.json")
            if document is not None:
                return cls._parse(document)
        return None

    @classmethod
    def _parse(cls, document: dict[str, JsonValue]) -> Self | None:
        registry, slug = _text(document, "registry"), _text(document, "slug")
        version, at = _text(document, "installedVersion"), document.get("installedAt")
        known = document.get("version") == FORMAT
        if not (known and registry and slug and version and isinstance(at, int | float)):
            return None
        return cls(
            registry=registry,
            slug=slug,
            installed_version=version,
            installed_at=int(at),
            owner=_text(document, "ownerHandle"),
            fingerprint=_text(document, "fingerprint"),
        )

    def to_bytes(self) -> bytes:
        """As the CLI writes it."""
        document: dict[str, JsonValue] = {
            "version": FORMAT,
            "registry": self.registry,
            "slug": self.slug,
        }
        if self.owner:
            document["ownerHandle"] = self.owner
        document["installedVersion"] = self.installed_version
        document["installedAt"] = self.installed_at
        if self.fingerprint:
            document["fingerprint"] = self.fingerprint
        return f"{dump_json(document)}\n".encode()


def _load(path: Path) -> dict[str, JsonValue] | None:
    try:
        with path.open("rb") as stream:
            document: JsonValue = json.loads(stream.read(_MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}; repair it or remove it") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path} holds no JSON object; repair it or remove it")
    return document


def _check(path: Path, document: dict[str, JsonValue]) -> None:
    if document.get("version") != FORMAT or not isinstance(document.get("skills"), dict):
        raise UsageError(
            f"{path} is no lock of version {FORMAT}; repair it or remove it (the skills themselves "
            "stay, but are no longer updated)"
        )


def _text(document: dict[str, JsonValue], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) and value else None
