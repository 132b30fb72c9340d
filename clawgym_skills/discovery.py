"""Finding skill directories below the directories that a user names."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import UsageError
from clawgym_skills._folder import SKIPPED_DIRECTORIES, display_path, find_skill_file
from clawgym_skills.diagnostic import Code, Diagnostic, Findings

MAX_DEPTH = 6
"""How far below a named directory a skill may lie."""


@dataclass(frozen=True)
class Discovery:
    """Absolute skill directories, each once; and what was passed over on the way."""

    directories: tuple[Path, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def discover_skills(directories: Sequence[Path]) -> Discovery:
    """Find every skill at or below `directories`, in their order and then by path.

    The search stops below a `SKILL.md`; a plural `skills.md`, which is often a plain list, counts
    only where nothing below it is a skill. It goes `MAX_DEPTH` deep, skips `.git` and
    `node_modules`, and follows no links except for the named directories themselves.

    Raises:
        UsageError: one of the directories does not exist.
    """
    found: dict[Path, None] = {}
    findings = Findings("")
    require_directories(directories)
    for directory in directories:
        found.update(dict.fromkeys(_below(directory.resolve(), MAX_DEPTH, findings)))
    return Discovery(tuple(found), findings.diagnostics)


def require_directories(directories: Sequence[Path]) -> None:
    """Check that every one of them exists.

    Raises:
        UsageError: one does not.
    """
    for directory in directories:
        if not directory.is_dir():
            raise UsageError(f"{directory} is not a directory; name a folder that holds skills")


def _below(directory: Path, depth: int, findings: Findings) -> Iterator[Path]:
    names, folders = _list(directory, findings)
    skill_file = find_skill_file(names)
    if skill_file and skill_file.lower() == "skill.md":
        yield directory
        return
    nested = False
    for folder in folders if depth else ():
        for path in _below(directory / folder, depth - 1, findings):
            nested = True
            yield path
    if skill_file and not nested:
        yield directory


def _list(directory: Path, findings: Findings) -> tuple[list[str], list[str]]:
    """The names of files, and of the directories to look into, both sorted."""
    names: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_symlink() and os.path.isdir(entry.path):
                    findings.add(Code.NOT_FOLLOWED, path=display_path(Path(entry.path)))
                else:
                    names.append(entry.name)
    except OSError as error:
        reason = error.strerror or str(error)
        findings.add(Code.FILE_LEFT_OUT, detail=reason, path=display_path(directory))
    return sorted(names), sorted(set(folders) - SKIPPED_DIRECTORIES)
