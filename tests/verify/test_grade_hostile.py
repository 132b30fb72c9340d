"""Files made to harm the reader: bombs, entities, links, databases that act."""

import sqlite3
import struct
import zlib
from pathlib import Path

import pytest

from tests.verify.answers import database, docx, tar_of, xlsx, zip_of
from tests.verify.examples import check, sha
from tests.verify.grader import CHECKS, GRADER, judge, lib

LAUGHS = (
    '<!DOCTYPE a [<!ENTITY x "ha">'
    + "".join(f'<!ENTITY x{n} "{"&x" + str(n - 1 if n else "") + ";"}">' for n in range(3))
    + "]><a>&x2;</a>"
)
XML_VALUE = {"steps": [{"name": "a"}], "texts": ("x",)}
TABLE = {"columns": ({"name": "id"},), "key": ("id",), "rows": (("A-1",),)}

ENDLESS = """CREATE VIEW s AS
WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)"""


def said(root: Path, asked: object, **files: bytes | str) -> str:
    for name, content in files.items():
        path = root / name.replace("__", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = judge(root, asked)
    assert not result["passed"]
    return str(result["found"])


def test_xml_that_declares_entities_is_refused(tmp_path: Path) -> None:
    asked = check("xml_values", path="a.xml", values=[XML_VALUE])
    assert said(tmp_path, asked, a__xml=LAUGHS) == "a document type is declared"
    deep = "<a>" * 5000 + "</a>" * 5000
    assert said(tmp_path, asked, a__xml=deep) == "nested too deeply"


def test_zip_bombs_are_refused_by_what_they_hold(tmp_path: Path) -> None:
    asked = check("archive", path="a.zip", members={"x": None})
    bomb = zip_of({"x": b"\0" * (17 * 1024**2)})
    assert len(bomb) < 50_000
    assert said(tmp_path, asked, a__zip=bomb) == "x unpacks to too much"
    many = zip_of({f"x{n}": b"\0" * (15 * 1024**2) for n in range(6)})
    assert "unpacks to too much" in said(tmp_path, asked, a__zip=many)


def test_a_zip_that_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of({"x": "hello"}))
    start = data.rindex(b"PK\x01\x02")
    data[start + 24 : start + 28] = struct.pack("<I", 1)
    asked = check("archive", path="a.zip", members={"x": sha("hello")})
    assert "cannot be read" in said(tmp_path, asked, a__zip=bytes(data)) or "content" in said(
        tmp_path, asked
    )


def test_tar_bombs_and_links_are_refused(tmp_path: Path) -> None:
    asked = check("archive", path="a.tar.gz", members={"x": None})
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join([bomb.compress(b"\0" * 1024**2) for _ in range(70)]) + bomb.flush()
    assert said(tmp_path, asked, a__tar__gz=data) == "unpacks to too much"
    outside = tar_of({"../../etc/x": "1"})
    assert "leads outside" in said(tmp_path, asked, a__tar__gz=outside)


def test_office_files_are_read_with_the_same_care(tmp_path: Path) -> None:
    cells = check("cells", path="a.xlsx", cells=[{"cell": "A1", "equals": "x"}])
    bomb = zip_of({"xl/workbook.xml": LAUGHS, "xl/_rels/workbook.xml.rels": "<a/>"})
    assert said(tmp_path, cells, a__xlsx=bomb) == "a document type is declared"
    assert "no member" in said(tmp_path, cells, a__xlsx=zip_of({"x": "1"}))
    assert "not a readable ZIP" in said(tmp_path, cells, a__xlsx="x")
    sheets = check("cells", path="b.xlsx", sheet="Other", cells=[{"cell": "A1", "equals": "x"}])
    assert said(tmp_path, sheets, b__xlsx=xlsx([("x",)])) == "sheets Sheet1"
    asked = check("phrases", path="a.docx", facts=[["x"]])
    assert said(tmp_path, asked, a__docx=zip_of({"word/document.xml": LAUGHS})) == (
        "a document type is declared"
    )
    assert "nothing of" in said(tmp_path, asked, a__docx=docx(("", "y")))


def test_rows_of_xml_and_cards_are_read_with_the_same_care(tmp_path: Path) -> None:
    asked = check("table", path="a.xml", at=("a", "b"), **TABLE)
    assert said(tmp_path, asked, a__xml=LAUGHS) == "a document type is declared"
    ragged = "<a>" + "".join(f"<b><c{n}/></b>" for n in range(5000)) + "</a>"
    assert said(tmp_path, asked, a__xml=ragged) == "too many columns"
    cards = check("table", path="a.vcf", columns=({"name": "FN"},), key=("FN",), rows=(("x",),))
    many = "BEGIN:VCARD\n" + "FN:x\n" * 5000 + "END:VCARD\n"
    assert said(tmp_path, cards, a__vcf=many) == "more than 100 times FN"
    nested = "BEGIN:VCARD\n" * 5000
    assert said(tmp_path, cards, a__vcf=nested) == "BEGIN:VCARD out of place"


def test_a_sheet_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    table = check("table", path="a.xlsx", **TABLE)
    parts = {
        "xl/workbook.xml": '<w xmlns:r="r"><sheets><sheet name="S" r:id="1"/></sheets></w>',
        "xl/_rels/workbook.xml.rels": '<r><x Id="1" Target="s.xml"/></r>',
    }
    assert "unpacks to too much" in said(
        tmp_path, table, a__xlsx=zip_of({**parts, "xl/s.xml": b" " * (17 * 1024**2)})
    )


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("CREATE TABLE t(x); CREATE VIEW s AS SELECT load_extension('x') AS id", "the query fails"),
        (f"{ENDLESS} SELECT max(id) AS id FROM n", "the query fails: interrupted"),
        (f"{ENDLESS} SELECT id FROM n", "more than"),
        ("CREATE TABLE t(id)", "the query fails: no such table"),
        ("CREATE TABLE s(id); INSERT INTO s VALUES (zeroblob(100))", "1 missing: A-1, 1 extra"),
    ],
)
def test_databases_that_act_are_held(tmp_path: Path, script: str, words: str) -> None:
    asked = check("table", path="a.db", query="SELECT id FROM s", **TABLE)
    assert words in said(tmp_path, asked, a__db=database(script))


def test_a_database_is_read_with_what_its_log_holds(tmp_path: Path) -> None:
    live = tmp_path / "live.db"
    connection = sqlite3.connect(live)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE s(id)")
    connection.execute("INSERT INTO s VALUES ('A-1')")
    connection.commit()
    (tmp_path / "a.db").write_bytes(live.read_bytes())
    (tmp_path / "a.db-wal").write_bytes((tmp_path / "live.db-wal").read_bytes())
    connection.close()
    before = (tmp_path / "a.db").read_bytes()
    asked = check("table", path="a.db", query="SELECT id FROM s", **TABLE)
    assert judge(tmp_path, asked)["passed"]
    assert (tmp_path / "a.db").read_bytes() == before


def test_no_part_of_a_path_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("x")
    (tmp_path / "out").symlink_to("real")
    asked = check("text", path="out/a.txt", text="x")
    assert said(tmp_path, asked) == "a symbolic link"
    tree = check("tree", root="", files={"real/a.txt": None})
    assert said(tmp_path, tree) == "unexpected: out"


def test_a_pattern_that_would_never_end_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a" * 40)
    asked = check("pattern", path="a.txt", pattern="(a+)+b").model_dump(mode="json")
    result = GRADER.run_check(lib("case").Case(str(tmp_path)), asked, CHECKS, 0.2)
    assert (result["passed"], result["found"]) == (False, "not checked: it takes too long")
