"""The way back from a turn: in the user's folder, and in the private copy of a dry run."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.sandbox.protocol import Sandbox, Snapshot
from graph_agents.control.snapshots import KeptWorkspaces
from graph_agents.parts import Undone

_COPIES = 10


@dataclass(frozen=True)
class FolderUndo:
    """Undo in a folder that others work in as well."""

    kept: KeptWorkspaces
    folder: Path

    async def begin(self) -> str:
        """See `Snapshots.begin`."""
        return await asyncio.to_thread(self.kept.take, self.folder)

    async def go_on(self, snapshot: str) -> None:
        """See `Snapshots.go_on`."""
        await asyncio.to_thread(self.kept.go_on, snapshot, self.folder)

    async def stop(self, snapshot: str) -> None:
        """See `Snapshots.stop`."""
        await asyncio.to_thread(self.kept.stop, snapshot, self.folder)

    async def undo(self, snapshot: str, spawned: Sequence[str], *, force: bool) -> Undone:
        """See `Snapshots.undo`."""
        return await asyncio.to_thread(self.kept.undo, snapshot, spawned, self.folder, force=force)


@dataclass(frozen=True)
class CopyUndo:
    """Undo in a box's own copy of a folder, where nobody else works, until the box is closed."""

    sandbox: Sandbox
    copies: dict[str, Snapshot] = field(default_factory=dict[str, Snapshot])

    async def begin(self) -> str:
        """Keep all of the copy; of many, only the last."""
        name = f"dry-run-{secrets.token_hex(4)}"
        self.copies[name] = await self.sandbox.snapshot()
        while len(self.copies) > _COPIES:
            await self.copies.pop(next(iter(self.copies))).discard()
        return name

    async def go_on(self, snapshot: str) -> None:
        """Nobody else changes the copy meanwhile."""

    async def stop(self, snapshot: str) -> None:
        """Nobody else changes the copy afterwards."""

    async def undo(self, snapshot: str, spawned: Sequence[str], *, force: bool) -> Undone:
        """Put all of the copy back.

        Raises:
            UsageError: it is not kept.
        """
        if snapshot not in self.copies:
            raise UsageError(
                "the copy of the folder as it was before the turn is not, or no longer, kept; "
                "nothing was changed"
            )
        await self.sandbox.restore(self.copies[snapshot])
        return Undone()
