"""Our own record of an installed skill: what was installed, from where, and the hash of every file.

It lies as `.clawhub/clawgym.json` in the skill's folder, so that it appears and disappears with it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.errors import UsageError
from clawgym.files import File, Files
from clawgym_skills.market.bundle import STATE_FOLDERS
from clawgym_skills.market.fingerprint import hash_of

MANIFEST_NAME = f"{STATE_FOLDERS[0]}/clawgym.json"
SourceKind = Literal["registry", "directory", "archive", "git"]
Decision = Literal["allow", "warn", "block"]


class FileRecord(BaseModel):
    """One file as it was installed; `size` in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    size: int
    executable: bool = False

    @classmethod
    def of(cls, file: File) -> "FileRecord":
        """The record of a file that is in memory."""
        return cls(sha256=hash_of(file.data), size=len(file.data), executable=file.executable)


class Manifest(BaseModel):
    """What was installed.

    `source` is what the user named, `reference` the version or the commit, `decision` what the
    policy said. `installed_at` in milliseconds since 1970, `digest` as `Files.digest`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    kind: SourceKind
    source: str
    reference: str | None = None
    installed_at: int
    digest: str
    decision: Decision
    files: dict[str, FileRecord]
    pinned: bool = False
    pin_reason: str | None = None

    def to_bytes(self) -> bytes:
        """As it is written."""
        return self.model_dump_json(indent=2, exclude_defaults=False).encode() + b"\n"

    def changes(self, files: Files) -> list[str]:
        """How files differ from what was installed, a line each: `changed SKILL.md`."""
        now = {path: FileRecord.of(file) for path, file in files.items()}
        return list(_differences(self.files, now))


def _differences(before: Mapping[str, FileRecord], now: Mapping[str, FileRecord]) -> list[str]:
    lines: list[str] = []
    for path in sorted({*before, *now}):
        if path not in now:
            lines.append(f"removed {path}")
        elif path not in before:
            lines.append(f"added {path}")
        elif before[path] != now[path]:
            lines.append(f"changed {path}")
    return lines


def read_manifest(skill: Path) -> Manifest | None:
    """The manifest of the skill in a folder; None if it was not installed by us.

    Raises:
        UsageError: there is one that cannot be read.
    """
    path = skill / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"{path} cannot be read: {first}; install the skill again") from error
