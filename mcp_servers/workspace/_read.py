"""`read`: one page of a text file."""

import codecs
import posixpath
from difflib import get_close_matches

from pydantic import Field

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure
from mcp_servers.workspace._pages import MAX_BYTES, MAX_LINES, page
from mcp_servers.workspace._places import Folder, to_read

_LISTED = 50
_SIMILAR = 3


class ReadArguments(Arguments):
    """Which file, and where to start."""

    path: str = Field(description="File in the workspace, or the location of a skill's file.")
    offset: int = Field(1, ge=1, description="First line to show, counted from 1.")
    limit: int = Field(MAX_LINES, ge=1, description="How many lines to show at most.")
    cursor: int = Field(0, ge=0, description="Characters to skip in the first line shown.")


def read_tool(sandbox: Sandbox) -> Tool[ReadArguments]:
    """The tool that shows text files of the workspace and of the mounted skills."""

    async def run(arguments: ReadArguments) -> str:
        folder, path = to_read(sandbox, arguments.path)
        text = as_text(await existing(folder, path, arguments.path), arguments.path)
        return page(text, arguments.offset, arguments.limit, arguments.cursor).text

    description = (
        f"Show a text file, at most {MAX_LINES} lines or {MAX_BYTES // 1024} KB a call. "
        "A cut page ends with the offset to read on with."
    )
    return Tool("read", description, ReadArguments, run, read_only=True)


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


async def _is_directory(folder: Folder, path: str, name: str) -> ToolFailure:
    names = await folder.list(path)
    shown = "\n".join(names[:_LISTED]) or "(nothing)"
    more = f"\n… and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ToolFailure(f"{name or '.'} is a directory, not a file. It holds:\n{shown}{more}")


async def _is_missing(folder: Folder, path: str, name: str) -> ToolFailure:
    parent, wanted = posixpath.split(path)
    try:
        names = await folder.list(parent)
    except OSError:
        return ToolFailure(f"{name} does not exist, nor does its directory")
    similar = get_close_matches(wanted, [entry.rstrip("/") for entry in names], _SIMILAR)
    if not similar:
        return ToolFailure(f"{name} does not exist; read its directory to see what does")
    hits = ", ".join(posixpath.join(posixpath.dirname(name), entry) for entry in similar)
    return ToolFailure(f"{name} does not exist; did you mean {hits}?")
