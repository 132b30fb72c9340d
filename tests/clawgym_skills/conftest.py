"""Skills written into a temporary directory, the way an author would."""

from collections.abc import Callable
from pathlib import Path

import pytest

SkillWriter = Callable[..., Path]


@pytest.fixture
def write_skill(tmp_path: Path) -> SkillWriter:
    """Write `SKILL.md` and other files into `skills/<where>`; returns that directory."""

    def write(where: str, content: str | bytes, **others: str | bytes) -> Path:
        directory = tmp_path / "skills" / where
        for name, data in {"SKILL.md": content, **others}.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return directory

    return write


@pytest.fixture
def write_simple(write_skill: SkillWriter) -> SkillWriter:
    """Write a well-formed skill, named after its directory unless told otherwise."""

    def write(
        where: str, description: str = "Does a thing.", body: str = "# Thing\n", name: str = ""
    ) -> Path:
        name = name or where.rpartition("/")[2]
        return write_skill(where, f"---\nname: {name}\ndescription: {description}\n---\n{body}")

    return write
