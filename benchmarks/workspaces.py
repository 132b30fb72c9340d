"""How long a workspace takes to make, to snapshot and restore, and to empty, in milliseconds.

    python benchmarks/workspaces.py --rounds 5 --places /tmp /dev/shm

For 20 files of 10 KB and 10,000 files of 4 KB, below each place: our copy beside
`shutil.copytree`, our clearing beside `shutil.rmtree`, `fill` beside `Files.write_to`, and, for
root, an overlay mount. The methods take turns in every round, so that a busy machine slows all
alike; the table shows medians, and the ratio to the standard library's way.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clawgym.files import Files
from clawgym.sandbox._home import remove_tree
from clawgym.sandbox._plan import workspace_plan
from clawgym.sandbox._snapshots import TreeSnapshot
from clawgym.sandbox._trees import can_reflink, clear_tree, copy_tree, fill

Timed = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Shape:
    files: int
    bytes_each: int

    @property
    def name(self) -> str:
        return f"{self.files:,} files of {self.bytes_each // 1000} KB"

    def build(self) -> Files:
        content = random.Random(7)
        folders = max(1, self.files // 50)
        return Files(
            {
                f"d{index % folders:03}/f{index:05}.txt": content.randbytes(self.bytes_each)
                for index in range(self.files)
            }
        )


SHAPES = (Shape(20, 10_000), Shape(10_000, 4_096))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--places", type=Path, nargs="+", default=[Path(tempfile.gettempdir())])
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {options.rounds} rounds")
    for place in options.places:
        for shape in SHAPES:
            _report(place, shape, options.rounds)


def _report(place: Path, shape: Shape, rounds: int) -> None:
    root = Path(tempfile.mkdtemp(prefix="clawgym-workspaces-", dir=place))
    try:
        files = shape.build()
        base = root / "base"
        base.mkdir()
        files.write_to(base)
        times = _measure(root, base, files, rounds)
        with _opened(root) as directory:
            reflink = "reflinks" if can_reflink(directory) else "no reflinks"
        plan = workspace_plan(base, overlay=os.geteuid() == 0, target=root)
        print(f"\n{shape.name} below {place} ({reflink}; plan: {plan})")
        for name, reference in ROWS:
            if name in times:
                ratio = f"  {times[reference] / times[name]:6.1f} x" if reference else ""
                print(f"  {name:<28}{times[name]:9.2f} ms{ratio}")
    finally:
        remove_tree(root)


ROWS = (
    ("shutil.copytree", ""),
    ("copy_tree", "shutil.copytree"),
    ("overlay mount", "shutil.copytree"),
    ("shutil.rmtree", ""),
    ("clear_tree", "shutil.rmtree"),
    ("overlay unmount", "shutil.rmtree"),
    ("Files.write_to", ""),
    ("fill", "Files.write_to"),
    ("snapshot", "shutil.copytree"),
    ("restore", ""),
)


def _measure(root: Path, base: Path, files: Files, rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {}

    def clock(name: str, action: Callable[[], object]) -> None:
        start = time.perf_counter()
        action()
        times.setdefault(name, []).append((time.perf_counter() - start) * 1000)

    for _ in range(rounds):
        _one_round(root, base, files, clock)
        if os.geteuid() == 0:
            _overlay_round(root, base, clock)
    return {name: statistics.median(values) for name, values in times.items()}


Clock = Callable[[str, Callable[[], object]], None]


def _one_round(root: Path, base: Path, files: Files, clock: Clock) -> None:
    theirs, ours = root / "theirs", root / "ours"
    clock("shutil.copytree", lambda: shutil.copytree(base, theirs, symlinks=True))
    clock("shutil.rmtree", lambda: shutil.rmtree(theirs))
    theirs.mkdir()
    clock("Files.write_to", lambda: files.write_to(theirs))
    shutil.rmtree(theirs)
    ours.mkdir()
    with _opened(base) as source, _opened(ours) as target:
        clock("copy_tree", lambda: copy_tree(source, target, owner=None))
        clock("clear_tree", lambda: clear_tree(target))
        clock("fill", lambda: fill(target, files, owner=None))
        snapshots: list[TreeSnapshot] = []
        clock("snapshot", lambda: snapshots.append(TreeSnapshot.take(target, place=root)))
        clock("restore", lambda: snapshots[0].restore(target, owner=None))
        clear_tree(target)
        remove_tree(snapshots[0].path)
    ours.rmdir()


def _overlay_round(root: Path, base: Path, clock: Clock) -> None:
    """An overlay over the base with its changes in a tmpfs, as a box would get it."""
    changes, merged = root / "changes", root / "merged"

    def mount() -> None:
        _run("mount", "-t", "tmpfs", "tmpfs", changes)
        (changes / "upper").mkdir()
        (changes / "work").mkdir()
        layers = f"lowerdir={base},upperdir={changes}/upper,workdir={changes}/work"
        _run("mount", "-t", "overlay", "overlay", "-o", layers, merged)

    def unmount() -> None:
        _run("umount", merged)
        _run("umount", changes)

    changes.mkdir(exist_ok=True)
    merged.mkdir(exist_ok=True)
    clock("overlay mount", mount)
    clock("overlay unmount", unmount)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


@contextmanager
def _opened(directory: Path) -> Generator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main()
