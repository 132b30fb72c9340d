"""ZIP and tar archives: their members and what is in them."""

import bz2
import hashlib
import io
import lzma
import tarfile
import zlib

from checklib import zips
from checklib.case import MAX_BINARY, read_bytes
from checklib.verdict import Mismatch, settle, some

TAR_ENDS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def load(case, path):
    """{name: SHA-256} of the files in an archive; nothing in it may lead outside."""
    data = read_bytes(case, path, MAX_BINARY)
    digests = (
        tar_digests(data, path) if path.lower().endswith(TAR_ENDS) else zip_digests(data, path)
    )
    for name in digests:
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise Mismatch("the member %r leads outside" % name[:100], path)
    return digests


def zip_digests(data, path):
    archive = zips.Zip(data, path)
    return {
        name: hashlib.sha256(archive.read(name)).hexdigest()
        for name in archive.infos
        if not name.endswith("/")
    }


def inflate(data, path):
    """The tar file inside its compression, no larger than may be."""
    try:
        if data[:2] == b"\x1f\x8b":
            plain = zlib.decompressobj(31).decompress(data, zips.MAX_TOTAL + 1)
        elif data[:3] == b"BZh":
            plain = bz2.BZ2Decompressor().decompress(data, zips.MAX_TOTAL + 1)
        elif data[:6] == b"\xfd7zXZ\0":
            reader = lzma.LZMADecompressor(memlimit=128 * 1024**2)
            plain = reader.decompress(data, zips.MAX_TOTAL + 1)
        else:
            plain = data
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise Mismatch("cannot be unpacked: %s" % error, path) from None
    if len(plain) > zips.MAX_TOTAL:
        raise Mismatch("unpacks to too much", path)
    return plain


def tar_digests(data, path):
    plain, digests, members = inflate(data, path), {}, 0
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for member in archive:
                members += 1
                if members > zips.MAX_MEMBERS:
                    raise Mismatch("more than %d members" % zips.MAX_MEMBERS, path)
                if member.isdir():
                    continue
                name = member.name.removeprefix("./")
                if not member.isreg():
                    raise Mismatch("the member %s is no file" % name[:100], path)
                if name in digests:
                    raise Mismatch("%s stands twice" % name[:100], path)
                digests[name] = hashlib.sha256(archive.extractfile(member).read()).hexdigest()
    except (tarfile.TarError, *zips.BROKEN, UnicodeError) as error:
        raise Mismatch("not a readable tar file: %s" % error, path) from None
    return digests


def check_archive(case, check):
    """These members, with these contents where given; `exact` allows no others."""
    path, found = check["path"], case.once(load, check["path"])
    wanted = check["members"]
    extra = sorted(set(found) - set(wanted))
    if check["exact"] and extra:
        raise Mismatch("unexpected: %s" % some(extra), path)
    problems = []
    for name, digest in wanted.items():
        if name not in found:
            problems.append(("missing: %s" % name, path))
        elif digest and found[name] != digest:
            problems.append(("another content: %s" % name, path))
    return settle(problems, len(wanted), check["partial"], "%d members" % len(found))


CHECKS = {"archive": check_archive}
