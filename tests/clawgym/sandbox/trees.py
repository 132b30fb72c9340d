"""Trees for the suites of copies and snapshots: generated ones, and an independent way to look."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

SOME_TIME = 1_600_000_000_123_456_789
ORDINARY_USER = 65534


@dataclass(frozen=True)
class Regular:
    data: bytes
    hole_before: int = 0
    mode: int = 0o644
    mtime_ns: int = SOME_TIME


@dataclass(frozen=True)
class Link:
    text: bytes
    mtime_ns: int = SOME_TIME


@dataclass(frozen=True)
class OtherName:
    """Another name of some regular file that was made before."""

    which: int


@dataclass(frozen=True)
class Folder:
    entries: "Mapping[bytes, Regular | Link | OtherName | Folder]" = field(default_factory=dict)
    mode: int = 0o755
    mtime_ns: int = SOME_TIME


NAMES = st.binary(min_size=1, max_size=6).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)
MODES = st.integers(0, 0o777)
TIMES = st.integers(0, 2**31 * 10**9)
TEXTS = st.one_of(
    st.sampled_from([b"..", b".", b"/etc/passwd", b"../../outside", b"a", b"loop/loop"]), NAMES
)
LEAVES = st.one_of(
    st.builds(Regular, st.binary(max_size=100), st.sampled_from([0, 0, 1 << 16]), MODES, TIMES),
    st.builds(Link, TEXTS, TIMES),
    st.builds(OtherName, st.integers(0, 9)),
)
FOLDERS = st.recursive(
    st.builds(Folder, st.just({}), MODES, TIMES),
    lambda folders: st.builds(
        Folder, st.dictionaries(NAMES, st.one_of(LEAVES, folders), max_size=5), MODES, TIMES
    ),
    max_leaves=6,
)
TREES = st.builds(Folder, st.dictionaries(NAMES, st.one_of(LEAVES, FOLDERS), max_size=6))


def build(tree: Folder, place: Path) -> None:
    """Make the tree's entries in an existing directory; names that are taken are left alone."""
    made: list[bytes] = []
    folders: list[tuple[bytes, Folder]] = []
    _build(tree, os.fsencode(place), made, folders)
    for path, folder in folders:  # the inner ones come first; before, they may still be needed
        os.chmod(path, folder.mode)
        os.utime(path, ns=(folder.mtime_ns, folder.mtime_ns))


def _build(
    folder: Folder, path: bytes, made: list[bytes], folders: list[tuple[bytes, Folder]]
) -> None:
    for name, node in folder.entries.items():
        target = path + b"/" + name
        if os.path.lexists(target):
            continue
        match node:
            case Folder():
                os.mkdir(target)
                _build(node, target, made, folders)
                folders.append((target, node))
            case Link():
                os.symlink(node.text, target)
                os.utime(target, ns=(node.mtime_ns, node.mtime_ns), follow_symlinks=False)
            case OtherName() if made:
                os.link(made[node.which % len(made)], target)
            case OtherName():
                pass
            case Regular():
                with open(target, "wb") as stream:
                    stream.seek(node.hole_before)
                    stream.write(node.data)
                    stream.truncate()
                os.chmod(target, node.mode)
                os.utime(target, ns=(node.mtime_ns, node.mtime_ns))
                made.append(target)


@contextmanager
def opened_up(path: bytes) -> Generator[None]:
    """Make a file or directory accessible for a moment."""
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    os.chmod(path, mode | 0o700)
    try:
        yield
    finally:
        os.chmod(path, mode)


Entry = tuple[object, ...]


def look(place: Path) -> dict[bytes, Entry]:
    """Everything below a directory, by path: type, mode, time, content, and which names are one."""
    found: dict[bytes, Entry] = {}
    first_names: dict[int, bytes] = {}
    _look(os.fsencode(place), b"", found, first_names)
    return found


def _look(
    root: bytes, prefix: bytes, found: dict[bytes, Entry], first_names: dict[int, bytes]
) -> None:
    for name in sorted(os.listdir(root + b"/" + prefix)):
        relative = prefix + name
        path = root + b"/" + relative
        info = os.lstat(path)
        same: Entry = (stat.S_IFMT(info.st_mode), info.st_mtime_ns)
        mode = stat.S_IMODE(info.st_mode)
        if stat.S_ISLNK(info.st_mode):
            found[relative] = (*same, os.readlink(path))
        elif stat.S_ISDIR(info.st_mode):
            found[relative] = (*same, mode)
            with opened_up(path):
                _look(root, relative + b"/", found, first_names)
        elif stat.S_ISREG(info.st_mode):
            with opened_up(path), open(path, "rb") as stream:
                data = stream.read()
            found[relative] = (*same, mode, data, first_names.setdefault(info.st_ino, relative))
        else:
            found[relative] = same


@contextmanager
def place() -> Generator[Path]:
    """A temporary directory that goes away whatever is in it; pytest's own would not always."""
    directory = Path(tempfile.mkdtemp(prefix="clawgym-tree-"))
    try:
        yield directory
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", "--", directory], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", "--", directory], check=True)


@contextmanager
def opened(directory: Path) -> Generator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def as_ordinary_user(*directories: Path) -> Generator[None]:
    """Be somebody whom permissions concern, the owner of these empty directories."""
    if os.geteuid() != 0:
        yield
        return
    for directory in directories:
        shutil.chown(directory, ORDINARY_USER, ORDINARY_USER)
        directory.parent.chmod(0o755)
    os.seteuid(ORDINARY_USER)
    try:
        yield
    finally:
        os.seteuid(0)


def make_deep(directory: int, depth: int) -> None:
    """`d/d/d/…`, with a file `f` at the bottom."""
    current = os.dup(directory)
    for _ in range(depth):
        os.mkdir("d", dir_fd=current)
        deeper = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=current)
        os.close(current)
        current = deeper
    os.close(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=current))
    os.close(current)


def depth_of(directory: int) -> int:
    """How deep `d/d/d/…` goes until there is an `f`."""
    current, depth = os.dup(directory), 0
    while "f" not in os.listdir(current):
        deeper = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=current)
        os.close(current)
        current, depth = deeper, depth + 1
    os.close(current)
    return depth
