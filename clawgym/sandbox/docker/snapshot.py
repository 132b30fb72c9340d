"""A container's workspace as it once was, kept in a file on this host."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import SandboxError
from clawgym.sandbox._home import box_home
from clawgym.sandbox.docker.channel import BoxChannel, request
from clawgym.sandbox.docker.trees import DEEPEST
from clawgym.sandbox.docker.wire import CHUNK, LEFT_OUT, Record, RecordReader

_ENTRIES = 1_000_000


@dataclass(frozen=True)
class DockerSnapshot:
    """Modes, times, links and FIFOs included; sockets are not, hard links become copies."""

    file: Path

    @classmethod
    async def take(cls, channel: BoxChannel, root: str) -> "DockerSnapshot":
        """Copy the tree out of the container.

        Raises:
            SandboxError: something in it cannot be kept.
            OSError: the disk here is full, or the workspace cannot be read.
            ChannelLostError: the channel gets closed.
        """
        descriptor, name = tempfile.mkstemp(prefix="snapshot-", dir=box_home().path)
        snapshot = cls(Path(name))
        try:
            with os.fdopen(descriptor, "wb") as stream:
                await channel.call(
                    request("walk", root=root, depth=DEEPEST, limit=_ENTRIES, whole=True),
                    on_data=stream.write,
                )
            snapshot.check()
        except BaseException:
            await snapshot.discard()
            raise
        return snapshot

    def check(self) -> None:
        """Make sure that nothing was left out.

        Raises:
            SandboxError: something was.
        """
        reader = RecordReader(contents=True)
        for piece in self.pieces():
            for part in reader.feed(piece):
                if isinstance(part, Record) and part.kind == LEFT_OUT:
                    path, reason = part.path.decode(errors="backslashreplace"), part.extra.decode()
                    raise SandboxError(f"the workspace cannot be kept: {path[-200:]} ({reason})")

    def require(self) -> None:
        """Make sure that it is still there.

        Raises:
            SandboxError: it has been discarded.
        """
        if not self.file.exists():
            raise SandboxError("that snapshot has been discarded")

    def pieces(self) -> Iterator[bytes]:
        """What to send into a container, piece by piece."""
        with open(self.file, "rb") as stream:
            while piece := stream.read(CHUNK):
                yield piece

    async def discard(self) -> None:
        """Remove it; twice is fine."""
        self.file.unlink(missing_ok=True)
