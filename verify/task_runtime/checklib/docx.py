"""Word documents: headings, paragraphs and tables, in the order of the document."""

from checklib import zips
from checklib.verdict import Mismatch
from checklib.xmltree import parse_xml


def load(case, path):
    archive = case.once(zips.load, path)
    return parse_xml(archive.read("word/document.xml"), "%s!word/document.xml" % path)


def paragraph_text(paragraph):
    parts = []
    for element in paragraph.iter():
        if element.tag == "t":
            parts.append(element.text or "")
        elif element.tag in ("tab", "br", "cr"):
            parts.append("\t" if element.tag == "tab" else "\n")
    return "".join(parts)


def style_of(paragraph):
    style = paragraph.find("./pPr/pStyle")
    return (style.get("val") or "").replace(" ", "").lower() if style is not None else ""


def blocks(case, path):
    """As `markdown.blocks_of`; a title is a heading of level 1."""
    body = case.once(load, path).find("body")
    if body is None:
        raise Mismatch("no body", path)
    found = []
    for element in body:
        if element.tag == "tbl":
            header, *rows = table_rows(element) or [[]]
            found.append(("table", header, rows))
        elif element.tag == "p":
            text, style = paragraph_text(element).strip(), style_of(element)
            level = style[7:] if style.startswith("heading") else "1" if style == "title" else ""
            if text and level in ("1", "2", "3", "4", "5", "6"):
                found.append(("heading", int(level), text))
            elif text:
                found.append(("text", text))
    return found


def table_rows(table):
    return [
        [
            "\n".join(paragraph_text(paragraph) for paragraph in cell.findall("./p")).strip()
            for cell in row.findall("./tc")
        ]
        for row in table.findall("./tr")
    ]


def text(case, path):
    parts = []
    for block in blocks(case, path):
        if block[0] == "table":
            parts += [" | ".join(row) for row in [block[1]] + block[2]]
        else:
            parts.append(block[-1])
    return "\n\n".join(parts)


def links(case, path):
    raise Mismatch("links of Word documents are not read", path)
