"""The files that a workspace tells its agent about itself with, as OpenClaw names and limits them.

| file | what stands in it |
|---|---|
| AGENTS.md | how to work here |
| SOUL.md | persona and boundaries |
| IDENTITY.md | the agent's name and looks |
| USER.md | what the user prefers |
| BOOTSTRAP.md | what to do in a new workspace; removed afterwards |
| MEMORY.md | facts and decisions to keep |
| memory/YYYY-MM-DD.md | daily notes; the two latest are shown when a session begins |

They are the user's, but the agent may write them, so they are read like any file of a workspace:
regular files only, and no link that leads out of it.
"""

import os
import re
import stat
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from clawgym.errors import UsageError

NAMES = ("AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "BOOTSTRAP.md", "MEMORY.md")
OF_SUBAGENTS = ("AGENTS.md",)
EXPECTED = ("AGENTS.md", "SOUL.md", "IDENTITY.md")
"""What a workspace of OpenClaw's layout always has."""

MAX_FILE = 20_000
MAX_TOTAL = 60_000
MAX_USER = 4_000

NOTES = "memory"
_NOTES_SHOWN = 2
_NOTE_CHARACTERS = 1_200
_NOTES_CHARACTERS = 2_800
_NOTE_BYTES = 16_384
_NOTE_NAME = re.compile(r"\d{4}-\d{2}-\d{2}(-[\w-]+)?\.md")

_READ_BYTES = 2 * 1024**2
_TAIL_SHARE = 0.25


@dataclass(frozen=True)
class Shown:
    """A file as the prompt shows it; `text` says itself where something is left out."""

    name: str
    text: str


def bootstrap_files(workspace: Path, names: tuple[str, ...] = NAMES) -> list[Shown]:
    """The bootstrap files that a workspace has, in their order, within OpenClaw's limits.

    In a workspace of OpenClaw's layout an expected file that is missing is said to be.
    """
    found = {name: text for name in names if (text := _read(workspace, name)) is not None}
    is_claw = any((workspace / name).is_file() for name in ("SOUL.md", "IDENTITY.md"))
    left = MAX_TOTAL
    shown: list[Shown] = []
    for name in names:
        text = found.get(name)
        if text is None:
            if is_claw and name in EXPECTED:
                shown.append(Shown(name, f"[{name} is missing from the workspace.]"))
            continue
        limit = min(MAX_USER if name == "USER.md" else MAX_FILE, left)
        shortened = shorten(text, limit, name)
        left -= min(len(text), limit)
        shown.append(Shown(name, shortened))
    return shown


def recent_notes(workspace: Path) -> list[Shown]:
    """The latest daily notes, oldest first."""
    try:
        if (workspace / NOTES).is_symlink():
            return []
        names = sorted(entry.name for entry in os.scandir(workspace / NOTES))
    except OSError:
        return []
    dated = [name for name in names if _NOTE_NAME.fullmatch(name)][-_NOTES_SHOWN:]
    left = _NOTES_CHARACTERS
    shown: list[Shown] = []
    for name in reversed(dated):
        path = f"{NOTES}/{name}"
        text = _read(workspace, path, _NOTE_BYTES)
        limit = min(_NOTE_CHARACTERS, left)
        if text and text.strip() and limit > 0:
            shown.insert(0, Shown(path, shorten(text.strip(), limit, path)))
            left -= min(len(text.strip()), limit)
    return shown


def shorten(text: str, limit: int, name: str) -> str:
    """The beginning and the end of a text, and between them a line that says what is missing."""
    if len(text) <= limit:
        return text
    if limit <= 0:
        return f"[{name} is left out, for want of room: read it when it matters.]"
    tail = int(limit * _TAIL_SHARE)
    notice = f"[… {len(text) - limit:,} characters of {name} are left out here: read the file …]"
    return f"{text[: limit - tail].rstrip()}\n\n{notice}\n\n{text[len(text) - tail :].lstrip()}"


def start_workspace(workspace: Path) -> list[str]:
    """Write our templates of the bootstrap files into a folder that has none; what was written.

    A folder that has any of them, or notes, is left exactly as it is.

    Raises:
        UsageError: the folder cannot be written.
    """
    has_some = any(os.path.lexists(workspace / name) for name in (*NAMES, NOTES))
    if has_some:
        return []
    templates = files("graph_agents.context").joinpath("workspace")
    written: list[str] = []
    for name in NAMES:
        template = templates.joinpath(name)
        if template.is_file():
            try:
                (workspace / name).write_text(template.read_text("utf-8"), "utf-8")
            except OSError as error:
                raise UsageError(f"cannot write {workspace / name}: {error.strerror}") from error
            written.append(name)
    return written


def _read(workspace: Path, name: str, most: int = _READ_BYTES) -> str | None:
    """The text of a regular file inside the workspace; None where there is none to be had."""
    try:
        root = workspace.resolve(strict=True)
        path = (root / name).resolve(strict=True)
        if not path.is_relative_to(root):
            return None
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            data = stream.read(most)
    except (OSError, RuntimeError):  # RuntimeError: links that lead in a circle
        return None
    return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
