"""`read`: one page of a text file, or a picture."""

import codecs
import posixpath
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Literal

from pydantic import Field

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.pages import MAX_BYTES, MAX_LINES, page
from mcp_servers.toolkit import Arguments, Image, Tool, ToolFailure, ToolResult
from mcp_servers.workspace._document import Document
from mcp_servers.workspace._places import Folder, to_read
from mcp_servers.workspace._search import plain_text

_LISTED = 50
_SIMILAR = 3
_PICTURE_BYTES = 4 * 1024**2
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class ReadArguments(Arguments):
    """Which file, and where to start."""

    path: str = Field(description="File in the workspace, or the location of a skill's file.")
    offset: int = Field(1, ge=1, description="First line to show, counted from 1.")
    limit: int = Field(MAX_LINES, ge=1, description="How many lines to show at most.")
    cursor: int = Field(0, ge=0, description="Characters to skip in the first line shown.")
    optional: Literal[True] | None = Field(
        None, description="true: a missing file is an ordinary answer, not an error."
    )


def read_tool(sandbox: Sandbox) -> Tool[ReadArguments]:
    """The tool that shows the files of the workspace and of the mounted skills."""

    async def run(arguments: ReadArguments) -> ToolResult:
        folder, path = to_read(sandbox, arguments.path)
        try:
            data, note = await _found(folder, path, arguments.path)
        except MissingFileError as error:
            if not arguments.optional:
                raise
            return ToolResult(str(error), details={"kind": "not_found"})
        if media_type := _picture(data):
            return _shown(data, media_type, arguments.path)
        text = as_text(data, arguments.path)
        shown = page(text, arguments.offset, arguments.limit, arguments.cursor)
        kind = "text" if shown.offset is None else "truncated"
        return ToolResult(note + shown.text, details={"kind": kind})

    description = (
        f"Show a text file, at most {MAX_LINES} lines or {MAX_BYTES // 1024} KB a call, or a "
        "picture. A cut page ends with the offset to read on with."
    )
    return Tool("read", description, ReadArguments, run, read_only=True)


class MissingFileError(ToolFailure):
    """There is no such file; the message says which names are close."""


def as_text(data: bytes, name: str) -> str:
    """Decode UTF-8, without its byte order mark and with LF line ends.

    Raises:
        ToolFailure: the bytes are not text.
    """
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise ToolFailure(
            f"{name} is not UTF-8 text (byte {error.start} of {len(data)}): "
            "inspect it with exec, for example `file` or `od -c`"
        ) from error
    return text.replace("\r\n", "\n")


def decoded(data: bytes, name: str, rule: str) -> Document:
    """The file as a text that can be changed.

    Raises:
        ToolFailure: the bytes are not text; the message ends with `rule`.
    """
    try:
        return Document.decode(data)
    except UnicodeDecodeError as error:
        raise ToolFailure(f"{name} is not UTF-8 text (byte {error.start}); {rule}") from error


async def existing(folder: Folder, path: str, name: str) -> bytes:
    """The bytes of a file that has to be there, or a failure that says what is there instead.

    Args:
        folder: where to look.
        path: the file below `folder`.
        name: the file as the model called it, for the message.

    Raises:
        ToolFailure: the path is a directory or names nothing.
    """
    if not path:
        raise await _is_directory(folder, path, name)
    try:
        return await folder.read(path)
    except IsADirectoryError as error:
        raise await _is_directory(folder, path, name) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise await _is_missing(folder, path, name) from error


async def _found(folder: Folder, path: str, name: str) -> tuple[bytes, str]:
    """The bytes, and a note where the name is spelled otherwise on disk."""
    try:
        return await existing(folder, path, name), ""
    except MissingFileError:
        parent, wanted = posixpath.split(path)
        spellings = [entry for entry in await _names(folder, parent) if _alike(entry, wanted)]
        if not spellings:
            raise
        if len(spellings) > 1:
            raise ToolFailure(
                f"{name} could be any of {len(spellings)} files that are spelled alike; "
                "list them with exec, `ls -b`"
            ) from None
        data = await existing(folder, posixpath.join(parent, spellings[0]), name)
        return data, f"[The file is called {spellings[0]!r}.]\n"


def _alike(entry: str, wanted: str) -> bool:
    return plain_text(entry) == plain_text(unicodedata.normalize("NFC", wanted))


async def _is_directory(folder: Folder, path: str, name: str) -> ToolFailure:
    names = await folder.list(path)
    shown = "\n".join(names[:_LISTED]) or "(nothing)"
    more = f"\n… and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ToolFailure(f"{name or '.'} is a directory, not a file. It holds:\n{shown}{more}")


async def _is_missing(folder: Folder, path: str, name: str) -> MissingFileError:
    parent, wanted = posixpath.split(path)
    try:
        names = await folder.list(parent)
    except OSError:
        return MissingFileError(f"{name} does not exist, nor does its directory")
    similar = get_close_matches(wanted, [entry.rstrip("/") for entry in names], _SIMILAR)
    if not similar:
        return MissingFileError(f"{name} does not exist; read its directory to see what does")
    hits = ", ".join(posixpath.join(posixpath.dirname(name), entry) for entry in similar)
    return MissingFileError(f"{name} does not exist; did you mean {hits}?")


async def _names(folder: Folder, path: str) -> Sequence[str]:
    try:
        return await folder.list(path)
    except OSError:
        return ()


def _picture(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:2] == b"BM" and int.from_bytes(data[2:6], "little") == len(data):
        return "image/bmp"
    return next((kind for start, kind in _PICTURES if data.startswith(start)), None)


def _shown(data: bytes, media_type: str, name: str) -> ToolResult:
    if len(data) > _PICTURE_BYTES:
        raise ToolFailure(
            f"{name} is a picture of {len(data)} bytes; at most {_PICTURE_BYTES} can be shown: "
            "make it smaller with exec"
        )
    text = f"{name}: {media_type}, {len(data)} bytes"
    return ToolResult(text, details={"kind": "image"}, images=(Image(data, media_type),))
