"""Reading a skill's directory into memory: regular files only, bounded, nothing followed."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clawgym.files import File, Files
from clawgym.paths import check_relative
from clawgym_skills.diagnostic import Code, Findings

MAX_SKILL_FILE_BYTES = 256_000
MAX_FILES = 512
MAX_BYTES = 16 * 1024**2
MAX_DIRECTORIES = 2_000

SKIPPED_DIRECTORIES = frozenset({".git", ".clawhub", ".clawdhub", "node_modules", "__pycache__"})
"""Neither searched for skills nor kept as part of one."""

FILE_NAME = "SKILL.md"


@dataclass(frozen=True)
class SkillFolder:
    """The files of one skill, before anything in them is interpreted."""

    directory: Path
    file_name: str
    files: Files
    findings: Findings


def find_skill_file(names: list[str]) -> str | None:
    """The spelling of `SKILL.md` among file names: exact, then `skill.md`, then `skills.md`."""
    ranked = sorted(
        (name != FILE_NAME, name.lower() != "skill.md", name)
        for name in names
        if name.lower() in ("skill.md", "skills.md")
    )
    return ranked[0][2] if ranked else None


def display_path(path: Path) -> str:
    """The path as text, undecodable bytes replaced."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def load_folder(directory: Path) -> SkillFolder:
    """Read every regular file of a skill.

    Raises:
        SkillRefusedError: there is no readable `SKILL.md`, or a limit is exceeded.
    """
    file_name = _skill_file_of(directory)
    findings = Findings(display_path(directory / file_name))
    if file_name != FILE_NAME:
        findings.add(Code.FILE_NAME, detail=f"not {file_name}")
    files = Files(_read_all(directory, findings))
    if file_name not in files:
        raise findings.refuse(Code.UNREADABLE, "not a readable regular file")
    if (size := len(files[file_name].data)) > MAX_SKILL_FILE_BYTES:
        raise findings.refuse(Code.TOO_LONG, f"{size:,} of at most {MAX_SKILL_FILE_BYTES:,} bytes")
    return SkillFolder(directory, file_name, files, findings)


def _skill_file_of(directory: Path) -> str:
    findings = Findings(display_path(directory))
    if findings.path.encode() != os.fsencode(directory):
        raise findings.refuse(Code.UNREADABLE, "the directory's name is not UTF-8")
    try:
        file_name = find_skill_file(os.listdir(directory))
    except OSError as error:
        raise findings.refuse(Code.UNREADABLE, error.strerror or str(error)) from error
    if file_name is None:
        raise findings.refuse(Code.UNREADABLE, f"no {FILE_NAME} in this directory")
    return file_name


def _read_all(directory: Path, findings: Findings) -> dict[str, File]:
    entries: dict[str, File] = {}
    left = MAX_BYTES
    for relative, found in _walk(directory, findings):
        try:
            entry = _read(found, check_relative(relative), findings, left)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            findings.add(Code.FILE_LEFT_OUT, detail=reason or "", path=_shown(found.path))
            continue
        if entry is None:
            continue
        entries[relative] = entry
        left -= len(entry.data)
        _check_limits(len(entries), left, findings)
    return entries


def _check_limits(count: int, left: int, findings: Findings) -> None:
    if left < 0:
        raise findings.refuse(Code.TOO_BIG, f"at most {MAX_BYTES // 1024**2} MiB together")
    if count > MAX_FILES:
        raise findings.refuse(Code.TOO_MANY_FILES, f"at most {MAX_FILES}")


def _walk(directory: Path, findings: Findings) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Every entry below a directory that is none itself, by relative path, in a fixed order."""
    waiting = [("", os.fspath(directory))]
    for listed in range(MAX_DIRECTORIES + 1):
        if not waiting:
            return
        if listed == MAX_DIRECTORIES:
            raise findings.refuse(Code.TOO_MANY_FILES, f"at most {MAX_DIRECTORIES:,} directories")
        prefix, path = waiting.pop()
        folders: list[tuple[str, str]] = []
        for entry in _list(path, findings):
            if not entry.is_dir(follow_symlinks=False):
                yield prefix + entry.name, entry
            elif entry.name not in SKIPPED_DIRECTORIES:
                folders.append((f"{prefix}{entry.name}/", entry.path))
        waiting += reversed(folders)


def _list(path: str, findings: Findings) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=_name_of)
    except OSError as error:
        findings.add(Code.FILE_LEFT_OUT, detail=error.strerror or "", path=_shown(path))
        return []


def _name_of(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _shown(path: str) -> str:
    return display_path(Path(path))


def _read(found: "os.DirEntry[str]", relative: str, findings: Findings, left: int) -> File | None:
    """One file, at most one byte more than `left`; None if it is a link or a device."""
    if not found.is_file(follow_symlinks=False):
        findings.add(Code.NOT_FOLLOWED, detail=relative, path=_shown(found.path))
        return None
    # Since it was listed the file may have become a link or a FIFO.
    handle = os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it became a special file while it was read")
        data = _read_at_most(handle, min(status.st_size, left) + 1, left + 1)
    finally:
        os.close(handle)
    return File(data, bool(status.st_mode & 0o100))


def _read_at_most(handle: int, expected: int, limit: int) -> bytes:
    """Everything behind a descriptor up to `limit` bytes, in one call where it has not grown."""
    data = os.read(handle, expected)
    if len(data) < expected:
        return data
    with os.fdopen(os.dup(handle), "rb") as stream:
        return data + stream.read(limit - len(data))
