"""Byte order marks, UTF-16, UTF-7, lone surrogates and bytes that are no text at all."""

from stage import OUTPUTS, put

kinds = [
    b"\xef\xbb\xbf" * 3 + b"[]",
    "[]".encode("utf-16"),
    "[]".encode("utf-32"),
    b"+ADw-",
    b"\xed\xa0\x80[]",
    b"\xff\xfe\x00",
    b"\xc0\xaf",
    b"\x00" * 100,
]
for number, path in enumerate(OUTPUTS):
    put(path, kinds[number % len(kinds)])
