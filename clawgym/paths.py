"""Relative paths that are safe to join to a directory we own."""

from typing import Annotated

from pydantic import AfterValidator

MAX_PATH_BYTES = 512
MAX_NAME_BYTES = 255
"""What every common file system allows between two slashes."""


def check_relative(path: str) -> str:
    """Return `path` unchanged if joining it to a directory cannot leave that directory.

    Raises:
        ValueError: the path is empty, absolute, too long, not normalised, no valid Unicode, or
            holds a `..` part, a backslash, a NUL or a line break.
    """
    if not path or len(path.encode()) > MAX_PATH_BYTES:
        raise ValueError(f"path {path[:80]!r} must have 1 to {MAX_PATH_BYTES} bytes")
    if any(character in path for character in "\\\0\n\r"):
        raise ValueError(f"path {path!r} must not hold a backslash, a NUL or a line break")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"path {path!r} must be relative and normalised, without '.' or '..'")
    if any(len(part.encode()) > MAX_NAME_BYTES for part in path.split("/")):
        raise ValueError(f"path {path[:80]!r} holds a name of more than {MAX_NAME_BYTES} bytes")
    return path


def check_name(name: str) -> str:
    """Return `name` unchanged if it is a safe relative path of one part.

    Raises:
        ValueError: as `check_relative`, or the name holds a slash.
    """
    if "/" in name:
        raise ValueError(f"name {name!r} must not hold a slash")
    return check_relative(name)


DirectoryName = Annotated[str, AfterValidator(check_name)]
"""The name of a directory below one that we own, such as a task's id in a dataset."""

WorkspacePath = Annotated[str, AfterValidator(check_relative)]
"""A normalised POSIX path below a workspace root, such as `input/orders.csv`."""
