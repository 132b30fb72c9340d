"""The workspace server: files and commands on one directory of the user's, in a sandbox.

What a client says of its roots is not asked for: nothing a client sends can widen, or move, what is
served. The directory is chosen by whoever starts the server.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.sandbox.protocol import Backend, BoxSpec, Capability, Limits, Sandbox
from mcp_servers.scripts import script_tools
from mcp_servers.server import tool_server
from mcp_servers.workspace import SKILLS, web_fetch_tool, workspace_tools

LIMITS = Limits(output_bytes=1024**2, memory_bytes=2 * 1024**3, processes=512)
"""For a person's own work: room for a compiler, and for all the output that a command's report
keeps."""


@asynccontextmanager
async def workspace_server(
    directory: Path,
    backend: Backend,
    *,
    read_only: bool = False,
    skills: Path | None = None,
    scripts: Sequence[str] = (),
    web: bool = False,
) -> AsyncGenerator[Server[Any]]:
    """A server whose tools see `directory`, and commands nothing else of the user's.

    The directory is the workspace itself, not a copy.

    Args:
        directory: what is served.
        backend: makes the box that commands run in.
        read_only: whether only the tools that change nothing are there: `read` and `memory_*`.
        skills: a directory of skills, a folder each, for commands to use; mounted read-only.
        scripts: those of the skills whose scripts are offered as tools.
        web: whether `web_fetch` is there.

    Raises:
        UsageError: there is no such directory or skill, or a skill declares no usable script.
        SandboxError: this machine cannot make the box.
    """
    spec = BoxSpec(
        mounts={SKILLS: skills} if skills else {},
        workspace_dir=existing_directory(directory),
        workspace_read_only=read_only,
        limits=LIMITS,
    )
    known = _folders(skills) if skills else []
    box = await backend.create(spec)
    try:
        tools = [
            *workspace_tools(box),
            *script_tools(box, _chosen(skills, known, scripts)),
            *([web_fetch_tool()] if web else []),
        ]
        offered = [tool for tool in tools if tool.read_only or not read_only]
        about = _instructions(box, backend, read_only=read_only, skills=known)
        yield tool_server("clawgym-workspace", offered, instructions=about)
    finally:
        await box.close()


def existing_directory(directory: Path) -> Path:
    """The absolute path of a directory that can be served.

    Raises:
        UsageError: there is no such directory.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory: name the one to serve")
    return directory.resolve()


def _folders(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir() if entry.is_dir())


def _chosen(skills: Path | None, known: Sequence[str], names: Sequence[str]) -> dict[str, Files]:
    chosen: dict[str, Files] = {}
    for name in names:
        if skills is None or name not in known:
            raise UsageError(
                f"no skill {name!r} is mounted, to offer its scripts; there are: "
                f"{', '.join(known) or 'none'}"
            )
        chosen[name] = Files.read_from(skills / name)
    return chosen


_NAMED_SKILLS = 40


def _instructions(box: Sandbox, backend: Backend, *, read_only: bool, skills: list[str]) -> str:
    parts = ["Tools on one directory of the user's; paths are relative to it."]
    if read_only:
        parts.append("It can only be read.")
    elif Capability.FILESYSTEM in backend.capabilities:
        limits = ", ".join(sorted(backend.capabilities))
        parts.append(f"Commands run in the sandbox '{backend.name}', which isolates: {limits}.")
    else:
        parts.append(f"Commands run as the user: the sandbox '{backend.name}' isolates nothing.")
    if skills:
        more = f" and {len(skills) - _NAMED_SKILLS} more" if len(skills) > _NAMED_SKILLS else ""
        names = ", ".join(skills[:_NAMED_SKILLS])
        parts.append(
            f"Skills are mounted read-only at {box.place(SKILLS)}: {names}{more}. Read a skill's "
            "SKILL.md there before work that it fits."
        )
    return " ".join(parts)
