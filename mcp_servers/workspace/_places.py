"""What a path in a tool call may name: the workspace, and to read, the mounted skills."""

import posixpath
from collections.abc import Sequence
from typing import Protocol

from clawgym.errors import ClawGymError
from clawgym.paths import check_relative
from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from mcp_servers.toolkit import ToolFailure

SKILLS = "skills"
_CHUNK_BYTES = 16 * 1024
"""Below any sensible output limit of a sandbox, so that no command is cut."""


class Folder(Protocol):
    """A tree of files to read. Paths are relative and normalised; the empty one is its root."""

    async def read(self, path: str) -> bytes:
        """The bytes of a regular file.

        Raises:
            OSError: there is no such file, or it is a directory or a link out of the tree.
        """
        ...

    async def list(self, path: str = "") -> list[str]:
        """The sorted names in a directory; directories end in `/`.

        Raises:
            OSError: there is no such directory.
        """
        ...


class MountedFolder:
    """A read-only mount of a sandbox, read through commands that run inside it."""

    def __init__(self, sandbox: Sandbox, root: str) -> None:
        self._sandbox = sandbox
        self._root = root

    async def read(self, path: str) -> bytes:
        """The bytes of a regular file; see `Folder`."""
        data = b""
        inside = posixpath.join(self._root, path)
        while True:
            index = len(data) // _CHUNK_BYTES
            argv = ["dd", f"if={inside}", f"bs={_CHUNK_BYTES}", "count=1", f"skip={index}"]
            chunk = await self._run([*argv, "status=none"], path)
            data += chunk
            if len(chunk) < _CHUNK_BYTES:
                return data

    async def list(self, path: str = "") -> list[str]:
        """The sorted names in a directory; see `Folder`."""
        inside = posixpath.join(self._root, path)
        output = await self._run(["ls", "-1Ap", "--", f"{inside}/"], path)
        return sorted(output.decode(errors="replace").splitlines())

    async def _run(self, argv: Sequence[str], path: str) -> bytes:
        result = await self._sandbox.exec(argv, env={"LC_ALL": "C"})
        if result.exit_code == 0 and not result.truncated:
            return result.stdout
        reason = result.stderr.decode(errors="replace").strip()
        if "Is a directory" in reason:
            raise IsADirectoryError(reason)
        if "No such file" in reason or "Not a directory" in reason:
            raise FileNotFoundError(reason)
        raise ToolFailure(f"cannot read {path}: {reason or 'the sandbox cut its content'}")


def in_workspace(sandbox: Sandbox, path: str) -> str:
    """`path` relative to the workspace; the workspace itself is the empty string.

    Raises:
        ToolFailure: the path leads elsewhere; the message says what is allowed.
    """
    relative = _below(sandbox.place(WORKSPACE), path)
    if relative is None:
        raise _outside(path, sandbox.place(WORKSPACE))
    return relative


def to_read(sandbox: Sandbox, path: str) -> tuple[Folder, str]:
    """The folder that `path` lies in, and the rest of the path below that folder.

    Raises:
        ToolFailure: the path leads neither into the workspace nor into the mounted skills.
    """
    workspace = sandbox.place(WORKSPACE)
    if (relative := _below(workspace, path)) is not None:
        return sandbox, relative
    skills = skills_place(sandbox)
    if skills and posixpath.isabs(path) and (relative := _below(skills, path)) is not None:
        return MountedFolder(sandbox, skills), relative
    raise _outside(path, workspace, skills)


def skills_place(sandbox: Sandbox) -> str | None:
    """Where the skills are mounted inside, or None if this box has none."""
    try:
        return sandbox.place(SKILLS)
    except ClawGymError:
        return None


def _below(root: str, path: str) -> str | None:
    whole = posixpath.normpath(posixpath.join(root, path or "."))
    relative = posixpath.relpath(whole, posixpath.normpath(root))
    if relative == ".":
        return ""
    if relative == ".." or relative.startswith("../"):
        return None
    try:
        return check_relative(relative)
    except ValueError as error:
        raise ToolFailure(str(error)) from error


def _outside(path: str, workspace: str, skills: str | None = None) -> ToolFailure:
    also = f", or read one below {skills}/" if skills else ""
    return ToolFailure(
        f"{path} is outside the workspace: give a path relative to it, "
        f"or an absolute one below {workspace}/{also}"
    )
