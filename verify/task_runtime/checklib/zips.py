"""ZIP files, read within limits: what they claim about sizes is not believed."""

import io
import lzma
import struct
import zipfile
import zlib

from checklib.case import MAX_BINARY, read_bytes
from checklib.verdict import Mismatch

MAX_MEMBERS = 5_000
MAX_MEMBER = 16 * 1024 * 1024
MAX_TOTAL = 64 * 1024 * 1024
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
)


class Zip:
    """The members of a ZIP file by their names."""

    def __init__(self, data, where):
        self.where, self.taken = where, 0
        try:
            self.archive = zipfile.ZipFile(io.BytesIO(data))
            infos = self.archive.infolist()
        except BROKEN as error:
            raise Mismatch("not a readable ZIP file: %s" % error, where) from None
        if len(infos) > MAX_MEMBERS:
            raise Mismatch("more than %d members" % MAX_MEMBERS, where)
        self.infos = {}
        for info in infos:
            if info.filename in self.infos:
                raise Mismatch("%s stands twice" % info.filename, where)
            self.infos[info.filename] = info

    def read(self, name):
        """The bytes of a member; a bomb ends the check and not the verifier."""
        if name not in self.infos:
            raise Mismatch("no member %s" % name, self.where)
        try:
            with self.archive.open(self.infos[name]) as stream:
                data = stream.read(MAX_MEMBER + 1)
        except BROKEN as error:
            raise Mismatch("%s cannot be read: %s" % (name, error), self.where) from None
        self.taken += len(data)
        if len(data) > MAX_MEMBER or self.taken > MAX_TOTAL:
            raise Mismatch("%s unpacks to too much" % name, self.where)
        return data


def load(case, path):
    return Zip(read_bytes(case, path, MAX_BINARY), path)
