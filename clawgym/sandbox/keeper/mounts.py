"""What a box's workspace and mounts are made of, in a mount namespace of their own.

The process that becomes bubblewrap makes them, at the same places for every box. The keeper's own
namespace stays small, however many boxes there are: bubblewrap copies the table of mounts, and
reads it a dozen times.
"""

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from clawgym.sandbox.keeper import linux

KEEP = "/sys"
"""Where the keeper mounts what boxes are made of. Nobody in its namespace needs the real one."""

KEPT_WORKSPACE = f"{KEEP}/ws"
"""Where bubblewrap finds the workspace of its box."""

KEPT_MOUNTS = f"{KEEP}/m"
"""Where bubblewrap finds the mounts of its box, each by its name."""

KEPT_TEMPORARY = f"{KEEP}/t"
"""Where bubblewrap finds the temporary directories of its box, each by its name."""

_LAYERS = f"{KEEP}/layers"
_FLAGS = linux.MS_NOSUID | linux.MS_NODEV
_BYTES_A_FILE = 4096
_CANNOT_LEND = (
    "{}: its file system cannot translate owners, which boxes of root need; keep the workspace on "
    "another one (ext4, xfs or btrfs, or tmpfs from Linux 6.3 on), or use an ordinary user"
)


@dataclass(frozen=True)
class BoxRequest:
    """What a box is made of. `kind` is `tmpfs`, `overlay` or `bind`; sizes are in bytes.

    `writable` names the mounts that are not read-only; `temporary` gives each temporary directory's
    size by its name.
    """

    kind: str
    source: str
    bytes: int
    files: int
    mounts: Sequence[tuple[str, str]]
    writable: Sequence[str]
    temporary: Mapping[str, int]
    limits: dict[str, float]

    @property
    def sources(self) -> list[str]:
        """The host's directories that it shows."""
        return [source for _, source in self.mounts] + ([self.source] if self.source else [])


def make_places(request: BoxRequest) -> None:
    """Make the directories that `mount_all` mounts on; all boxes use the same ones."""
    for place in (
        KEPT_WORKSPACE,
        KEPT_MOUNTS,
        KEPT_TEMPORARY,
        _LAYERS,
        *(f"{KEPT_MOUNTS}/{name}" for name, _ in request.mounts),
        *(f"{KEPT_TEMPORARY}/{name}" for name in request.temporary),
    ):
        with suppress(FileExistsError):
            os.mkdir(place, 0o711)


def mount_all(request: BoxRequest, user: int | None, id_maps: Mapping[str, int]) -> int:
    """Enter a new mount namespace and mount everything there.

    Args:
        request: what to mount.
        user: the host's uid that the box runs as; None for our own.
        id_maps: for the sources that belong to somebody else, a user namespace that says otherwise.

    Returns:
        A descriptor of the workspace.
    """
    linux.unshare(linux.CLONE_NEWNS)
    for name, source in request.mounts:
        _show(source, f"{KEPT_MOUNTS}/{name}", id_maps.get(source), name in request.writable, user)
    for name, size in request.temporary.items():  # bubblewrap's own have no limit of files
        options = f"size={size},nr_inodes={size // _BYTES_A_FILE},mode=1777"
        linux.mount("tmpfs", f"{KEPT_TEMPORARY}/{name}", "tmpfs", _FLAGS, options)
    match request.kind:
        case "bind":
            if not _lend(request.source, KEPT_WORKSPACE, id_maps.get(request.source)):
                raise OSError(errno.EINVAL, _CANNOT_LEND.format(request.source))
        case "tmpfs":
            linux.mount("tmpfs", KEPT_WORKSPACE, "tmpfs", _FLAGS, _size(request, user))
        case _:
            _mount_overlay(request, user, id_maps.get(request.source))
    return os.open(KEPT_WORKSPACE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _lend(source: str, target: str, id_map: int | None) -> bool:
    """Show a tree as the box's user's own; False where its file system cannot translate owners.

    tmpfs cannot before Linux 6.3, nor can the overlay that is a container's root.
    """
    try:
        linux.bind(source, target, id_map)
    except OSError as error:
        if id_map is None or error.errno != errno.EINVAL:
            raise
        return False
    return True


def _show(source: str, target: str, id_map: int | None, writable: bool, user: int | None) -> None:
    """Mount one of the host's directories; where owners stay, what everybody may read is read."""
    if not _lend(source, target, id_map):
        linux.bind(source, target)
        if writable:
            _give(target, user)


def _give(top: str, user: int | None) -> None:
    """Make the box's user the owner of a tree."""
    for place, folders, names in os.walk(top):
        for name in ("", *folders, *names):
            os.lchown(os.path.join(place, name), *_ids(user))


def _size(request: BoxRequest, user: int | None) -> str:
    uid, gid = _ids(user)
    return f"size={request.bytes},nr_inodes={request.files},mode=0755,uid={uid},gid={gid}"


def _mount_overlay(request: BoxRequest, user: int | None, id_map: int | None) -> None:
    linux.mount("tmpfs", _LAYERS, "tmpfs", _FLAGS, _size(request, user))
    for part in ("lower", "upper", "work"):
        os.mkdir(f"{_LAYERS}/{part}", 0o755)
        os.chown(f"{_LAYERS}/{part}", *_ids(user))
    if not _lend(request.source, f"{_LAYERS}/lower", id_map):
        linux.mount("tmpfs", KEPT_WORKSPACE, "tmpfs", _FLAGS, _size(request, user))
        shutil.copytree(request.source, KEPT_WORKSPACE, symlinks=True, dirs_exist_ok=True)
        _give(KEPT_WORKSPACE, user)
        return
    options = f"lowerdir={_LAYERS}/lower,upperdir={_LAYERS}/upper,workdir={_LAYERS}/work"
    if user is None:
        options += ",userxattr"
    linux.mount("overlay", KEPT_WORKSPACE, "overlay", _FLAGS, options)


def _ids(user: int | None) -> tuple[int, int]:
    return (os.getuid(), os.getgid()) if user is None else (user, user)
