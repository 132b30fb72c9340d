"""ZIP and tar: read as if an enemy had packed them, written the same every time.

An archive is read into memory within the limits of `bundle`; nothing is written to disk before
all of it is known to be harmless as files.
"""

import bz2
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from clawgym.errors import UsageError
from clawgym.files import File, Files
from clawgym_skills.market.bundle import MAX_BUNDLE_BYTES, MAX_ENTRIES, MIB, Intake
from clawgym_skills.market.collation import sorted_as_clawhub
from clawgym_skills.market.javascript import dump_json, object_order

MAX_ARCHIVE_BYTES = 64 * MIB
META_NAME = "_meta.json"
_END_RECORD = b"PK\x05\x06"
_END_SIZE = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE = 20
_CUT_SHORT = "it ends in the middle, as after a broken download"
_MAX_COMMENT = 65_535
_MAX_DIRECTORY_BYTES = MAX_ENTRIES * 1_024
_MAX_TAR_BYTES = MAX_BUNDLE_BYTES + MAX_ENTRIES * 2_048
_MEMORY = 128 * MIB
_CHUNK = 64 * 1_024
_EPOCH = (1980, 1, 1, 0, 0, 0)
SUFFIXES = (".zip", ".skill", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...
    @property
    def eof(self) -> bool: ...


def is_archive(name: str) -> bool:
    """Whether a file name ends as one of the archives that we read."""
    return name.lower().endswith(SUFFIXES)


def read_archive(path: Path) -> Files:
    """Read an archive file; which kind it is, its first bytes say.

    Raises:
        UsageError: there is no such file, or it is no archive that we know.
        UnsafeBundleError: what is in it is harmful, damaged or too much.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_ARCHIVE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return unpack(data, str(path))


def unpack(data: bytes, origin: str) -> Files:
    """Read an archive that is in memory; `origin` names it in messages.

    Raises:
        UsageError: it is no archive that we know.
        UnsafeBundleError: what is in it is harmful, damaged or too much.
    """
    intake = Intake(origin)
    if len(data) > MAX_ARCHIVE_BYTES:
        raise intake.refuse(f"larger than {MAX_ARCHIVE_BYTES // MIB} MiB")
    if data.startswith((b"PK\x03\x04", _END_RECORD)):
        _read_zip(data, intake)
    else:
        _read_tar(_decompressed(data, intake), intake)
    return intake.files()


def _read_zip(data: bytes, intake: Intake) -> None:
    _check_directory(data, intake)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                _take_zip_entry(archive, entry, intake)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as error:
        raise intake.refuse(f"damaged ZIP: {error}") from error


def _check_directory(data: bytes, intake: Intake) -> None:
    """Refuse a table of contents that would fill the memory before its first entry is looked at."""
    position = data.rfind(_END_RECORD, max(0, len(data) - _END_SIZE - _MAX_COMMENT))
    if position < 0 or len(data) - position < _END_SIZE:
        raise intake.refuse(f"damaged ZIP: {_CUT_SHORT}")
    count, size = struct.unpack_from("<HI", data, position + 10)
    before = data[max(0, position - _ZIP64_LOCATOR_SIZE) : position]
    if count > MAX_ENTRIES or size > _MAX_DIRECTORY_BYTES or before.startswith(_ZIP64_LOCATOR):
        raise intake.refuse(f"more than {MAX_ENTRIES:,} entries")


def _take_zip_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, intake: Intake) -> None:
    if "\\" in entry.orig_filename or "\0" in entry.orig_filename:
        raise intake.refuse(f"{entry.orig_filename!r} holds a backslash or a NUL")
    if entry.flag_bits & 1:
        raise intake.refuse(f"{entry.filename!r} is encrypted")
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise intake.refuse(f"{entry.filename!r} is a link or a device")
    path = entry.filename.rstrip("/") if entry.is_dir() else entry.filename
    if not intake.wants(path) or entry.is_dir():
        return
    with archive.open(entry) as stream:
        intake.add(path, File(stream.read(intake.room + 1), bool(mode & 0o100)))


def _decompressed(data: bytes, intake: Intake) -> bytes:
    """The tar inside, at most as long as the largest one that we would read."""
    for magic, make in _COMPRESSIONS.items():
        if data.startswith(magic):
            try:
                return b"".join(_bounded(make(), data, intake))
            except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError) as error:
                raise intake.refuse(f"damaged archive: {error}") from error
    return data


def _gzip() -> "_Gunzip":
    return _Gunzip()


class _Gunzip:
    """zlib's decompressor with the interface of the other two."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


_COMPRESSIONS: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
}


def _bounded(decompressor: _Decompressor, data: bytes, intake: Intake) -> Iterator[bytes]:
    size, fed = 0, False
    while not decompressor.eof:
        chunk = decompressor.decompress(b"" if fed else data, _CHUNK)
        if fed and not chunk and not decompressor.eof:
            raise intake.refuse(f"damaged archive: {_CUT_SHORT}")
        fed = True
        size += len(chunk)
        if size > _MAX_TAR_BYTES:
            raise intake.refuse(f"more than {MAX_BUNDLE_BYTES // MIB} MiB when unpacked")
        yield chunk


def _read_tar(data: bytes, intake: Intake) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_ENTRIES:
                    raise intake.refuse(f"more than {MAX_ENTRIES:,} entries")
                _take_tar_member(archive, member, intake)
    except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
        if data[257:262] != b"ustar":
            reason = f"{intake.origin} is no ZIP and no tar; pack the skill as one"
            raise UsageError(reason) from error
        raise intake.refuse(f"damaged tar: {error}") from error


def _take_tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo, intake: Intake) -> None:
    path = member.name.removeprefix("./").rstrip("/")
    if member.isdir() and path in ("", "."):
        return
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise intake.refuse(f"{member.name!r} is a link or a device")
    if not intake.wants(path) or member.isdir():
        return
    if member.size > intake.room:
        raise intake.refuse(f"{path!r} is too big")
    stream = archive.extractfile(member)
    content = stream.read() if stream else b""
    if len(content) != member.size:
        raise intake.refuse(f"damaged tar: {_CUT_SHORT}")
    intake.add(path, File(content, bool(member.mode & 0o100)))


def build_zip(files: Files, meta: dict[str, JsonValue] | None = None) -> bytes:
    """A ZIP as ClawHub builds it: its order of paths, no times, level 6; the same on every call.

    Args:
        files: what to pack; modes are not kept, as ClawHub does not.
        meta: becomes `_meta.json`, in the place of a file of that name.
    """
    content = {path: files[path].data for path in sorted_as_clawhub(files)}
    if meta is not None:
        content[META_NAME] = dump_json(meta).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in object_order(content):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            archive.writestr(entry, content[path])
    return target.getvalue()
