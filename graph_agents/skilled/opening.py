"""A box around a folder of the user's, with a shelf of skills that may grow while it is open."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

from clawgym.sandbox import Backend, BoxSpec, Sandbox, box, scratch_directory
from graph_agents.prompting import SKILLS
from graph_agents.skilled.listing import loaded
from graph_agents.skilled.offers import SkillSource
from graph_agents.skilled.shelf import Shelf

_PROBE = ".live"


@dataclass(frozen=True)
class SkilledBox:
    """An open box, and the shelf that it sees as its mount `skills`."""

    sandbox: Sandbox
    shelf: Shelf


@contextlib.asynccontextmanager
async def skilled_box(
    backend: Backend,
    source: SkillSource,
    spec: BoxSpec | None = None,
    *,
    folder: Path | None = None,
) -> AsyncGenerator[SkilledBox]:
    """Open a box whose workspace is `folder` itself, or as `spec` says.

    Where the backend shows what is put on the shelf later, skills are put there when they are
    wanted. Where it copies mounts, all eligible skills are there from the beginning.

    Raises:
        SandboxError: this machine cannot make the box.
    """
    async with _scratch() as directory:
        shelf = Shelf(directory)
        plan = spec or BoxSpec(workspace_dir=folder)
        mounts = replace(plan, mounts={**plan.mounts, SKILLS: directory})
        async with contextlib.AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(box(backend, mounts))
            if not await _is_live(sandbox, directory):
                await stack.aclose()
                usable = [offer for offer in source.offers() if not offer.refused]
                for offer, skill in loaded(source, usable):
                    shelf.put(offer.public, skill.files)
                sandbox = await stack.enter_async_context(box(backend, mounts))
            yield SkilledBox(sandbox, shelf)


@contextlib.asynccontextmanager
async def _scratch() -> AsyncGenerator[Path]:
    """A scratch directory whose making and removing holds up nobody on the same loop."""
    scratch = scratch_directory()
    directory = await asyncio.to_thread(scratch.__enter__)
    try:
        yield directory
    finally:
        await asyncio.to_thread(scratch.__exit__, None, None, None)


async def _is_live(sandbox: Sandbox, directory: Path) -> bool:
    """Whether the box sees a file that is written to the mount from outside."""
    probe = directory / _PROBE
    await asyncio.to_thread(probe.touch)
    try:
        result = await sandbox.exec(["test", "-e", f"{sandbox.place(SKILLS)}/{_PROBE}"])
        return result.exit_code == 0
    finally:
        await asyncio.to_thread(probe.unlink)
