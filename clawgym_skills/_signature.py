"""Whether a directory is as it was, from what `stat` says about it, without reading a file."""

import hashlib
import os
import time

SETTLED_NS = 2 * 10**9
"""A change within the resolution of a file system's clock (2 s on FAT) might not show."""

_MOST_ENTRIES = 4_000


def signature(directory: str) -> str | None:
    """A digest of names, modes, sizes, inodes and times of everything below a directory.

    Returns:
        None where that would not be proof of sameness: something changed a moment ago, cannot be
        listed, or there is too much of it. Links are not followed, folders that are no part of a
        skill are looked into all the same.
    """
    newest_allowed = time.time_ns() - SETTLED_NS
    lines: list[str] = []
    waiting = [directory]
    try:
        while waiting:
            folder = waiting.pop()
            with os.scandir(folder) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if status.st_ctime_ns > newest_allowed or len(lines) >= _MOST_ENTRIES:
                        return None
                    lines.append(
                        f"{entry.path}\0{status.st_mode}\0{status.st_size}\0{status.st_ino}"
                        f"\0{status.st_mtime_ns}\0{status.st_ctime_ns}"
                    )
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    except OSError:
        return None  # the reader will say what is wrong
    lines.sort()
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
