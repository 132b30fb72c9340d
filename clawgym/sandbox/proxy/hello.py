"""The first message of a TLS client, read for the server name and nothing else (RFC 8446, 6066)."""

from typing import NamedTuple

ACCESS_DENIED = bytes.fromhex("15030300020231")
"""The alert record that tells a client why nobody answers."""

TLS_FIRST = b"\x16\x03"
"""How a handshake record begins, in every version since SSL 3."""

_CLIENT_HELLO = 1
_SERVER_NAME, _HOST_NAME = 0, 0
_ENCRYPTED = frozenset({0xFE0D, 0xFFCE})  # encrypted ClientHello, and its draft ancestor ESNI
_RECORD_HEADER = 5
_MESSAGE_HEADER = 4
_LONGEST_RECORD = 2**14
# Re-reading from the start at every piece must stay cheap, also when each piece is one byte.
_MOST_RECORDS = 8


class Hello(NamedTuple):
    """The server name, if the client says one; and whether it may hide another one."""

    name: str | None
    encrypted: bool


def read_hello(data: bytes) -> Hello | None:
    """Read a ClientHello from the first bytes of a connection; None while some are missing.

    Raises:
        ValueError: this is not TLS, or a ClientHello that two programs could read differently.
    """
    message = _first_message(data)
    return None if message is None else _read(_Cursor(message[_MESSAGE_HEADER:]))


def _first_message(data: bytes) -> bytes | None:
    message, offset = b"", 0
    for _ in range(_MOST_RECORDS):
        record = _record(data[offset:])
        if record is None:
            return None
        message += record
        offset += _RECORD_HEADER + len(record)
        if message[0] != _CLIENT_HELLO:
            raise ValueError("the first message is no ClientHello")
        wanted = _MESSAGE_HEADER + int.from_bytes(message[1:_MESSAGE_HEADER])
        if len(message) >= max(wanted, _MESSAGE_HEADER):
            if len(message) > wanted:
                raise ValueError("the ClientHello is not alone in its record")
            return message
    raise ValueError("the ClientHello is cut into too many records")


def _record(data: bytes) -> bytes | None:
    """The content of the first record, None while it is incomplete."""
    if not TLS_FIRST.startswith(data[:2]):
        raise ValueError("this is not TLS")
    if len(data) < _RECORD_HEADER:
        return None
    length = int.from_bytes(data[3:_RECORD_HEADER])
    if not 0 < length <= _LONGEST_RECORD:
        raise ValueError("a TLS record has an impossible length")
    content = data[_RECORD_HEADER : _RECORD_HEADER + length]
    return content if len(content) == length else None


class _Cursor:
    """Reads fields off the front of a message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def more(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        field = self._data[self._at : self._at + count]
        if len(field) < count:
            raise ValueError("the ClientHello ends too early")
        self._at += count
        return field

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def vector(self, width: int) -> bytes:
        """A field behind its length, which is a number of `width` bytes."""
        return self.take(self.number(width))


def _read(message: _Cursor) -> Hello:
    message.take(2 + 32)  # version, random
    message.vector(1)  # session
    message.vector(2)  # cipher suites
    message.vector(1)  # compression methods
    extensions = _extensions(_Cursor(message.vector(2))) if message.more else {}
    if message.more:
        raise ValueError("the ClientHello has a tail")
    name = extensions.get(_SERVER_NAME)
    return Hello(
        None if name is None else _server_name(_Cursor(name)), not _ENCRYPTED.isdisjoint(extensions)
    )


def _extensions(fields: _Cursor) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while fields.more:
        kind = fields.number(2)
        if kind in found:
            raise ValueError("the ClientHello repeats an extension")
        found[kind] = fields.vector(2)
    return found


def _server_name(extension: _Cursor) -> str:
    names = _Cursor(extension.vector(2))
    kind, name = names.number(1), names.vector(2)
    if kind != _HOST_NAME or names.more or extension.more:
        raise ValueError("the server name is not exactly one host name")
    return name.decode("ascii")
