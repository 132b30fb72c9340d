"""A digest of our own programs and data: what was made or accepted with other ones may not do."""

import hashlib
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

_ROOMS = ("clawgym", "clawgym_skills", "synth", "verify")
_ELSEWHERE = frozenset(
    f"clawgym_skills/{room}"
    for room in ("annotate", "authoring", "bundled", "market", "migrations", "scan")
)
"""What makes no tasks. Skills are told apart by their files, the bundled ones as well."""

_WRITERS = ("pydantic", "pyyaml", "tomli-w")
"""Packages of others that write the bytes of tasks."""


@cache
def code_digest() -> str:
    """A digest of all that decides the bytes of tasks, and whether they are accepted."""
    digest = hashlib.sha256()
    versions = [f"{name} {version(name)}" for name in _WRITERS]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest.update("\0".join([python, zlib.ZLIB_RUNTIME_VERSION, *versions]).encode())
    for room in _ROOMS:
        for path, part in _walk(files(room), room):
            digest.update(f"{path}\0".encode())
            digest.update(hashlib.sha256(part.read_bytes()).digest())
    return digest.hexdigest()


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for part in sorted(folder.iterdir(), key=lambda part: part.name):
        here = f"{path}/{part.name}"
        if part.is_dir() and part.name != "__pycache__" and here not in _ELSEWHERE:
            yield from _walk(part, here)
        elif part.is_file() and not part.name.endswith(".pyc"):
            yield here, part
