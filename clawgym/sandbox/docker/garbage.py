"""Containers whose harness no longer lives.

They hardly ever stay behind: process 1 ends with the harness, and Docker removes the container.
What is left are those that were made but never started, or outlived a crash of the daemon.
"""

import os
from pathlib import Path

from clawgym.sandbox._home import box_home, dead_homes
from clawgym.sandbox.docker.api import connect, default_socket

HOME_LABEL = "clawgym.home"
ROOT_LABEL = "clawgym.root"


def home_labels() -> dict[str, str]:
    """What marks a container as this process's own."""
    home = box_home().path
    return {HOME_LABEL: home.name, ROOT_LABEL: _identity(home.parent)}


def collect_containers(socket: str | None = None) -> int:
    """Remove the containers of processes of this user and machine that are dead; how many.

    Raises:
        SandboxUnsupportedError: there is no Docker to be asked.
        SandboxError: the daemon does not answer.
    """
    daemon = connect(socket or default_socket())
    root = box_home().path.parent
    found = daemon.labelled(f"{ROOT_LABEL}={_identity(root)}")
    dead = set(dead_homes())
    removed = 0
    for container in found:
        home = container["Labels"].get(HOME_LABEL, "")
        if home in dead or not (root / home).exists():
            daemon.remove(container["Id"])
            removed += 1
    return removed


def _identity(root: Path) -> str:
    """Tells directories of the same name apart: a daemon may serve harnesses in containers."""
    info = os.stat(root)
    return f"{root}:{info.st_dev}:{info.st_ino}"
