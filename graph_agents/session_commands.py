"""What `clawgym agent sessions|undo|fork|export` do."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from clawgym.atomic import check_writable
from clawgym.errors import UsageError
from graph_agents.agent import AgentSession
from graph_agents.assembly import without_model
from graph_agents.journal import SessionInfo, Sessions, Store, default_state

LAST = "last"


def list_sessions(workspace: Path | None, state: Path | None) -> list[SessionInfo]:
    """The sessions of a workspace, or of all."""
    with Store(state or default_state()) as store:
        return Sessions(store).all(str(workspace) if workspace else None)


def delete_session(name: str, state: Path | None) -> str:
    """Delete a session; returns its id.

    Raises:
        UsageError: there is none of that name.
    """
    with Store(state or default_state()) as store:
        sessions = Sessions(store)
        info = sessions.find(name)
        sessions.delete(info.id)
        return info.id


def place_of(name: str, workspace: Path | None, state: Path | None) -> SessionInfo:
    """A session, and thereby its workspace; `last` is the one of this folder.

    Raises:
        UsageError: there is none, or its folder is gone.
    """
    if name == LAST and workspace is None:
        workspace = Path.cwd()
    with Store(state or default_state()) as store:
        info = Sessions(store).find(name, str(workspace) if workspace else None)
    if info.workspace is None or not Path(info.workspace).is_dir():
        raise UsageError(f"the folder of session {info.id}, {info.workspace}, is not there")
    return info


async def undo_turn(name: str, workspace: Path | None, state: Path | None) -> SessionInfo:
    """Undo the last turn of a session.

    Raises:
        UsageError: there is none.
    """
    async with _opened(name, workspace, state) as session:
        await session.undo()
        return session.info


async def fork_session(
    name: str,
    workspace: Path | None,
    state: Path | None,
    *,
    entry: str | None,
    title: str | None,
) -> str:
    """Fork a session; returns the id of the new one."""
    async with _opened(name, workspace, state) as session:
        return (await session.fork(entry, title)).id


async def export_session(
    name: str,
    workspace: Path | None,
    state: Path | None,
    form: Literal["openclaw", "atif"],
    output: Path,
) -> None:
    """Write a session to a file.

    Raises:
        UsageError: there is no such session, or the file cannot be written.
    """
    check_writable(output)
    async with _opened(name, workspace, state) as session:
        session.export(form, output)


@asynccontextmanager
async def _opened(
    name: str, workspace: Path | None, state: Path | None
) -> AsyncGenerator[AgentSession]:
    info = place_of(name, workspace, state)
    async with without_model(Path(str(info.workspace)), state) as agent:
        yield await agent.resume(info.id)
