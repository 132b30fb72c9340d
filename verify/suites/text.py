"""Reading what other programs wrote as text: byte order marks, line ends, odd encodings."""

from pathlib import Path

from clawgym.errors import TaskFormatError
from verify.suites.suite import Notes

MAX_BYTES = 64 * 1024**2
"""A single task's file beyond this is a mistake."""


def read_text(path: Path, notes: Notes) -> str:
    """The text of a file, its lines ended by line feeds.

    Raises:
        TaskFormatError: it is missing, unreadable or too large.
    """
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise TaskFormatError(
                f"{path} has {size:,} bytes; a task's file has at most {MAX_BYTES:,}"
            )
        return decode(path.read_bytes(), notes.at(str(path)))
    except OSError as error:
        raise TaskFormatError(f"{path} cannot be read: {error.strerror}") from error


def decode(data: bytes, notes: Notes) -> str:
    """`data` as text; what is not plain UTF-8 with line feeds is noted."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        notes.add("encoding", "the text is UTF-16")
        text = data.decode("utf-16", errors="replace")
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            notes.add("byte-order-mark", "a byte order mark was dropped")
            data = data[3:]
        text = _decode_bytes(data, notes)
    if "\r" in text:
        notes.add("line-ends", "line ends were made \\n")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _decode_bytes(data: bytes, notes: Notes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        notes.add("encoding", f"not UTF-8 at byte {error.start}; read as Windows-1252")
        return data.decode("cp1252", errors="replace")
