"""ClawHub's fingerprint: one hash for the published files of a skill."""

import hashlib
from collections.abc import Mapping

from clawgym.files import Files
from clawgym_skills.market.bundle import STATE_FOLDERS
from clawgym_skills.market.collation import sorted_as_clawhub
from clawgym_skills.market.ignoring import IgnoreRules

_ALWAYS_IGNORED = (".git/", "node_modules/", *(f"{name}/" for name in STATE_FOLDERS))
_IGNORE_FILES = (".gitignore", ".clawhubignore", ".clawdhubignore")
GENERATED_CARD = "skill-card.md"
"""A registry makes it for every skill; it is not published with one."""


def hash_of(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def fingerprint_of(hashes: Mapping[str, str]) -> str:
    """The fingerprint of files given as path to SHA-256: a hash over `path:sha256` lines.

    The lines are in ClawHub's order of paths, not in that of code points.
    """
    lines = (f"{path}:{hashes[path]}" for path in sorted_as_clawhub(hashes))
    return hash_of("\n".join(lines).encode())


def published_files(files: Files) -> Files:
    """What of a skill counts for its fingerprint.

    Hidden files, `node_modules` and what `.gitignore` or `.clawhubignore` at the top name do not.
    """
    rules = IgnoreRules([*_ALWAYS_IGNORED, *_lines_of(files)])
    return Files({path: file for path, file in files.items() if _counts(path, rules)})


def fingerprint(files: Files) -> str:
    """The fingerprint of a skill's files, those that do not count left out."""
    counted = published_files(files)
    return fingerprint_of({path: hash_of(file.data) for path, file in counted.items()})


def _counts(path: str, rules: IgnoreRules) -> bool:
    parts = path.split("/")
    hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
    return not hidden and not rules.ignores(path)


def _lines_of(files: Files) -> list[str]:
    found = (files[name] for name in _IGNORE_FILES if name in files)
    return [line for file in found for line in file.data.decode("utf-8", "replace").splitlines()]
