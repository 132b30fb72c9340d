"""spreadsheet-xlsx, docx-text, contacts-vcard and meeting-actions: what offices send round."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture
def sheet(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("spreadsheet-xlsx"))


@pytest.fixture
def word(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("docx-text"))


@pytest.fixture
def contacts(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("contacts-vcard"))


@pytest.fixture
def meeting(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("meeting-actions"))


def rows(workspace: Workspace, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(workspace.read(name), newline="")))


# -- spreadsheet-xlsx -----------------------------------------------------------------------


def book(workspace: Workspace, name: str, cells: str, **others: str) -> None:
    """A workbook as Excel writes it: shared strings, styles, a hidden second sheet."""
    start = f'<worksheet xmlns="{MAIN}"><sheetData>'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"<workbookPr {others.get('date', '')}/><sheets>"
        '<sheet name="One" sheetId="1" r:id="rId1"/>'
        '<sheet name="Two" sheetId="2" state="hidden" r:id="rId2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="x">'
        '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>Name</t></si><si><r><t>Ri</t></r>'
        f'<r><t xml:space="preserve">ch </t></r></si></sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>'
        f'<numFmt numFmtId="170" formatCode="[Red]&quot;day&quot;0"/>'
        f'<numFmt numFmtId="171" formatCode="dd/mm/yyyy hh:mm"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/>'
        '<xf numFmtId="171"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f"{start}{cells}</sheetData></worksheet>",
        "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
    }
    with zipfile.ZipFile(workspace.root / name, "w") as archive:
        for part, text in parts.items():
            archive.writestr(part, text)


HEADER = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>When</t></is></c></row>'
)


def test_cells_of_every_kind(sheet: Workspace):
    cells = (
        '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" t="b"><v>1</v></c>'
        '<c r="C3" s="1"><v>46082</v></c></row>'
        '<row r="4"><c r="A4" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'
        '<c r="B4" t="e"><v>#N/A</v></c><c r="C4" s="3"><v>46082.5</v></c></row>'
        '<row r="5"><c r="A5"><v>1E3</v></c><c r="B5" s="2"><v>7</v></c>'
        '<c r="C5"><v>0.1</v></c><c r="AA5"><v>9</v></c></row>'
        '<row r="6"><c r="A6"/></row>'
    )
    book(sheet, "b.xlsx", HEADER + cells)
    outcome = sheet.run("read", "b.xlsx", "-o", "o.json")
    assert "1 cells with an error" in outcome.err
    assert json.loads(sheet.read("o.json")) == [
        {"Name": "Rich ", "column_B": True, "When": "2026-03-01", "column_AA": None},
        {"Name": "ab", "column_B": None, "When": "2026-03-01T12:00:00", "column_AA": None},
        {"Name": 1000, "column_B": 7, "When": 0.1, "column_AA": 9},
    ]
    printed = sheet.ok("sheets", "b.xlsx")
    assert printed.splitlines() == [
        "One: 4 rows with the header, 27 columns: Name, When",
        "Two: 0 rows with the header, 0 columns, hidden",
    ]


def test_the_other_calendar_and_its_leap_year(sheet: Workspace):
    row = '<row r="2"><c r="A2" s="1"><v>59</v></c><c r="C2" s="1"><v>61</v></c></row>'
    book(sheet, "b.xlsx", HEADER + row)
    sheet.ok("read", "b.xlsx", "-o", "o.csv")
    assert sheet.read("o.csv") == "Name,When\n1900-02-28,1900-03-01\n"
    book(sheet, "c.xlsx", HEADER + row, date='date1904="1"')
    sheet.ok("read", "c.xlsx", "-o", "p.csv")
    assert sheet.read("p.csv") == "Name,When\n1904-02-29,1904-03-02\n"


def test_files_that_are_no_workbook(sheet: Workspace):
    sheet.write("a.xlsx", "not a zip")
    assert "not an .xlsx workbook" in sheet.refused("read", "a.xlsx", "-o", "o.csv")
    sheet.write("b.xlsx", b"\xd0\xcf\x11\xe0old")
    assert "protected by a password" in sheet.refused("sheets", "b.xlsx")
    with zipfile.ZipFile(sheet.root / "c.xlsx", "w") as archive:
        archive.writestr("x", "y")
    assert "is damaged" in sheet.refused("sheets", "c.xlsx")
    book(sheet, "d.xlsx", "<!ENTITY x>")
    assert "is damaged" in sheet.refused("read", "d.xlsx", "-o", "o.csv")
    book(sheet, "e.xlsx", HEADER)
    assert "its sheets are: One, Two" in sheet.refused(
        "read", "e.xlsx", "-o", "o.csv", "--sheet", "3"
    )
    book(sheet, "f.xlsx", '<row r="1"><c r="A1" t="s"><v>99</v></c></row>')
    assert "names text number 99" in sheet.refused("read", "f.xlsx", "-o", "o.csv")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["007", "1.50", "=1+1", "_x0041_", " a ", "-3"]
)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4))
@settings(max_examples=25)
def test_texts_survive_a_workbook(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
):
    module = load("spreadsheet-xlsx")
    path = tmp_path_factory.mktemp("book") / "b.xlsx"
    lines = [module.sheet_row(n, list(pair), plain=True) for n, pair in enumerate(cells, 1)]
    text = f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    module.write_archive(path, {**module.parts_around("S"), "xl/worksheets/sheet1.xml": text})
    opened = module.Workbook(path)
    found = dict(opened.rows(opened.sheets[0]))
    # XML has no other line ends than LF
    clean = [[value.replace("\r\n", "\n").replace("\r", "\n") for value in pair] for pair in cells]
    assert found == {
        n: {c: v for c, v in enumerate(pair) if v} for n, pair in enumerate(clean, 1) if any(pair)
    }


def test_large_sheets_are_read_row_by_row(sheet: Workspace):
    lines = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 60_000))
    book(sheet, "b.xlsx", HEADER + lines)
    assert "59998 rows" in sheet.ok("read", "b.xlsx", "-o", "o.csv")


# -- docx-text ------------------------------------------------------------------------------


def document(workspace: Workspace, name: str, body: str, **parts: str) -> None:
    with zipfile.ZipFile(workspace.root / name, "w") as archive:
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{WORD}" xmlns:r="{OFFICE}"><w:body>{body}</w:body></w:document>',
        )
        for part, text in parts.items():
            archive.writestr(f"word/{part}.xml", text)


def paragraph(*runs: str, style: str = "") -> str:
    head = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{head}{''.join(runs)}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_tracked_changes_give_two_texts_and_a_review(word: Workspace):
    body = paragraph(
        run("Pay "),
        '<w:del w:author="Ana" w:date="2026-03-01T00:00:00Z"><w:r><w:delText>10'
        "</w:delText></w:r></w:del>",
        f'<w:ins w:author="Rui"><w:commentRangeStart w:id="1"/>{run("20")}'
        f'<w:commentRangeEnd w:id="1"/></w:ins>',
        run(" now", "<w:b/>"),
        run(" please", '<w:b w:val="0"/><w:i/>'),
    )
    comments = (
        f'<w:comments xmlns:w="{WORD}"><w:comment w:id="1" w:author="Zoë">'
        f"<w:p>{run('Sure?')}</w:p></w:comment></w:comments>"
    )
    document(word, "d.docx", body, comments=comments)
    word.ok("text", "d.docx", "-o", "a.md")
    assert word.read("a.md") == "Pay 20 **now** *please*\n"
    word.ok("text", "d.docx", "-o", "o.md", "--changes", "original")
    assert word.read("o.md") == "Pay 10 **now** *please*\n"
    word.ok("review", "d.docx", "-o", "r.csv")
    assert [(r["kind"], r["author"], r["text"], r["at"]) for r in rows(word, "r.csv")] == [
        ("inserted", "Rui", "20", ""),
        ("deleted", "Ana", "10", ""),
        ("comment", "Zoë", "Sure?", "20"),
    ]


def test_headings_by_style_name_and_merged_cells(word: Workspace):
    styles = (
        f'<w:styles xmlns:w="{WORD}"><w:style w:styleId="berschrift2">'
        f'<w:name w:val="heading 2"/></w:style></w:styles>'
    )
    table = (
        "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>"
        + paragraph(run("A"))
        + "</w:tc></w:tr>"
        "<w:tr><w:tc><w:tcPr><w:vMerge w:val='restart'/></w:tcPr>"
        + paragraph(run("x|y"))
        + "</w:tc><w:tc>"
        + paragraph(run("1"))
        + "</w:tc></w:tr>"
        "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc>"
        + paragraph(run("2"))
        + "</w:tc></w:tr></w:tbl>"
    )
    body = (
        paragraph(run("T"), style="Title")
        + f"<w:sdt><w:sdtContent>{paragraph(run('Part'), style='berschrift2')}"
        f"</w:sdtContent></w:sdt>" + table
    )
    document(word, "d.docx", body, styles=styles)
    word.ok("text", "d.docx", "-o", "a.md")
    assert (
        word.read("a.md")
        == "# T\n\n## Part\n\n| A | A |\n| --- | --- |\n| x\\|y | 1 |\n| x\\|y | 2 |\n"
    )
    word.ok("table", "d.docx", "-o", "t.csv")
    assert word.read("t.csv") == "A,A_2\nx|y,1\nx|y,2\n"
    assert "1 tables, none is number 2" in word.refused(
        "table", "d.docx", "-o", "t.csv", "--number", "2"
    )


def test_files_that_are_no_document(word: Workspace):
    word.write("a.docx", "")
    assert "not a .docx document" in word.refused("text", "a.docx", "-o", "o.md")
    document(word, "b.docx", "<broken")
    assert "is damaged" in word.refused("text", "b.docx", "-o", "o.md")
    with zipfile.ZipFile(word.root / "c.docx", "w") as archive:
        archive.writestr("word/document.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    assert "declares entities" in word.refused("text", "c.docx", "-o", "o.md")
    document(word, "d.docx", "")
    assert "0 words, 0 tables" in word.ok("text", "d.docx", "-o", "o.md")


def test_markdown_survives_a_document(word: Workspace):
    text = (
        "# A & B\n\ntwo lines here\n\n- x\n- **y** <z>\n\n1. one\n   - deep\n\n"
        "| a | b |\n| --- | --- |\n| 1 |  |\n"
    )
    word.write("a.md", text)
    word.ok("write", "a.md", "-o", "a.docx")
    word.ok("text", "a.docx", "-o", "b.md")
    assert word.read("b.md").replace("\n\n1.", "\n1.") == text.replace("\n\n1.", "\n1.")
    assert "must end in .docx" in word.refused("write", "a.md", "-o", "a.doc")


# -- contacts-vcard -------------------------------------------------------------------------


def card(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def test_folded_lines_escapes_and_old_encodings(contacts: Workspace):
    contacts.write(
        "a.vcf",
        card(
            "FN:Very Long",
            " Name",
            'item1.EMAIL;TYPE="x:y":a@x.org',
            "NOTE:a\\, b\\nc\\;",
            "ADR:;;Street 1\\, Left;Porto;;4000;PT",
        )
        + card(
            "N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg;;Dr.;",
            "NOTE;ENCODING=QUOTED-PRINTABLE:long =",
            "line",
        ),
    )
    contacts.ok("extract", "a.vcf", "-o", "o.json")
    first, second = json.loads(contacts.read("o.json"))
    assert (first["name"], first["emails"], first["note"]) == (
        "Very LongName",
        "a@x.org",
        "a, b\nc;",
    )
    assert first["address"] == "Street 1, Left, Porto, 4000, PT"
    assert (second["name"], second["note"]) == ("Dr. Jörg Müller", "long line")


def test_who_is_the_same_person(contacts: Workspace):
    people = [
        card("FN:Ana Sousa", "TEL:+351 912 345 678"),
        card("FN:Sousa, Ana", "TEL:00351912345678", "EMAIL:ana@x.org"),
        card("FN:A.", "EMAIL:ANA@X.ORG", "ORG:X"),
        card("FN:Rui", "TEL:+351 912 345 678"),
        card("FN:Ana Sousa"),
    ]
    contacts.write("a.vcf", "".join(people))
    assert "5 contacts read, 2 merged away, 3 written" in contacts.ok(
        "merge", "a.vcf", "-o", "m.vcf"
    )
    contacts.ok("extract", "m.vcf", "-o", "o.csv")
    merged = rows(contacts, "o.csv")[0]
    assert (merged["name"], merged["emails"], merged["organization"]) == (
        "Sousa, Ana",
        "ana@x.org",
        "X",
    )
    assert merged["phones"] == "+351 912 345 678"
    contacts.ok("duplicates", "m.vcf")


def test_single_cards_keep_their_unknown_fields(contacts: Workspace):
    contacts.write("a.vcf", card("FN:Solo", "X-APP:1", "PHOTO;ENCODING=b:AAAA"))
    contacts.ok("merge", "a.vcf", "-o", "m.vcf")
    assert contacts.read("m.vcf") == card("FN:Solo", "X-APP:1", "PHOTO;ENCODING=b:AAAA")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no contact"),
        ("BEGIN:VCARD\nFN:x\n", "END:VCARD is missing"),
        ("BEGIN:VCARD\nBEGIN:VCARD\n", "line 2: a contact begins inside"),
        ("END:VCARD\n", "without a beginning"),
    ],
)
def test_damaged_address_books(contacts: Workspace, text: str, message: str):
    contacts.write("a.vcf", text)
    assert message in contacts.refused("extract", "a.vcf", "-o", "o.csv")


# -- meeting-actions ------------------------------------------------------------------------


def items(workspace: Workspace, text: str, *options: str) -> list[tuple[str, str, str, str]]:
    workspace.write("n.md", text)
    workspace.ok("items", "n.md", "-o", "o.csv", *options)
    return [(r["kind"][0], r["owner"], r["due"], r["text"]) for r in rows(workspace, "o.csv")]


@pytest.mark.parametrize(
    ("line", "owner", "due"),
    [
        ("Action: Ana to call by 14.03.2026", "Ana", "2026-03-14"),
        ("- [ ] @rui.dias: mail (due Mar 3, 2027)", "rui.dias", "2027-03-03"),
        ("TODO: check it — Li Wei", "Li Wei", ""),
        ("Action: Ana: do it by 2nd April", "Ana", "2026-04-02"),
        ("AI: We should decide", "", ""),
        ("TODO: by 31 February 2026", "", ""),
        ("* **Action item:** José Dias will ask", "José Dias", ""),
    ],
)
def test_owners_and_dates(meeting: Workspace, line: str, owner: str, due: str):
    ((kind, found_owner, found_due, _),) = items(meeting, line, "--year", "2026")
    assert (kind, found_owner, found_due) == ("a", owner, due)


def test_sections_end_at_the_next_heading_and_code_does_not_count(meeting: Workspace):
    text = (
        "## Next steps\n- one\n\n```\n- [ ] no\n```\n## Attendees\n- Ana\n"
        "**Decisions:**\n- yes\nPlain text - not a bullet\n"
    )
    assert [(kind, words) for kind, _, _, words in items(meeting, text)] == [
        ("a", "one"),
        ("d", "yes"),
    ]


def test_ambiguous_dates_are_named_and_left_out(meeting: Workspace):
    meeting.write("n.md", "- [ ] pay by 03/04/2026\n")
    outcome = meeting.run("items", "n.md", "-o", "o.csv")
    assert "n.md, line 1: the date may mean two days" in outcome.err
    assert rows(meeting, "o.csv")[0]["due"] == ""


def test_years_come_from_the_heading_above(meeting: Workspace):
    text = "# 2025-12-30\n- [ ] a by 3 Jan\n# 2026-02-01\n- [x] b by 5 Mar\n"
    assert [due for _, _, due, _ in items(meeting, text)] == ["2025-01-03", "2026-03-05"]


def test_empty_notes_give_an_empty_list(meeting: Workspace):
    assert items(meeting, "") == []
    meeting.ok("summary", "n.md", "-o", "s.md")
    assert meeting.read("s.md").endswith("0 actions (0 done, 0 without an owner), 0 decisions.\n")
    meeting.write("latin.md", "é".encode("latin-1"))
    assert "not UTF-8" in meeting.refused("items", "latin.md", "-o", "o.csv")
