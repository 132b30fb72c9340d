"""Putting a mended file in place, and showing what changed."""

import difflib
import os
import tempfile
from pathlib import Path


def difference(path: Path, before: bytes, after: bytes) -> str:
    """A unified diff; bytes that are no text, marks and carriage returns are shown by name."""
    old, new = (_visible(data).splitlines(keepends=True) for data in (before, after))
    lines = difflib.unified_diff(old, new, f"{path} (before)", f"{path} (after)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ no line end\n" for line in lines)


def _visible(data: bytes) -> str:
    text = data.decode("utf-8", errors="backslashreplace")
    return text.replace("\ufeff", "<U+FEFF>").replace("\r\n", "<CR>\n").replace("\r", "<CR>\n")


def replace(path: Path, data: bytes) -> None:
    """Write through a temporary file of the same mode: a crash leaves the old file or the new."""
    handle, temporary = tempfile.mkstemp(prefix=".mending-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
