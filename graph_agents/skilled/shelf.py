"""The folder that a sandbox sees as its skills: one folder a skill, written when it is needed."""

import shutil
from collections.abc import Collection
from pathlib import Path

from clawgym.files import Files

_HIDDEN = ".incoming"


class Shelf:
    """A directory on the host, mounted read-only into a box as `skills`.

    Under bubblewrap and the local backend what is put here later appears in the box at once. Other
    backends copy mounts when a box is made; see `opening`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._held: dict[str, str] = {}

    def put(self, public: str, files: Files) -> None:
        """Have a skill's files at `skills/PUBLIC`; a revision that stands there is replaced."""
        digest = files.digest
        if self._held.get(public) == digest:
            return
        incoming, place = self.directory / _HIDDEN, self.directory / public
        shutil.rmtree(incoming, ignore_errors=True)
        files.write_to(incoming)
        if public in self._held:
            shutil.rmtree(place)
        incoming.rename(place)
        self._held[public] = digest

    @property
    def held(self) -> Collection[str]:
        """The skills that are here, by their folders."""
        return self._held.keys()
