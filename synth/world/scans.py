"""Pictures and print files in their smallest form that programs can open."""

import random
import struct
import zlib
from collections.abc import Sequence

_FLAT = 0
"""Pictures are not compressed, so that the same seed makes the same bytes anywhere."""

_CATEGORIES = 9
"""How many bits the difference between two blocks of a JPEG has, and no difference."""


def png(rng: random.Random) -> bytes:
    """A few grey pixels as PNG."""
    width, height = rng.randint(4, 30), rng.randint(4, 30)
    rows = b"".join(b"\0" + rng.randbytes(width) for _ in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, _FLAT)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(rng: random.Random) -> bytes:
    """A few grey blocks of eight by eight pixels as JPEG."""
    columns, rows = rng.randint(4, 18), rng.randint(4, 18)
    frame = struct.pack(">BHHBBBB", 8, rows * 8, columns * 8, 1, 1, 0x11, 0)
    sizes = bytes([0, 0, 0, _CATEGORIES, *[0] * 12])  # as many codes of four bits
    ends = bytes([1, *[0] * 15])  # one code of one bit: the block ends here
    parts = (
        (0xE0, b"JFIF\0" + struct.pack(">BBBHHBB", 1, 1, 0, 1, 1, 0, 0)),
        (0xDB, b"\0" + bytes([8] * 64)),
        (0xC0, frame),
        (0xC4, b"\0" + sizes + bytes(range(_CATEGORIES))),
        (0xC4, b"\x10" + ends + b"\0"),
        (0xDA, b"\1\1\0\0\x3f\0"),
    )
    head = b"".join(
        bytes([0xFF, mark]) + struct.pack(">H", len(data) + 2) + data for mark, data in parts
    )
    return b"\xff\xd8" + head + _blocks(rng, columns * rows) + b"\xff\xd9"


def _blocks(rng: random.Random, count: int) -> bytes:
    """The grey of each block, as the difference from the one before."""
    bits, grey = list[str](), 0
    for _ in range(count):
        other = rng.randint(-100, 100)
        change, grey = other - grey, other
        size = abs(change).bit_length()
        said = change if change > 0 else change + (1 << size) - 1
        bits.append(f"{size:04b}" + (f"{said:0{size}b}" if size else "") + "0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))
    return data.replace(b"\xff", b"\xff\0")


def pdf(lines: Sequence[str]) -> bytes:
    """One page with these lines."""
    shown = [line.encode("cp1252", "replace") for line in lines]
    shown = [
        line.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") for line in shown
    ]
    text = (
        b"BT /F1 11 Tf 14 TL 60 780 Td\n"
        + b"".join(b"(%b) Tj T*\n" % line for line in shown)
        + b"ET\n"
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    page += b"/Resources << /Font << /F1 5 0 R >> >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%bendstream" % (len(text), text),
        font,
    )
    out, places = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\n" % (
        size,
        table,
        size,
    )
    return out + end + b"startxref\n%d\n%%%%EOF\n" % len(out)
