"""Workspaces as they were before each turn, so that a whole turn can be undone.

A snapshot is a list of entries and the digests of their contents; contents are stored once each,
so a snapshot of an unchanged workspace costs its list. When the turn stops, what it has changed is
noted beside it, by digest. In the directory of all this, for a snapshot NAME:

    NAME.json      the workspace before the turn
    NAME.legs      when the turn was at work, and what it changed; one JSON object a line
    NAME.undone    what was overwritten when the turn was undone
    contents       files by the digest of what is in them
"""

import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import ClawGymError, UsageError
from graph_agents.control.replacing import replace, set_aside
from graph_agents.control.reversing import Leg, Reversal, reversal
from graph_agents.control.scanning import Entry, Scan, Walk, differences, digest, opened
from graph_agents.parts import Undone

_CHUNK = 1 << 20
_NAMED = 10
"""How many files a message names at most."""

log = logging.getLogger(__name__)


class KeptWorkspaces:
    """Snapshots of workspaces in one directory of ours. Everything here blocks.

    Args:
        home: where they are kept; made when it is first needed.
        most_bytes: the largest workspace that is kept.
        keep: how many snapshots of a workspace are kept, and some more; the oldest go first.
        journal: the file that they belong to. Like `home`, it is no part of a workspace that it
            lies in.
    """

    def __init__(
        self,
        home: Path,
        *,
        most_bytes: int = 2 * 1024**3,
        keep: int = 100,
        journal: Path | None = None,
    ) -> None:
        self.home = home
        self._own = (home, journal) if journal else (home,)
        self._contents = home / "contents"
        self._most_bytes = most_bytes
        self._keep = keep
        self._last: dict[str, tuple[str, Scan]] = {}
        self._working: dict[str, Scan] = {}

    def take(self, workspace: Path) -> str:
        """Keep what is there before a turn, which begins to work now.

        FIFOs, sockets and devices are left out, and so is what may not be read.

        Returns:
            The name of the snapshot.

        Raises:
            UsageError: the workspace is larger than may be kept, or there is no room; nothing of it
                stays.
        """
        taken, place = time.time_ns(), str(workspace.resolve())
        name = f"{taken:020d}-{_short(place)}-{secrets.token_hex(4)}"
        try:
            self._contents.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked():
                scan = self._kept(workspace, taken)
                write_atomic(self.home / f"{name}.json", scan.model_dump_json().encode())
                self._note(name, Leg(begun=taken))
        except OSError as error:
            self._sweep()
            raise UsageError(
                f"cannot keep {workspace} as it is: {error}; make room, or work without undo "
                "(--no-undo)"
            ) from error
        except UsageError:
            self._sweep()
            raise
        self._last[place] = name, scan
        self._working[name] = scan
        self._prune(place)
        return name

    def go_on(self, snapshot: str, workspace: Path) -> None:
        """Note that the turn of a snapshot, which was stopped, works again."""
        if not self._path(snapshot).exists():
            return
        with self._logged(snapshot):
            scan = self._scan(workspace, self._known(workspace))
            self._working[snapshot] = scan
            self._note(snapshot, Leg(begun=scan.taken))

    def stop(self, snapshot: str, workspace: Path) -> None:
        """Note what the turn of a snapshot has changed since it began to work."""
        begun = self._working.pop(snapshot, None)
        if begun is None or not self._path(snapshot).exists():
            return
        with self._logged(snapshot):
            now = self._scan(workspace, begun)
            touched = differences(begun, now)
            self._note(snapshot, Leg(begun=begun.taken, ended=now.taken, touched=touched))

    def undo(
        self, snapshot: str, spawned: Sequence[str], workspace: Path, *, force: bool = False
    ) -> Undone:
        """Put back what a turn has changed, and leave alone what it has not.

        Args:
            snapshot: of the turn.
            spawned: the snapshots of what ran for it, if there are any.
            workspace: the folder.
            force: put back also what was changed since by somebody else.

        Raises:
            UsageError: there is no such snapshot (any more), or somebody else has changed what the
                turn has changed; nothing was changed.
            ClawGymError: what is needed is damaged, and nothing was changed; or something cannot be
                put back: run it again after what the message names.
        """
        before = self._read(snapshot)
        try:
            with self._locked():
                now = self._scan(workspace, before)
                mine = [snapshot, *spawned]
                legs = [leg for name in mine for leg in self._legs(name)]
                found = reversal(before, now, legs, self._others(snapshot, mine))
                self._check(found, force=force)
                return self._reverse(snapshot, found, now, workspace)
        except OSError as error:
            raise ClawGymError(
                f"cannot put {workspace} back: {error}; nothing that is kept is lost, try again"
            ) from error

    def forget(self, snapshots: Iterable[str]) -> None:
        """Remove snapshots, and the contents that no other needs."""
        for name in snapshots:
            for path in (self._path(name), self.home / f"{name}.legs"):
                path.unlink(missing_ok=True)
            shutil.rmtree(self.home / f"{name}.undone", ignore_errors=True)
        self._sweep()

    def _kept(self, workspace: Path, taken: int) -> Scan:
        """A scan with all contents stored; sizes are added up before anything is copied."""
        walk = Walk(workspace, self._known(workspace), self._ours_in(workspace))
        walk.run()
        if walk.bytes > self._most_bytes:
            raise UsageError(self._too_large(workspace))
        left = self._most_bytes - walk.bytes + sum(each.size for each in walk.unread)

        def store(source: int) -> str:
            nonlocal left
            content, size = self._store(source, left)
            left -= size
            if left < 0:  # it has grown meanwhile
                raise UsageError(self._too_large(workspace))
            return content

        walk.read(store)
        return walk.scan(taken)

    def _known(self, workspace: Path) -> Scan | None:
        """The last snapshot; once it is forgotten, its contents may be gone."""
        name, scan = self._last.get(str(workspace.resolve()), ("", None))
        return scan if self._path(name).exists() else None

    def _too_large(self, workspace: Path) -> str:
        return (
            f"{workspace} holds more than {self._most_bytes / 1024**3:g} GiB, which is too much to "
            "keep before each turn; work without undo (--no-undo), or in a smaller folder"
        )

    def _store(self, source: int, most: int) -> tuple[str, int]:
        draft, size = self._contents / f".{secrets.token_hex(8)}", 0
        found = hashlib.sha256()
        try:
            with draft.open("xb") as writer:
                while size <= most and (chunk := os.read(source, _CHUNK)):
                    found.update(chunk)
                    size += writer.write(chunk)
            content = found.hexdigest()
            if size <= most and not self._sound(content, size):
                draft.rename(self._contents / content)
            return content, size
        finally:
            draft.unlink(missing_ok=True)

    def _sound(self, content: str, size: int) -> bool:
        """Whether a content is stored, as far as its size tells."""
        try:
            return (self._contents / content).stat().st_size == size
        except FileNotFoundError:
            return False

    def _scan(self, workspace: Path, known: Scan | None) -> Scan:
        """What is there now; nothing is stored."""
        taken, walk = time.time_ns(), Walk(workspace, known, self._ours_in(workspace))
        walk.run()
        walk.read(digest)
        return walk.scan(taken)

    def _check(self, found: Reversal, *, force: bool) -> None:
        """Refuse before the first change what must not be done, or cannot."""
        if found.contested and not force:
            reasons = sorted(set(found.contested.values()))
            said = "; ".join(
                f"{reason}: {named(path for path, why in found.contested.items() if why == reason)}"
                for reason in reasons
            )
            raise UsageError(
                f"not undone, nothing was touched; what the turn changed {said}; --force puts back "
                "the state before the turn nevertheless, and keeps what stands there now aside"
            )
        damaged = [path for path, entry in found.wanted.items() if entry and self._damaged(entry)]
        if damaged:
            raise ClawGymError(
                f"not undone: what was kept of {named(damaged)} in {self._contents} is damaged or "
                "missing; nothing was changed"
            )

    def _ours_in(self, workspace: Path) -> tuple[str, ...]:
        root = workspace.resolve()
        places = [place.resolve() for place in self._own]
        return tuple(
            place.relative_to(root).as_posix() for place in places if root in place.parents
        )

    def _damaged(self, entry: Entry) -> bool:
        if entry.kind != "file":
            return False
        try:
            with (self._contents / entry.content).open("rb") as stream:
                return digest(stream.fileno()) != entry.content
        except FileNotFoundError:
            return True

    def _reverse(self, snapshot: str, found: Reversal, now: Scan, workspace: Path) -> Undone:
        aside = self.home / f"{snapshot}.undone" / f"{time.time_ns():020d}"
        with opened(workspace) as root:
            kept = set_aside(root, found.wanted, now.entries, aside)
            replace(root, found.wanted, now.entries, self._contents)
        return Undone(
            restored=tuple(sorted(path for path, entry in found.wanted.items() if entry)),
            removed=tuple(sorted(path for path, entry in found.wanted.items() if not entry)),
            kept_in=aside if kept else None,
        )

    def _path(self, snapshot: str) -> Path:
        return self.home / f"{snapshot}.json"

    def _read(self, snapshot: str) -> Scan:
        try:
            return Scan.model_validate_json(self._path(snapshot).read_bytes())
        except (OSError, ValidationError) as error:
            raise UsageError(
                f"the folder as it was before the turn ({snapshot}) is not, or no longer, kept in "
                f"{self.home}; nothing was changed"
            ) from error

    def _note(self, snapshot: str, leg: Leg) -> None:
        with (self.home / f"{snapshot}.legs").open("a", encoding="utf-8") as stream:
            stream.write(f"{leg.model_dump_json()}\n")

    def _legs(self, snapshot: str) -> list[Leg]:
        """The legs of a turn; the line that was written at a leg's end is the one that counts."""
        try:
            lines = (self.home / f"{snapshot}.legs").read_bytes().splitlines()
            legs = [Leg.model_validate_json(line) for line in lines]
        except (OSError, ValidationError):
            return [Leg(begun=0)]  # nobody knows
        return list({leg.begun: leg for leg in legs}.values())

    def _others(self, snapshot: str, mine: Sequence[str]) -> Iterator[Leg]:
        """What others have done in the same workspace since the turn began."""
        began, place, *_ = snapshot.split("-")
        for path in self.home.glob(f"*-{place}-*.legs"):
            if path.stem not in mine and path.stat().st_mtime_ns >= int(began):
                yield from self._legs(path.stem)

    @contextmanager
    def _logged(self, snapshot: str) -> Generator[None]:
        """A turn shall not fail because its end cannot be noted: it needs `force` to be undone."""
        try:
            yield
        except OSError as error:
            log.warning("what the turn changes cannot be noted (%s): %s", snapshot, error)

    @contextmanager
    def _locked(self, *, alone: bool = False) -> Generator[None]:
        """Contents are removed by one process while no other is storing or reading any."""
        with (self.home / ".lock").open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

    def _prune(self, place: str) -> None:
        """Remove the oldest snapshots of a workspace, a batch of them at a time."""
        mine = sorted(path.stem for path in self.home.glob(f"*-{_short(place)}-*.json"))
        if len(mine) > self._keep + self._keep // 4:
            self.forget(mine[: -self._keep])

    def _sweep(self) -> None:
        """Remove the contents that no snapshot refers to."""
        if not self._contents.is_dir():
            return
        with self._locked(alone=True):
            needed = {content for path in self.home.glob("*.json") for content in _named_in(path)}
            for content in self._contents.iterdir():
                if content.name not in needed:
                    content.unlink(missing_ok=True)


def named(paths: Iterable[str]) -> str:
    """Some of the paths, and how many there are besides."""
    found = sorted(paths)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _named_in(path: Path) -> set[str]:
    """The contents that a snapshot refers to; one that cannot be read is of no use to anybody."""
    try:
        scan = Scan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return set()
    return {entry.content for entry in scan.entries.values() if entry.kind == "file"}


def _short(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:12]
