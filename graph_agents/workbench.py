"""A box around a folder of the user's, with skills beside it."""

import contextlib
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from clawgym.sandbox import Backend, BoxSpec, Sandbox, box
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
    with tempfile.TemporaryDirectory(prefix="clawgym-skills-") as mounted:
        for skill in skills:
            skill.files.write_to(Path(mounted, skill.id))
        spec = BoxSpec(mounts={SKILLS: Path(mounted)}, workspace_dir=folder)
        async with box(backend, spec) as sandbox:
            yield sandbox
