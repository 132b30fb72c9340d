"""Word processor and presentation files (docx, pptx) as text."""

import re
from dataclasses import dataclass, field

from verify.rubric.render.archive import Archive, UnreadableError
from verify.rubric.render.markup import walk

_DOCX_PARTS = re.compile(
    r"word/(document|(header|footer)\d*|footnotes|endnotes|comments)\.xml|docProps/\w+\.xml"
)
_PPTX_PARTS = re.compile(r"ppt/(slides/slide|notesSlides/notesSlide)(\d+)\.xml|docProps/\w+\.xml")
_HEADING = re.compile(r"[Hh]eading ?([1-6])")


def render_docx(data: bytes) -> str:
    """Every part that carries words: body, headers, footers, notes, comments, properties.

    Raises:
        UnreadableError: it is no docx file.
    """
    archive = Archive(data)
    parts = [name for name in archive.names if _DOCX_PARTS.fullmatch(name)]
    if "word/document.xml" not in parts:
        raise UnreadableError("it has no part word/document.xml")
    parts.sort(key=lambda name: (name != "word/document.xml", name))
    return _render(archive, dict.fromkeys(parts))


def render_pptx(data: bytes) -> str:
    """Every slide in its order, with its notes, then the properties.

    Raises:
        UnreadableError: it is no pptx file.
    """
    archive = Archive(data)
    found = {name: _PPTX_PARTS.fullmatch(name) for name in archive.names}
    parts = [name for name, match in found.items() if match]
    if not any(name.startswith("ppt/slides/") for name in parts):
        raise UnreadableError("it has no slides")

    def order(name: str) -> tuple[int, str]:
        match = found[name]
        return int(match[2]) if match and match[2] else 10**6, name

    return _render(archive, dict.fromkeys(sorted(parts, key=order)))


def _render(archive: Archive, parts: dict[str, None]) -> str:
    texts: list[str] = []
    for name in parts:
        reader = _Reader(bare_text=name.startswith("docProps/"))
        walk(archive.read(name), reader.start, reader.end, reader.text)
        if reader.lines:
            texts.append("\n".join([f"[{name}]", *reader.lines]))
    return "\n\n".join(texts)


@dataclass
class _Paragraph:
    pieces: list[str] = field(default_factory=list[str])
    prefix: str = ""


@dataclass
class _Reader:
    """Collects lines from WordprocessingML and DrawingML, whose element names agree.

    `bare_text` reads the properties: every element that holds text is a line.
    """

    bare_text: bool = False
    lines: list[str] = field(default_factory=list[str])
    _paragraphs: list[_Paragraph] = field(default_factory=list[_Paragraph])
    _rows: list[list[str]] = field(default_factory=list[list[str]])
    _cells: list[list[str]] = field(default_factory=list[list[str]])
    _in_text: bool = False
    _fallbacks: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Fallback":  # the same text once more, for old readers
            self._fallbacks += 1
        elif name == "p":
            self._paragraphs.append(_Paragraph())
        elif name == "tr":
            self._rows.append([])
        elif name == "tc":
            self._cells.append([])
        elif name == "t":
            self._in_text = True
        elif self._paragraphs:
            self._mark(name, attributes)
        if self.bare_text:
            self._paragraphs.append(_Paragraph(prefix=f"{name}: "))

    def _mark(self, name: str, attributes: dict[str, str]) -> None:
        paragraph = self._paragraphs[-1]
        if name == "pStyle" and (found := _HEADING.match(attributes.get("val", ""))):
            paragraph.prefix = "#" * int(found[1]) + " "
        elif name == "numPr":
            paragraph.prefix = "- "
        elif name == "tab":
            paragraph.pieces.append("\t")
        elif name in ("br", "cr"):
            paragraph.pieces.append("\n")
        elif name == "vanish" and attributes.get("val", "1") not in ("0", "false"):
            paragraph.pieces.append("[hidden text:] ")

    def text(self, text: str) -> None:
        if self._paragraphs and not self._fallbacks and (self._in_text or self.bare_text):
            self._paragraphs[-1].pieces.append(text)

    def end(self, name: str) -> None:
        if name == "Fallback":
            self._fallbacks -= 1
        elif name == "t":
            self._in_text = False
        elif (name == "p" or self.bare_text) and self._paragraphs:
            self._end_paragraph()
        elif name == "tc" and self._cells:
            cell = " / ".join(self._cells.pop())
            if self._rows:
                self._rows[-1].append(cell)
        elif name == "tr" and self._rows:
            self._put("[row] " + " | ".join(self._rows.pop()))

    def _end_paragraph(self) -> None:
        paragraph = self._paragraphs.pop()
        text = "".join(paragraph.pieces)
        if text.strip():
            self._put(paragraph.prefix + text)

    def _put(self, line: str) -> None:
        (self._cells[-1] if self._cells else self.lines).append(line)
