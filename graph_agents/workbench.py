"""A box around a folder of the user's, with skills beside it."""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from clawgym.sandbox import Backend, BoxSpec, Sandbox, box, scratch_directory
from clawgym_skills.skill import Skill
from graph_agents.prompting import SKILLS


@contextlib.asynccontextmanager
async def workbench(
    folder: Path, skills: Sequence[Skill], backend: Backend
) -> AsyncGenerator[Sandbox]:
    """A sandbox whose workspace is `folder` itself, live, and that sees exactly these skills.

    Raises:
        SandboxError: this machine cannot make the box.
    """
    with scratch_directory() as mounted:
        for skill in skills:
            skill.files.write_to(mounted / skill.id)
        spec = BoxSpec(mounts={SKILLS: mounted}, workspace_dir=folder)
        async with box(backend, spec) as sandbox:
            yield sandbox
