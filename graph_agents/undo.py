"""Keeps what a turn needs to be undone, and takes back what it did without harm to others."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from clawgym.errors import SessionBusyError, UsageError
from graph_agents.journal import Entry, Leases, Store
from graph_agents.journal.saver import JournalSaver
from graph_agents.journal.spending import family
from graph_agents.journal.working import is_at_work
from graph_agents.parts import Snapshots, Undone


@asynccontextmanager
async def keeping(
    snapshots: Snapshots | None, begun: Entry | None = None
) -> AsyncGenerator[str | None]:
    """Keep the workspace as it is before a turn, or go on with one; note what it changes.

    Args:
        snapshots: where.
        begun: the entry that the turn began with, if it goes on.
    """
    kept = begun.body["snapshot"] if begun else None
    if snapshots is None or (begun and kept is None):
        yield None
        return
    name = str(kept) if kept is not None else await snapshots.begin()
    if begun:
        await snapshots.go_on(name)
    try:
        yield name
    finally:
        await snapshots.stop(name)


def check_nobody_works(
    store: Store, session: str, workspace: Path, running: set[str], *, force: bool
) -> None:
    """Refuse an undo while something else is at work in the folder.

    Args:
        store: the journal.
        session: the one whose turn is to be undone.
        workspace: its folder.
        running: the sessions in which a turn runs in this process.
        force: do not mind other sessions; subagents of this one are minded nevertheless.

    Raises:
        SessionBusyError: something is.
    """
    spawned = set(family(store, session)) - {session}
    if working := spawned & running:
        raise SessionBusyError(
            f"{len(working)} subagents of session {session} are at work in the folder; "
            "wait until they have ended, or have the agent cancel them"
        )
    elsewhere = [name for name in Leases(store).elsewhere() if is_at_work(store, name)]
    others = [
        name
        for name in {*running, *elsewhere} - {session}
        if _share(workspace, _workspace_of(store, name))
    ]
    if others and not force:
        raise SessionBusyError(
            f"session {min(others)} is at work in the same folder; wait until its turn has ended "
            "(--force undoes nevertheless); nothing was changed"
        )


def way_back(saver: JournalSaver, session: str, checkpoint: object) -> CheckpointTuple | None:
    """The checkpoint before a turn, by its id; None for the empty conversation.

    Raises:
        UsageError: it was pruned.
    """
    if checkpoint is None:
        return None
    then: RunnableConfig = {
        "configurable": {"thread_id": session, "checkpoint_id": checkpoint, "checkpoint_ns": ""}
    }
    found = saver.get_tuple(then)
    if found is None:
        raise UsageError(
            f"session {session} was pruned: the conversation before its last turn is no longer "
            "kept, so the turn cannot be undone; nothing was changed. Go on from here, or "
            "start a new session"
        )
    return found


async def undo_files(
    snapshots: Snapshots | None, store: Store, begun: Entry, session: str, *, force: bool
) -> Undone | None:
    """Put back what a turn has changed in the folder.

    Returns:
        What was put back; None where nothing was kept and `force` says that this is fine.

    Raises:
        UsageError: nothing was kept, or somebody else has changed the same files since; nothing has
            changed then.
    """
    kept = begun.body["snapshot"]
    if snapshots is None or kept is None:
        if force:
            return None
        raise UsageError(
            f"the folder was not kept before the last turn of session {session}, so the turn "
            "cannot be undone; nothing was changed. --force takes back the conversation alone"
        )
    spawned = [
        str(entry.body["snapshot"])
        for child in family(store, session)
        if child != session
        for entry in store.entries(
            "session = ? AND kind = 'snapshot' AND seq > ?", [child, begun.seq]
        )
        if entry.body["snapshot"] is not None
    ]
    return await snapshots.undo(str(kept), spawned, force=force)


def _workspace_of(store: Store, session: str) -> Path | None:
    row = store.one("SELECT workspace FROM sessions WHERE id = ?", [session])
    return Path(str(row[0])) if row and row[0] is not None else None


def _share(one: Path, other: Path | None) -> bool:
    """Whether two folders are the same, or one lies in the other."""
    return other is not None and (one.is_relative_to(other) or other.is_relative_to(one))
