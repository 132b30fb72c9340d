"""One file of a skill: an archive that is the same bytes every time, and is read back."""

import hashlib
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import SkillFormatError, UsageError
from clawgym.files import File, Files
from clawgym_skills.authoring.ignoring import shipped
from clawgym_skills.diagnostic import Code
from clawgym_skills.reading import read_skill
from clawgym_skills.skill import Skill

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip archive can hold."""

_LEFT_OUT = {Code.NOT_FOLLOWED.code, Code.FILE_LEFT_OUT.code}


@dataclass(frozen=True)
class Packed:
    """An archive on disk: what it holds, what stayed behind, and its SHA-256 in hexadecimal."""

    path: Path
    files: Files
    left_out: tuple[str, ...]
    sha256: str


def pack(directory: Path, output: Path | None = None) -> Packed:
    """Write the skill's files into one archive; default: `NAME.zip` in the working directory.

    Dot paths, `node_modules` and what `.gitignore` or `.clawhubignore` name stay behind.

    Raises:
        SkillFormatError: the folder is no skill, or holds links or files that cannot be packed.
        UsageError: the archive would lie inside the skill's folder.
    """
    skill = read_skill(directory)
    _refuse_losses(skill)
    path = output or Path(f"{directory.resolve().name}.zip")
    if path.resolve().is_relative_to(directory.resolve()):
        raise UsageError(f"{path} lies inside the skill; write the archive somewhere else")
    files = shipped(skill.files)
    data = _write(path, files)
    left_out = tuple(name for name in skill.files if name not in files)
    return Packed(path, files, left_out, hashlib.sha256(data).hexdigest())


def unpacked(data: Path) -> Files:
    """The files of an archive that `pack` wrote.

    Raises:
        SkillFormatError: it is damaged.
    """
    try:
        with zipfile.ZipFile(data) as archive:
            return Files({entry.filename: _read(archive, entry) for entry in archive.infolist()})
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SkillFormatError(f"{data} cannot be read back: {error}") from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> File:
    return File(archive.read(entry), executable=bool(entry.external_attr >> 16 & 0o100))


def _refuse_losses(skill: Skill) -> None:
    lost = [str(found) for found in skill.diagnostics if found.code in _LEFT_OUT]
    if lost:
        raise SkillFormatError(
            f"{skill.path} cannot be packed whole; replace links by content: {'; '.join(lost)}"
        )


def _write(path: Path, files: Files) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".packing-", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            for relative, file in files.items():
                archive.writestr(_entry(relative, file), file.data)
        _verify(temporary, files)
        temporary.chmod(0o644)
        data = temporary.read_bytes()
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return data


def _verify(archive: Path, files: Files) -> None:
    if unpacked(archive) != files:
        raise SkillFormatError(f"{archive} did not read back as it was written; try again")


def _entry(path: str, file: File) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.create_system = 3  # Unix, whatever machine packs
    entry.external_attr = (0o100755 if file.executable else 0o100644) << 16
    # Stored, not deflated: compressors differ between versions, and the bytes must not.
    entry.compress_type = zipfile.ZIP_STORED
    return entry
