"""`memory_note`: adds to today's note, and can do nothing else to a file.

It is what the silent turn before a compaction writes with, and as useful in any other turn.
"""

from collections.abc import Callable
from datetime import datetime

from pydantic import Field

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult

NAME = "memory_note"
_NOTE_BYTES = 1024 * 1024


class NoteArguments(Arguments):
    """What to remember."""

    text: str = Field(
        min_length=1, max_length=20_000, description="Markdown: facts, decisions, open ends."
    )


def local_now() -> datetime:
    """The time, with the zone of this machine."""
    return datetime.now().astimezone()


def note_tool(sandbox: Sandbox, now: Callable[[], datetime] = local_now) -> Tool[NoteArguments]:
    """The tool that appends to `memory/YYYY-MM-DD.md` of the workspace."""

    async def run(arguments: NoteArguments) -> ToolResult:
        path = f"memory/{now():%Y-%m-%d}.md"
        try:
            before = await sandbox.read(path)
        except FileNotFoundError:
            before = b""
        added = arguments.text.strip().encode(errors="replace") + b"\n"
        if len(before) + len(added) > _NOTE_BYTES:
            raise ToolFailure(f"{path} is full ({len(before):,} bytes); begin a file of its own")
        gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
        await sandbox.write(path, before + gap + added)
        return ToolResult(f"Added to {path}.", details={"changed": True, "path": path})

    description = (
        "Add to today's memory note, which later sessions can search. Existing notes are kept."
    )
    return Tool(NAME, description, NoteArguments, run)
