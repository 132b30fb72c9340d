"""Relative paths that are safe to join to a directory we own."""

from typing import Annotated

from pydantic import AfterValidator

MAX_PATH_BYTES = 512


def check_relative(path: str) -> str:
    """Return `path` unchanged if joining it to a directory cannot leave that directory.

    Raises:
        ValueError: the path is empty, absolute, too long, not normalised, or holds a `..` part, a
            backslash, a NUL or a line break.
    """
    if not path or len(path.encode()) > MAX_PATH_BYTES:
        raise ValueError(f"path {path[:80]!r} must have 1 to {MAX_PATH_BYTES} bytes")
    if any(character in path for character in "\\\0\n\r"):
        raise ValueError(f"path {path!r} must not hold a backslash, a NUL or a line break")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"path {path!r} must be relative and normalised, without '.' or '..'")
    return path


WorkspacePath = Annotated[str, AfterValidator(check_relative)]
"""A normalised POSIX path below a workspace root, such as `input/orders.csv`."""
