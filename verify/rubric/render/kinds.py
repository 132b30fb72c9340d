"""Which kind of file it is, by its bytes and its name, and how it reads."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from clawgym.quoting import visible
from verify.rubric.render.archive import Archive, UnreadableError
from verify.rubric.render.pdf import render_pdf
from verify.rubric.render.prose import render_docx, render_pptx
from verify.rubric.render.sheets import render_xlsx

_OFFICE: dict[str, Callable[[bytes], str]] = {
    "docx": render_docx,
    "xlsx": render_xlsx,
    "pptx": render_pptx,
    "pdf": render_pdf,
}
_SIGNATURES = {
    b"%PDF-": "pdf",
    b"\x89PNG\r\n\x1a\n": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF8": "GIF image",
    b"SQLite format 3\0": "SQLite database",
    b"\x1f\x8b": "gzip archive",
    b"\x7fELF": "program",
}
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class Rendering:
    """A file as a judge sees it. `note` says what about it is not as it seems; often empty.

    `text` is visible text, or a description where the file cannot be shown as text.
    """

    kind: str
    text: str
    note: str = ""


def render(path: str, data: bytes) -> Rendering:
    """Show a file.

    Raises:
        RendererMissingError: it takes a library that is not installed.
    """
    kind = _kind(path, data)
    if kind in _OFFICE:
        return _office(kind, data)
    if kind == "zip archive":
        return _listing(data)
    if kind:
        return describe(kind, data)
    return _text(data)


def _kind(path: str, data: bytes) -> str:
    suffix = path.rpartition(".")[2].lower()
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if suffix in _OFFICE:
        return suffix
    return _zip_kind(data) if data.startswith(b"PK\x03\x04") else ""


def _zip_kind(data: bytes) -> str:
    """An office file under another name is still one."""
    try:
        names = set(Archive(data).names)
    except UnreadableError:
        return "zip archive"
    parts = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
    return next((kind for part, kind in parts.items() if part in names), "zip archive")


def _office(kind: str, data: bytes) -> Rendering:
    try:
        return Rendering(kind, visible(_OFFICE[kind](data)))
    except UnreadableError as error:
        note = f"it cannot be opened as {kind} ({visible(str(error))})"
        plain = _text(data)
        return Rendering(plain.kind, plain.text, note)


def _listing(data: bytes) -> Rendering:
    try:
        listed = visible(Archive(data).listing())
    except UnreadableError as error:
        return Rendering("binary", _description("binary", data), f"it is {visible(str(error))}")
    return Rendering("zip archive", listed, "its members are listed, their content is not shown")


def describe(
    kind: str, data: bytes, note: str = "its content cannot be shown as text"
) -> Rendering:
    """A file by its kind, size and digest, and a note on why no more of it is shown."""
    return Rendering(kind, _description(kind, data), note)


def _description(kind: str, data: bytes) -> str:
    size = _pixels(data)
    digest = hashlib.sha256(data).hexdigest()
    return f"({kind}{size}, {len(data):,} bytes, SHA-256 {digest})"


def _pixels(data: bytes) -> str:
    if not data.startswith(b"\x89PNG") or len(data) < 24:
        return ""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return f", {width} x {height} pixels"


def _text(data: bytes) -> Rendering:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            try:
                return Rendering("text", visible(data.decode(encoding)))
            except UnicodeDecodeError:
                break
    if b"\0" in data:
        return describe("binary", data)
    try:
        return Rendering("text", visible(data.decode()))
    except UnicodeDecodeError:
        note = "it is not valid UTF-8; it was read as Latin-1"
        return Rendering("text", visible(data.decode("latin-1")), note)
