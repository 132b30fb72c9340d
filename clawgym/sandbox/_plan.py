"""How a new workspace should get the content of a base directory."""

import os
from pathlib import Path
from typing import Literal

from clawgym.sandbox._home import box_home
from clawgym.sandbox._trees import can_reflink

WorkspacePlan = Literal["copy", "reflink", "overlay"]

COPY_FILES = 1_000
"""Above this many entries a copy takes longer than making and removing an overlay."""

COPY_BYTES = 16 * 1024**2
"""The same for the sum of the file sizes."""


def workspace_plan(base: Path, *, overlay: bool, target: Path | None = None) -> WorkspacePlan:
    """Choose by size and file system; looks at no more than `COPY_FILES` entries.

    `copy` for what is small: nothing is faster to make and to remove. Otherwise `overlay` where the
    backend can (a few milliseconds whatever the size), else `reflink`: a copy below `target`
    (default: the home of this process's boxes) that shares its blocks with the base, else `copy`.

    Raises:
        OSError: the base is no directory or may not be listed.
    """
    if not _is_large(base):
        return "copy"
    if overlay:
        return "overlay"
    place = target or box_home().path
    return "reflink" if _share_blocks(base, place) else "copy"


def _is_large(base: Path) -> bool:
    entries = total = 0
    pending = [os.fspath(base)]
    while pending:
        with os.scandir(pending.pop()) as found:
            for entry in found:
                entries += 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    total += entry.stat(follow_symlinks=False).st_size
                if entries > COPY_FILES or total > COPY_BYTES:
                    return True
    return False


def _share_blocks(base: Path, place: Path) -> bool:
    if base.stat().st_dev != place.stat().st_dev:
        return False
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return can_reflink(descriptor)
    finally:
        os.close(descriptor)
