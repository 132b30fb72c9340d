"""What `clawgym agent sessions|undo|fork|export` do."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from clawgym.atomic import check_writable
from clawgym.errors import UsageError
from graph_agents.agent import AgentSession
from graph_agents.assembly import kept_workspaces, without_model
from graph_agents.journal import Leases, SessionInfo, Sessions, Store, default_state
from graph_agents.journal.export import export
from graph_agents.parts import Undone

LAST = "last"


def list_sessions(workspace: Path | None, state: Path | None) -> list[SessionInfo]:
    """The sessions of a workspace, or of all.

    Raises:
        UsageError: there is no such journal.
    """
    with _journal(state) as store:
        return Sessions(store).all(str(workspace) if workspace else None)


def delete_session(name: str, state: Path | None) -> str:
    """Delete a session; returns its id.

    Raises:
        UsageError: there is none of that name.
        SessionBusyError: another process is at work on it.
    """
    with _journal(state) as store:
        sessions = Sessions(store)
        info = sessions.find(name)
        Leases(store).take(info.id)
        snapshots = sessions.delete(info.id)
    if snapshots:
        kept_workspaces(state).forget(snapshots)
    return info.id


def place_of(name: str, workspace: Path | None, state: Path | None) -> SessionInfo:
    """A session, and thereby its workspace; `last` is the one of this folder.

    Raises:
        UsageError: there is none, or its folder is gone.
    """
    with _journal(state) as store:
        info = _found(store, name, workspace)
    if info.workspace is None or not Path(info.workspace).is_dir():
        raise UsageError(f"the folder of session {info.id}, {info.workspace}, is not there")
    return info


async def undo_turn(
    name: str, workspace: Path | None, state: Path | None, *, force: bool = False
) -> tuple[SessionInfo, Undone | None]:
    """Undo the last turn of a session; returns what was put back, see `AgentSession.undo`.

    Raises:
        UsageError: there is none, or it cannot be undone without harm; nothing was changed.
    """
    async with _opened(name, workspace, state) as session:
        undone = await session.undo(force=force)
        return session.info, undone


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


def export_session(
    name: str,
    workspace: Path | None,
    state: Path | None,
    form: Literal["openclaw", "atif"],
    output: Path,
    *,
    force: bool = False,
) -> None:
    """Write a session to a file; the folder that it was held in need not be there any more.

    Raises:
        UsageError: there is no such session, or the file is there already or cannot be written.
    """
    if output.exists() and not force:
        raise UsageError(f"{output} is there already: name another file, or add --force")
    check_writable(output)
    with _journal(state) as store:
        info = _found(store, name, workspace)
        export(info, Sessions(store).entries(info.id), form, output)


def _journal(state: Path | None) -> Store:
    """The journal, which the user may have named: then it has to be there."""
    if state and not state.exists():
        raise UsageError(f"there is no journal {state}: name the file that --state named before")
    return Store(state or default_state())


def _found(store: Store, name: str, workspace: Path | None) -> SessionInfo:
    if name == LAST and workspace is None:
        workspace = Path.cwd()
    return Sessions(store).find(name, str(workspace) if workspace else None)


@asynccontextmanager
async def _opened(
    name: str, workspace: Path | None, state: Path | None
) -> AsyncGenerator[AgentSession]:
    info = place_of(name, workspace, state)
    async with without_model(Path(str(info.workspace)), state) as agent:
        yield await agent.resume(info.id)
