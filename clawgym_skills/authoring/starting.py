"""A new skill: a folder that passes the linter from its first minute, to be filled in."""

import json
import re
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.files import File, Files

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST_NAME = 64
_MOST_DESCRIPTION = 1024
_DESCRIPTION = (
    "Say what {title} does in one sentence. Use when a person asks for it in these words."
)

_WITH_SCRIPT = (
    "Needs Python 3.9 or newer; works offline.",
    "2. Run `python3 {baseDir}/scripts/SCRIPT INPUT -o OUT.json`; see its `--help`.",
)
_WITHOUT_SCRIPT = (
    "Needs no program; works offline.",
    "2. Describe the work, one imperative sentence a step.",
)


def start_skill(
    parent: Path, name: str, description: str | None = None, *, with_script: bool = False
) -> Path:
    """Write a new skill into `parent/name`, wholly or not at all.

    Args:
        parent: where the folder goes; it is created if necessary.
        name: 1 to 64 lowercase letters, digits and single hyphens.
        description: what the skill does and when to use it; at most 1,024 characters.
        with_script: add a standard-library script, and a test of it.

    Returns:
        The new folder.

    Raises:
        UsageError: the name or the description is not one, or the folder exists.
    """
    if not _NAME.fullmatch(name) or len(name) > _MOST_NAME:
        raise UsageError(
            f"{name!r} is no name for a skill: use 1 to {_MOST_NAME} lowercase letters, digits "
            "and single hyphens, such as csv-report"
        )
    title = name.replace("-", " ")
    text = " ".join((description or _DESCRIPTION.format(title=title)).split())
    if not text or len(text) > _MOST_DESCRIPTION:
        raise UsageError(f"the description must have 1 to {_MOST_DESCRIPTION:,} characters")
    return _write(parent / name, _files(name, title.capitalize(), text, with_script=with_script))


def _files(name: str, title: str, description: str, *, with_script: bool) -> Files:
    script = f"{name.replace('-', '_')}_tool.py"
    values = {
        "name": name,
        "title": title,
        "description": json.dumps(description, ensure_ascii=False),
        "script": script,
        "compatibility": _WITH_SCRIPT[0] if with_script else _WITHOUT_SCRIPT[0],
        "step": (_WITH_SCRIPT[1] if with_script else _WITHOUT_SCRIPT[1]).replace("SCRIPT", script),
    }
    made = {"SKILL.md": File(_filled("SKILL.md", values))}
    if with_script:
        made[f"scripts/{script}"] = File(_filled("script.py", values), executable=True)
        made[f"tests/test_{script}"] = File(_filled("test_script.py", values))
    return Files(made)


def _filled(template: str, values: dict[str, str]) -> bytes:
    text = (files("clawgym_skills.authoring") / "templates" / f"{template}.txt").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text).encode()


def _write(directory: Path, made: Files) -> Path:
    if directory.exists():
        raise UsageError(f"{directory} exists; choose another name, or remove it first")
    directory.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".new-skill-", dir=directory.parent))
    try:
        made.write_to(staging)
        staging.chmod(0o755)
        staging.rename(directory)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return directory
