"""What a dry run would change: a private copy of a workspace, held against the original."""

import asyncio
import difflib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from clawgym.files import File
from clawgym.sandbox.protocol import Collected, Sandbox

_OURS = ".clawgym/"
_SHOWN_BYTES = 256 * 1024


async def proposed_changes(sandbox: Sandbox, workspace: Path) -> str:
    """The unified diff from the workspace to what the box made of its copy; seals the box.

    Files that are no text, or too long to be read as a diff, stand in it by name.

    Raises:
        SandboxError: the box is broken.
    """
    await sandbox.seal()
    return await asyncio.to_thread(_compare, await sandbox.collect(), workspace)


def _compare(collected: Collected, workspace: Path) -> str:
    before, after = dict(_regular_files(workspace)), collected.files
    left_out = {each.path for each in collected.skipped}
    paths = sorted({*before, *after} - left_out)
    return "".join(_difference(path, before, after) for path in paths if not path.startswith(_OURS))


def _difference(path: str, before: Mapping[str, Path], after: Mapping[str, File]) -> str:
    old = before[path].read_bytes() if path in before else None
    new = after[path].data if path in after else None
    if old == new:
        return ""
    from_name = f"a/{path}" if old is not None else "/dev/null"
    to_name = f"b/{path}" if new is not None else "/dev/null"
    texts = (_text(old), _text(new))
    if texts[0] is None or texts[1] is None:
        return f"Files {from_name} and {to_name} differ\n"
    lines = difflib.unified_diff(
        texts[0].splitlines(keepends=True), texts[1].splitlines(keepends=True), from_name, to_name
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines) or (
        f"Files {from_name} and {to_name} differ\n"
    )


def _text(data: bytes | None) -> str | None:
    """What can be shown; None for what cannot."""
    if data is None:
        return ""
    if len(data) > _SHOWN_BYTES or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _regular_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path.relative_to(folder).as_posix(), path
