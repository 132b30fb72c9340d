"""The smallest valid document of each type: what somebody writes who has nothing to say."""

import io
import sqlite3
import struct
import zipfile
import zlib
from functools import cache

from verify.workbooks import workbook

_TEXTS = {
    ".csv": "id,name,value\n",
    ".tsv": "id\tname\tvalue\n",
    ".json": "{}\n",
    ".jsonl": "{}\n",
    ".yaml": "{}\n",
    ".yml": "{}\n",
    ".toml": "\n",
    ".ini": "[main]\n",
    ".cfg": "[main]\n",
    ".conf": "[main]\n",
    ".xml": '<?xml version="1.0"?>\n<root/>\n',
    ".html": "<!DOCTYPE html>\n<html><head><title></title></head><body></body></html>\n",
    ".svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    ".ics": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//stub//EN\r\nEND:VCALENDAR\r\n",
    ".vcf": "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nFN:\r\nEND:VCARD\r\n",
    ".eml": "Subject: \n\n\n",
    ".mbox": "From nobody Thu Jan  1 00:00:00 1970\nSubject: \n\n\n",
    ".md": "# Report\n",
    ".py": "pass\n",
    ".sh": "#!/bin/sh\n:\n",
    ".js": ";\n",
    ".sql": "SELECT 1;\n",
    ".log": "\n",
    ".txt": "\n",
}
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


@cache
def stub(suffix: str) -> bytes:
    """A minimal valid document for a file name's suffix, such as `.csv`; a line for others."""
    suffix = suffix.lower()
    if suffix in _TEXTS:
        return _TEXTS[suffix].encode()
    if suffix in (".db", ".sqlite", ".sqlite3"):
        return _database()
    if suffix == ".xlsx":
        return workbook({"Sheet1": [["id", "name", "value"]]})
    if suffix in (".zip", ".docx", ".pptx"):
        return _archive(office=suffix != ".zip")
    if suffix == ".png":
        return _image()
    return _PDF if suffix == ".pdf" else b"done\n"


def _database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE main_table (id INTEGER)")
    data = connection.serialize()
    connection.close()
    return data


def _archive(*, office: bool) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if office:
            stamp = (1980, 1, 1, 0, 0, 0)
            types, relations = (
                f'<?xml version="1.0"?><{tag} xmlns="{space}"/>'
                for tag, space in (("Types", _TYPES), ("Relationships", _RELATIONS))
            )
            archive.writestr(zipfile.ZipInfo("[Content_Types].xml", stamp), types)
            archive.writestr(zipfile.ZipInfo("_rels/.rels", stamp), relations)
    return out.getvalue()


def _image() -> bytes:
    """One grey pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
