"""The commands that start our servers, as they are written into a client's settings."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcp_servers.workspace_server import existing_directory

ServerKind = Literal["skills", "workspace"]
NAMES: dict[ServerKind, str] = {"skills": "clawgym-skills", "workspace": "clawgym-workspace"}


@dataclass(frozen=True)
class Launch:
    """A program and its arguments; clients start it and talk over its standard streams."""

    command: str
    args: tuple[str, ...]


def launches(
    kinds: Sequence[ServerKind],
    directory: Path,
    *,
    catalog: Path | None = None,
    skills: str | None = None,
    read_only: bool = False,
) -> dict[str, Launch]:
    """How to start the servers, by the name that a client shows.

    All paths are absolute: a client starts programs wherever it likes. No secret is in them.

    Raises:
        UsageError: there is no such directory.
    """
    options = [
        *(["--catalog", str(catalog.absolute())] if catalog and catalog.is_file() else []),
        *(["--skills", skills] if skills else []),
    ]
    arguments: dict[ServerKind, list[str]] = {
        "skills": ["skills", *options],
        "workspace": [
            "workspace",
            str(existing_directory(directory)),
            *(["--read-only"] if read_only else []),
            *options,
        ],
    }
    start = ("-m", "clawgym", "mcp")
    return {NAMES[kind]: Launch(sys.executable, (*start, *arguments[kind])) for kind in kinds}
