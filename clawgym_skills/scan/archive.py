"""Looking into archives without unpacking them: bounded in depth, count, size and ratio."""

import bz2
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from clawgym_skills.scan.tree import Entry

_Member = TypeVar("_Member")

MAX_DEPTH = 3
MAX_MEMBERS = 1_000
MAX_UNPACKED = 16 * 1024**2
MAX_RATIO = 200
MIN_BOMB = 4 * 1024**2

_ENCRYPTED = 0x1
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_OPAQUE = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"MSCF\0\0\0\0")
_DOCUMENTS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".epub", ".jar", ".whl", ".apk", ".vsix")


@dataclass(frozen=True)
class Archive:
    """What is in an archive, and what is wrong with it as rule codes with a detail."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def is_archive(path: str, data: bytes) -> bool:
    """Whether the bytes are an archive that can be looked into, or one that nobody can."""
    head = data[:512]
    return (
        head.startswith((b"PK\x03\x04", b"PK\x05\x06", *_COMPRESSED, *_OPAQUE))
        or data[257:262] == b"ustar"
    ) and not path.lower().endswith((".svgz",))


def is_document(path: str) -> bool:
    """Whether an archive is what a document or package of this name consists of."""
    return path.lower().endswith(_DOCUMENTS)


def read_archive(data: bytes) -> Archive:
    """The members of an archive, read into memory within the limits; never raises."""
    if data.startswith(_OPAQUE):
        return Archive(problems=(("SC117", "an archive format that cannot be looked into"),))
    problems: list[tuple[str, str]] = []
    try:
        read = _zip if data.startswith(b"PK") else _tar
        return Archive(tuple(read(data, problems)), tuple(problems))
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        problems.append(("SC117", f"a damaged archive: {error}"))
    except (OSError, ValueError, NotImplementedError, RuntimeError, LookupError) as error:
        problems.append(("SC117", f"an archive that cannot be read: {error}"))
    return Archive(problems=tuple(problems))


def _zip(data: bytes, problems: list[tuple[str, str]]) -> Iterator[Entry]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > max(MIN_BOMB, MAX_RATIO * len(data)):
            problems.append(("SC109", f"{len(data):,} bytes that expand to {total:,}"))
            return
        left = MAX_UNPACKED
        for member in _limited(members, problems):
            if member.flag_bits & _ENCRYPTED:
                problems.append(("SC111", member.filename))
            elif not member.is_dir():
                entry = _zip_entry(archive, member, left)
                left -= len(entry.data)
                yield entry


def _zip_entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> Entry:
    mode = member.external_attr >> 16
    name = member.orig_filename or member.filename
    with archive.open(member) as stream:
        content = stream.read(max(0, left))
    if stat.S_ISLNK(mode):
        return Entry(name, "link", target=content.decode("utf-8", errors="replace")[:512])
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return Entry(name, "device", mode=stat.S_IMODE(mode))
    return Entry(name, "file", content, member.file_size, stat.S_IMODE(mode) or 0o644)


def _tar(data: bytes, problems: list[tuple[str, str]]) -> Iterator[Entry]:
    plain = _decompress(data, problems)
    if plain is None:
        return
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        for member in _limited(archive, problems):
            if entry := _tar_entry(archive, member):
                yield entry


def _tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry | None:
    if member.issym():
        return Entry(member.name, "link", target=member.linkname, mode=member.mode)
    if member.islnk():
        return Entry(member.name, "hardlink", target=member.linkname, mode=member.mode)
    if member.isdir():
        return None
    if not member.isfile():
        return Entry(member.name, "device", mode=member.mode)
    stream = archive.extractfile(member)
    content = stream.read(MAX_UNPACKED) if stream else b""
    return Entry(member.name, "file", content, member.size, member.mode)


def _decompress(data: bytes, problems: list[tuple[str, str]]) -> bytes | None:
    """The tar in a compressed file; None where it expands beyond the limits."""
    if data[257:262] == b"ustar":
        return data

    openers = {
        b"\x1f\x8b": lambda: zlib.decompressobj(31).decompress(data, MAX_UNPACKED + 1),
        b"BZh": lambda: bz2.BZ2Decompressor().decompress(data, MAX_UNPACKED + 1),
        b"\xfd7z": lambda: lzma.LZMADecompressor().decompress(data, MAX_UNPACKED + 1),
    }
    try:
        plain = next(open_it for head, open_it in openers.items() if data.startswith(head))()
    except lzma.LZMAError as error:
        raise zlib.error(str(error)) from error
    if len(plain) > MAX_UNPACKED or len(plain) > max(MIN_BOMB, MAX_RATIO * len(data)):
        problems.append(("SC109", f"{len(data):,} bytes that expand beyond {len(plain):,}"))
        return None
    return plain


def _limited(members: Iterable[_Member], problems: list[tuple[str, str]]) -> Iterator[_Member]:
    for count, member in enumerate(members):
        if count >= MAX_MEMBERS:
            problems.append(("SC108", f"more than {MAX_MEMBERS:,} files in an archive"))
            return
        yield member
