"""The text that pictures carry beside their pixels."""

import re
import struct
import zlib
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_MAX_TEXT = 64 * 1024
_MAX_CHUNKS = 2_000
_WORDS = re.compile(rb"[\x20-\x7e\n\r\t]{24,}")


def image_texts(data: bytes) -> Iterator[str]:
    """Comments and metadata of a PNG, JPEG or GIF, each at most 64 KiB; nothing of other data."""
    if data.startswith(_PNG):
        yield from _png_texts(data)
    elif data.startswith((b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
        head = data[: 4 * _MAX_TEXT] + data[-_MAX_TEXT:]
        yield from (found[0].decode("ascii") for found in _WORDS.finditer(head))


def _png_texts(data: bytes) -> Iterator[str]:
    at = len(_PNG)
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            yield _chunk_text(kind, data[at + 8 : at + 8 + min(size, _MAX_TEXT)])
        at += 12 + size
        if kind == b"IEND":
            trailing = data[at : at + _MAX_TEXT]
            yield from (found[0].decode("ascii") for found in _WORDS.finditer(trailing))
            return


def _chunk_text(kind: bytes, chunk: bytes) -> str:
    keyword, _, rest = chunk.partition(b"\0")
    if kind == b"zTXt":
        rest = _inflate(rest[1:])
    elif kind == b"iTXt":
        compressed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.partition(b"\0")[2].partition(b"\0")[2]
        rest = _inflate(rest) if compressed else rest
    return f"{keyword.decode('latin-1')}: {rest.decode('utf-8', errors='replace')}"


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MAX_TEXT)
    except zlib.error:
        return b""
