"""A directory full of traps beside a secret, and the paths that try to lead to it."""

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SECRET = "the-secret-beside-the-workspace"
CHANGED = "changed-by-an-escape"


@dataclass(frozen=True)
class Traps:
    """`project` is served; `outside` must be neither read nor changed."""

    project: Path
    outside: Path

    @property
    def harm(self) -> dict[str, str]:
        """Every file outside, to compare."""
        return {
            str(path.relative_to(self.outside.parent)): path.read_text()
            for folder in (self.outside, self.project.parent / "project-evil")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


def lay(root: Path) -> Traps:
    """Make the directories, the links and the other traps."""
    project, outside, sibling = root / "project", root / "outside", root / "project-evil"
    for folder in (project / "sub/deep", outside / "folder", sibling):
        folder.mkdir(parents=True)
    for place in (outside / "secret.txt", outside / "folder/secret.txt", sibling / "secret.txt"):
        place.write_text(SECRET)
    (project / "notes.txt").write_text("notes\n")
    (project / "link.txt").symlink_to(outside / "secret.txt")
    (project / "relative.txt").symlink_to("../outside/secret.txt")
    (project / "chain.txt").symlink_to("link.txt")
    (project / "loop").symlink_to("loop")
    (project / "up").symlink_to("..")
    (project / "root").symlink_to("/")
    (project / "folder").symlink_to(outside)
    (project / "sub/deep/far").symlink_to("../../../outside")
    (project / "dangling.txt").symlink_to(outside / "new.txt")
    (project / "process").symlink_to("/proc/self/root")
    (project / "descriptors").symlink_to("/proc/self/fd")
    os.link(outside / "secret.txt", project / "hard.txt")
    os.link(outside / "folder/secret.txt", project / "sub/hard.txt")
    os.mkfifo(project / "fifo")
    return Traps(project, outside)


def hostile_paths(traps: Traps) -> dict[str, str]:
    """Paths by what they try. None may lead to the secret."""
    secret = traps.outside / "secret.txt"
    return {
        "dots": "../outside/secret.txt",
        "dots inside": "sub/../../outside/secret.txt",
        "dots after a link": "folder/../outside/secret.txt",
        "dots after nothing": "nowhere/../../outside/secret.txt",
        "many dots": "../" * 40 + str(secret).lstrip("/"),
        "absolute": str(secret),
        "absolute with two slashes": f"/{secret}",
        "absolute below the workspace": f"{traps.project}/../outside/secret.txt",
        "absolute below the box's workspace": "/workspace/../outside/secret.txt",
        "a sibling with the same prefix": "../project-evil/secret.txt",
        "an absolute sibling": f"{traps.project}-evil/secret.txt",
        "a link": "link.txt",
        "a relative link": "relative.txt",
        "a chain of links": "chain.txt",
        "a link to a directory": "folder/secret.txt",
        "a link to the parent": "up/outside/secret.txt",
        "a link to the root": f"root{secret}",
        "a deep link": "sub/deep/far/secret.txt",
        "a link to nothing yet": "dangling.txt",
        "a link into /proc": f"process{secret}",
        "a link to descriptors": "descriptors/0",
        "a hard link": "hard.txt",
        "a hard link in a folder": "sub/hard.txt",
        "a loop": "loop/secret.txt",
        "the process's root": f"/proc/self/root{secret}",
        "the process's directory": "/proc/self/cwd/../outside/secret.txt",
        "backslashes": "..\\outside\\secret.txt",
        "percent signs": "%2e%2e/outside/secret.txt",
        "percent signs twice": "%252e%252e/outside/secret.txt",
        "a null byte": "notes.txt\0/../../outside/secret.txt",
        "a line break": "notes.txt\n../outside/secret.txt",
        "wide dots": "\uff0e\uff0e/outside/secret.txt",
        "one-character dots": "\u2025/outside/secret.txt",
        "four dots": "....//outside/secret.txt",
        "a home": "~/../outside/secret.txt",
        "a URL": secret.as_uri(),
        "a short URL": f"file:{secret}",
        "a variable": "$PWD/../outside/secret.txt",
        "a space before": " ../outside/secret.txt",
        "the skills": "/skills/../outside/secret.txt",
    }


@contextmanager
def flipping(one: Callable[[], None], other: Callable[[], None]) -> Iterator[None]:
    """Change something back and forth as fast as possible, for a race."""
    stop = threading.Event()

    def flip() -> None:
        while not stop.is_set():
            one()
            other()

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def swapper(place: Path, target: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Put, in one step each, a real file or directory or a link to `target` at `place`."""
    real, fake = place.with_name("real"), place.with_name("fake")
    if target.is_dir():
        real.mkdir()
        (real / "secret.txt").write_text("harmless")
    else:
        real.write_text("harmless")
    fake.symlink_to(target)

    trash = place.parent / "trash"
    trash.mkdir()

    def show(source: Path) -> None:
        """Put it there for a moment; what a tool made there meanwhile is moved out of the way."""
        try:
            os.rename(source, place)
            os.rename(place, source)
        except OSError:
            with suppress(OSError):
                os.rename(place, trash / secrets.token_hex(8))

    return lambda: show(real), lambda: show(fake)
