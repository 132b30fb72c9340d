"""A folder of skills, and a box that sees them."""

import json
from pathlib import Path
from typing import Any

import pytest

from graph_agents.skilled.opening import skilled_box
from graph_agents.skilled.skillset import Skillset
from graph_agents.skilled.sources import folder_source

SCRIPT: dict[str, Any] = {
    "name": "shout",
    "description": "Say it loudly.",
    "run": ["python3", "scripts/shout.py", "{words}"],
    "parameters": {"words": {"type": "string", "description": "What to say."}},
    "readOnly": True,
}


def write_skill(root: Path, name: str, body: str = "Do it well.", **extra: str) -> Path:
    folder = root / name
    (folder / "scripts").mkdir(parents=True, exist_ok=True)
    header = [f"name: {name}", f"description: How to do {name} work.", *extra.values()]
    (folder / "SKILL.md").write_text("\n".join(["---", *header, "---", body, ""]))
    (folder / "scripts/shout.py").write_text("import sys\nprint(sys.argv[1].upper())\n")
    return folder


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    root = tmp_path / "my-skills"
    scripts = f"metadata:\n  clawgym-scripts: {json.dumps(json.dumps([SCRIPT]))}"
    write_skill(root, "bake", "Preheat {baseDir}.")
    write_skill(root, "shouting", "Use shouting__shout.", metadata=scripts)
    write_skill(root, "secretive", hidden="disable-model-invocation: true")
    write_skill(root, "internal", hidden="user-invocable: false")
    return root


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def opened(backend, workspace, skills):
    """Makes a skillset over the folder: `async with opened(trusted=True) as (skillset, box)`."""
    import contextlib

    @contextlib.asynccontextmanager
    async def open_it(*, trusted: bool = False, source=None, **options):
        source = source or folder_source(skills, trusted=trusted)
        async with skilled_box(backend, source, folder=workspace) as box:
            yield Skillset(source, box.sandbox, box.shelf, **options), box.sandbox

    return open_it
