"""The regular files of a sealed container, under the same caps as `collect` has on this host."""

from dataclasses import dataclass, field

from clawgym.errors import SandboxError
from clawgym.files import File, Files
from clawgym.paths import check_relative
from clawgym.sandbox.collect import Caps
from clawgym.sandbox.docker.channel import BoxChannel, request
from clawgym.sandbox.docker.wire import (
    DIRECTORY,
    FIFO,
    FILE,
    LEFT_OUT,
    LINK,
    SOCKET,
    Record,
    RecordReader,
)
from clawgym.sandbox.protocol import Collected, Skipped

_KINDS = {LINK: "symlink", FIFO: "fifo", SOCKET: "socket"}


async def collect_from(channel: BoxChannel, root: str, caps: Caps | None = None) -> Collected:
    """What `collect` would say of that directory in the container; see there for the reasons.

    Raises:
        OSError: the directory itself cannot be read.
        SandboxError: the container sends nonsense.
        ChannelLostError: the channel gets closed.
    """
    selection = _Selection(caps or Caps())
    await channel.call(
        request("walk", root=root, depth=selection.caps.depth, limit=selection.caps.entries),
        on_data=selection.take,
    )
    fetching = _Fetching(selection.wanted, selection.caps.file_bytes)
    await channel.call(
        request("fetch", root=root, limit=selection.caps.file_bytes),
        send=(b"".join(record.path + b"\0" for record in selection.wanted),),
        on_data=fetching.take,
        on_item=fetching.finish,
    )
    return Collected(Files(fetching.files), (*selection.skipped, *fetching.skipped))


@dataclass
class _Selection:
    """Decides by names and sizes alone what is worth fetching."""

    caps: Caps
    wanted: list[Record] = field(default_factory=list[Record])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    total: int = 0
    _reader: RecordReader = field(default_factory=lambda: RecordReader(contents=False))

    def take(self, data: bytes) -> None:
        for record in self._reader.feed(data):
            if isinstance(record, Record) and record.kind != DIRECTORY:
                if reason := self._reason(record):
                    self.skipped.append(Skipped(_readable(record.path), reason))
                else:
                    self.wanted.append(record)
                    self.total += record.size

    def _reason(self, record: Record) -> str | None:
        if record.kind == LEFT_OUT:
            return record.extra.decode(errors="replace")
        if record.kind != FILE:
            return _KINDS.get(record.kind, "special")
        if not _is_safe(record.path):
            return "name"
        if len(self.wanted) >= self.caps.files:
            return "count"
        room = min(self.caps.file_bytes, self.caps.total_bytes - self.total)
        return "size" if record.size > room else None


class _Fetching:
    """Puts together the files as they come, one after the other."""

    def __init__(self, wanted: list[Record], file_bytes: int) -> None:
        self.files: dict[str, File] = {}
        self.skipped: list[Skipped] = []
        self._coming = iter(wanted)
        self._data = bytearray()
        self._file_bytes = file_bytes

    def take(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._file_bytes:
            raise SandboxError("the container sends more than was asked for")

    def finish(self, reason: str) -> None:
        record, data = next(self._coming), bytes(self._data)
        self._data.clear()
        if not reason and len(data) != record.size:
            reason = "raced"
        if reason:
            self.skipped.append(Skipped(_readable(record.path), reason))
        else:
            path = record.path.decode()
            self.files[path] = File(data, executable=bool(record.mode & 0o100))


def _is_safe(path: bytes) -> bool:
    try:
        check_relative(path.decode())
    except ValueError:  # a name that is no UTF-8 is a ValueError too
        return False
    return True


def _readable(path: bytes) -> str:
    return path.decode(errors="backslashreplace")
