"""One box from its creation to its removal."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from clawgym.sandbox.protocol import Backend, BoxSpec, Sandbox


@asynccontextmanager
async def box(backend: Backend, spec: BoxSpec) -> AsyncGenerator[Sandbox]:
    """A new box that is gone, with everything in it, when the block ends.

    Raises:
        SandboxError: the box cannot be made or removed.
    """
    sandbox = await backend.create(spec)
    try:
        yield sandbox
    finally:
        await sandbox.close()
