"""Files as text: everything is shown or described, nothing hostile does harm."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.quoting import visible
from tests.verify.rubric.works import docx, without_pypdf, xlsx, zipped
from verify.rubric.render import archive as archive_module
from verify.rubric.render import render
from verify.rubric.render.pdf import RendererMissingError


def test_text_is_shown_as_it_is() -> None:
    found = render("a.csv", "name,length\nRhine,1233\n\u00fc \u6cb3 \U0001f30a\n".encode())
    assert (found.kind, found.note) == ("text", "")
    assert found.text == "name,length\nRhine,1233\n\u00fc \u6cb3 \U0001f30a\n"


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u200b", "\ufeff", "\u00ad", "\x1b", "\r", "\x85", "\u2028", "\U000e0041"]
)
def test_what_cannot_be_seen_is_spelled_out(hidden: str) -> None:
    assert visible(f"a{hidden}b") == f"a\u27e6U+{ord(hidden):04X}\u27e7b"


def test_windows_line_ends_are_line_ends() -> None:
    assert visible("a\r\nb\tc\n") == "a\nb\tc\n"


@given(st.text(), st.text())
def test_different_texts_stay_different(first: str, second: str) -> None:
    same = first.replace("\r\n", "\n") == second.replace("\r\n", "\n")
    assert (visible(first) == visible(second)) == same


@given(st.text())
def test_visible_text_has_no_line_breaks_but_the_plain_one(text: str) -> None:
    assert (
        visible(text).splitlines()
        == visible(text).removesuffix("\n").split("\n")[: None if visible(text) else 0]
    )


def test_other_encodings_are_read_and_named() -> None:
    assert render("a.txt", "\ufeffR\u00edo".encode("utf-16")).text.endswith("R\u00edo")
    latin = render("a.txt", "R\u00edo".encode("latin-1"))
    assert latin.text == "R\u00edo"
    assert "Latin-1" in latin.note


def test_a_binary_is_described_by_type_size_and_digest() -> None:
    header = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 640, 480)
    found = render("chart.png", header)
    assert found.kind == "PNG image"
    assert "640 x 480 pixels, 24 bytes, SHA-256 " in found.text
    assert found.note
    assert render("a.bin", b"\0\1\2").kind == "binary"


def test_a_docx_shows_headings_lists_tables_and_properties() -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Rivers</w:t></w:r></w:p>'
        "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>Rh</w:t></w:r><w:r><w:t>ine</w:t></w:r></w:p>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>name</w:t></w:r></w:p></w:tc>"
        "<w:tc><w:p><w:r><w:t>1233</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    found = render("a.docx", docx(body, title="My rivers"))
    assert found.kind == "docx"
    assert found.text.splitlines() == [
        "[word/document.xml]",
        "# Rivers",
        "- Rhine",
        "[row] name | 1233",
        "",
        "[docProps/core.xml]",
        "title: My rivers",
    ]


def test_an_xlsx_shows_every_cell_with_its_address() -> None:
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>2.5</v></c></row>'
        '<row r="2"><c r="B2"><f>SUM(B1:B1)</f><v>2.5</v></c><c r="C2" t="b"><v>1</v></c></row>'
        '<row r="9"><c r="XFD9" s="1"><v>45292</v></c><c r="A9" s="1"><v>45292.5</v></c></row>'
    )
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    strings = '<si><r><t>Rh</t></r><r><t>ine "A1"</t></r><rPh><t>x</t></rPh></si>'
    found = render("a.xlsx", xlsx(rows, strings=strings, styles=styles, state="hidden"))
    assert found.text.splitlines() == [
        '[sheet "Data" (hidden)]',
        'A1 "Rhine \\"A1\\"" | B1 2.5',
        "B2 =SUM(B1:B1) -> 2.5 | C2 TRUE",
        "XFD9 2024-01-01 | A9 2024-01-01 12:00:00",
    ]


def test_a_pptx_shows_its_slides_in_order() -> None:
    slide = '<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:sld>'
    parts = {f"ppt/slides/slide{n}.xml": slide.format(f"slide {n}") for n in (10, 2, 1)}
    found = render("a.pptx", zipped({"ppt/presentation.xml": "<p/>", **parts}))
    assert [line for line in found.text.splitlines() if line.startswith("slide")] == [
        "slide 1",
        "slide 2",
        "slide 10",
    ]


def test_an_office_file_under_another_name_is_still_read() -> None:
    body = "<w:p><w:r><w:t>Rivers</w:t></w:r></w:p>"
    assert "Rivers" in render("essay.txt", docx(body)).text


def test_an_archive_is_listed() -> None:
    found = render("a.zip", zipped({"b/c.txt": "xyz"}))
    assert found.text == '"b/c.txt" 3 bytes'
    assert "not shown" in found.note


def test_what_is_not_what_it_says_is_shown_as_what_it_is() -> None:
    found = render("a.xlsx", b"just text")
    assert found.text == "just text"
    assert "cannot be opened as xlsx" in found.note


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_PART_BYTES", 10_000)
    body = f"<w:p><w:r><w:t>{'x' * 1_000_000}</w:t></w:r></w:p>"
    found = render("a.docx", docx(body))
    assert "unpacks to more than 10,000 bytes" in found.note


def test_entities_are_refused() -> None:
    bomb = (
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        '<w:document xmlns:w="w"><w:p><w:t>&b;</w:t></w:p></w:document>'
    )
    for encoded in (bomb.encode(), bomb.encode("utf-16")):
        found = render("a.docx", zipped({"word/document.xml": encoded}))
        assert "declares a document type" in found.note


@given(
    st.binary(max_size=300).filter(lambda data: data[:5] != b"%PDF-"),
    st.sampled_from(["docx", "xlsx", "pptx", "zip", "txt", "csv"]),
)
def test_no_bytes_under_any_name_break_the_renderer(data: bytes, suffix: str) -> None:
    for content in (data, b"PK\x03\x04" + data, b"\xff\xfe" + data):
        assert isinstance(render(f"a.{suffix}", content).text, str)


@given(st.integers(0, 700), st.binary(min_size=1, max_size=8))
def test_damaged_office_files_are_described(place: int, damage: bytes) -> None:
    for whole in (docx("<w:p><w:t>x</w:t></w:p>"), xlsx('<row><c r="A1"><v>1</v></c></row>')):
        broken = whole[:place] + damage + whole[place + len(damage) :]
        assert render("a.docx", broken).text is not None
        assert render("a.xlsx", broken).text is not None


def _pdf(text: str) -> bytes:
    stream = zlib.compress(f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 612 792]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj%b endobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n")
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def test_without_pypdf_a_pdf_is_not_shown_and_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pypdf(monkeypatch)
    with pytest.raises(RendererMissingError, match=r"clawgym\[pdf\]"):
        render("a.pdf", _pdf("Rivers"))


def test_with_pypdf_a_pdf_is_shown_page_by_page() -> None:
    pytest.importorskip("pypdf")
    found = render("a.pdf", _pdf("Rivers are long"))
    assert found.text == "[page 1 of 1]\nRivers are long"
    broken = render("a.pdf", b"%PDF-1.4\nnothing")
    assert "no readable PDF" in broken.note


def test_reading_an_archive_never_writes_to_disk(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = zipped({"../evil.txt": "x", "/abs.txt": "y"})
    assert zipfile.is_zipfile(io.BytesIO(evil))
    assert '"../evil.txt"' in render("a.zip", evil).text
    assert list(tmp_path.iterdir()) == []
