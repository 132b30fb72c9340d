"""Mutants: each has one mistake that a reader would mind, and the same seed gives the same ones."""

import csv
import io
import json
import sqlite3
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.files import Files
from clawgym.task import Task
from tests.verify import bad_verifiers as bad
from tests.verify.bad_verifiers import task_with
from verify.mutants import breed
from verify.mutants.cells import off_by_one, stale_for, wrong_date
from verify.mutants.databases import DatabaseFormat
from verify.mutants.documents import DocumentFormat
from verify.mutants.exports import BookRows, EntryRows, PageRows, XmlRows
from verify.mutants.lines import LineFormat
from verify.mutants.mutant import Format, Surroundings
from verify.mutants.rows import RowFormat
from verify.mutants.settings import SettingsFormat
from verify.mutants.trees import TreeFormat
from verify.workbooks import workbook

TABLE = b"day,city,total\n2026-01-02,Bonn,6.50\n2026-01-03,Jena,5\n2026-01-04,Ulm,7\n"
REPORT = b"# Totals\n\n| city | total |\n| --- | --- |\n| Bonn | 6 |\n| Jena | 5 |\n\nTotal: 11\n"
CONFIG = b"# limits\n[net]\nretries = 3\nhost = a\n[disk]\nquota = 20\n"
DIARY = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260102T0900\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
NESTED = b'{"name": "Bonn", "since": "2026-01-02", "ok": true, "sizes": [1, 2], "at": {"x": 4}}'


def database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE city (name TEXT, total INTEGER)")
    connection.executemany("INSERT INTO city VALUES (?, ?)", [("Bonn", 6), ("Jena", 5)])
    connection.commit()
    return connection.serialize()


XML = (
    b"<days><day><date>2026-01-02</date><city>Bonn</city><total>6</total></day>"
    b"<day><date>2026-01-03</date><city>Jena</city><total>5</total></day></days>"
)
PAGE = (
    b"<h1>Days</h1><table><thead><tr><th>date<th>city<th>total</thead>"
    b"<tr><td>2026-01-02<td>Bonn<td>6<tr><td>2026-01-03<td>Jena<td>5</table>"
)
BOOK = workbook(
    {"Days": [["date", "city", "total"], ["2026-01-02", "Bonn", 6], ["2026-01-03", "Jena", 5]]}
)
EVENTS = b"BEGIN:VCALENDAR\r\n%sEND:VCALENDAR\r\n" % b"".join(
    b"BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:%s\r\nSUMMARY:%s\r\n"
    b"LOCATION:R%s\r\nUID:%s\r\nEND:VEVENT\r\n" % parts
    for parts in ((b"20260102", b"Bonn", b"oom", b"6"), (b"20260103", b"Jena", b"adio", b"5"))
)
CARDS = b"".join(
    b"BEGIN:VCARD\nVERSION:3.0\nN:%s\nFN:%s\nORG:%s\nTEL:%s\nEND:VCARD\n" % parts
    for parts in ((b"Ana", b"Ana", b"Alder", b"+4411"), (b"Ben", b"Ben", b"Finch", b"+4412"))
)
OF_ROWS = {
    *("drop-row", "add-row", "duplicate-row", "off-by-one", "swapped-fields", "truncated"),
    *("wrong-date", "empty-cell", "drop-column", "rename-column"),
}

FORMATS: list[tuple[Format, bytes, set[str]]] = [
    (
        RowFormat(".csv"),
        TABLE,
        {
            *("drop-row", "add-row", "duplicate-row", "off-by-one", "swapped-fields", "truncated"),
            *("wrong-date", "stale-value", "empty-cell", "drop-column", "rename-column"),
        },
    ),
    (TreeFormat(".json"), NESTED, {"off-by-one", "drop-key", "drop-item", "flipped", "wrong-date"}),
    (DocumentFormat(), REPORT, {"drop-row", "off-by-one", "drop-figure", "no-title", "truncated"}),
    (SettingsFormat(), CONFIG, {"off-by-one", "drop-key", "add-key", "drop-comment"}),
    (LineFormat(".ics"), DIARY, {"drop-line", "wrong-date", "truncated"}),
    (LineFormat(".txt"), b"3 birds on 2026-01-02\nand more\n", {"off-by-one", "drop-line"}),
    (
        DatabaseFormat(),
        database(),
        {
            *("drop-row", "off-by-one", "empty-cell", "duplicate-row", "rename-table"),
            "swapped-fields",
        },
    ),
    (XmlRows(), XML, OF_ROWS),
    (PageRows(), PAGE, OF_ROWS),
    (BookRows(), BOOK, OF_ROWS),
    (EntryRows(".ics"), EVENTS, OF_ROWS),
    (EntryRows(".vcf"), CARDS, OF_ROWS - {"wrong-date"}),
    (TreeFormat(".toml"), b'a = 1\nb = "x"\n', {"off-by-one", "drop-key", "empty-cell"}),
    (TreeFormat(".yaml"), b"a: 1\nb: [x, y]\n", {"off-by-one", "drop-key", "drop-item"}),
]
AROUND = Surroundings({"": ("17", "99", "2025-12-31", "Kiel")})


@pytest.mark.parametrize(
    ("form", "data", "operators"), FORMATS, ids=lambda value: type(value).__name__
)
def test_each_format_makes_its_mistakes_and_each_changes_the_meaning(
    form: Format, data: bytes, operators: set[str]
) -> None:
    sites = form.sites(data, AROUND, Random(0))
    assert operators <= {site.operator for site in sites}
    meaning, same = form.meaning(data, ordered=False), 0
    for site in sites:
        spoilt = site.make()
        assert spoilt != data
        if spoilt is not None and meaning == _meaning(form, spoilt):
            same += 1
    assert same <= len(sites) / 10


def _meaning(form: Format, data: bytes) -> object:
    try:
        return form.meaning(data, ordered=False)
    except ValueError:
        return None


def test_what_means_the_same_is_recognised() -> None:
    rows = RowFormat(".csv")
    other = b"city,total,day\r\nJena,5.00,2026-01-03\r\nUlm,7,2026-01-04\r\nBonn,6.5,2026-01-02\r\n"
    assert rows.meaning(TABLE, ordered=False) == rows.meaning(other, ordered=False)
    assert rows.meaning(TABLE, ordered=True) != rows.meaning(other, ordered=True)
    report = REPORT.replace(b"| Bonn | 6 |", b"|Bonn|6.0|").replace(b"Total", b"**Total**")
    assert DocumentFormat().meaning(REPORT, ordered=False) == DocumentFormat().meaning(
        report, ordered=False
    )
    config = b"[disk]\nquota=20\n# limits\n[net]\nhost=a\nretries=3\n"
    same = SettingsFormat().meaning(CONFIG, ordered=False)
    assert SettingsFormat().meaning(config, ordered=False) != None  # noqa: E711 - it is readable
    assert SettingsFormat().meaning(config, ordered=False) == same


def test_rows_may_be_unsorted_only_where_a_check_wants_them_sorted() -> None:
    form = RowFormat(".csv")
    around = Surroundings(ordered=True)
    assert "unsorted" in {site.operator for site in form.sites(TABLE, around, Random(0))}
    assert "unsorted" not in {site.operator for site in form.sites(TABLE, AROUND, Random(0))}


@pytest.mark.parametrize(
    ("cell", "more"),
    [("6", "7"), ("6.50", "7.50"), (6, 7), (2.5, 3.5), ("-1", "0"), ("x", None), (True, None)],
)
def test_off_by_one_keeps_the_way_a_number_is_written(cell: str | float, more: object) -> None:
    assert off_by_one(cell) == more


def test_a_wrong_date_is_a_date_in_another_order() -> None:
    assert wrong_date("on 2026-01-31") == "on 31/01/2026"
    assert wrong_date("20260131T0900") == "31012026T0900"
    assert wrong_date("120260131") is None
    assert wrong_date("no date") is None


def test_a_stale_value_is_of_the_same_kind_and_differs() -> None:
    assert stale_for("5", ("5.0", "Bonn", "7"), Random(0)) == "7"
    assert stale_for(5, ("7",), Random(0)) == 7
    assert stale_for("Bonn", ("5", " Bonn ", "Jena"), Random(0)) == "Jena"
    assert stale_for("Bonn", ("5",), Random(0)) is None


def test_the_same_seed_gives_the_same_mutants(generated: list[Task]) -> None:
    task = task_with(bad.SOUND)
    solved = task.workspace | Files({"totals.csv": "city,total\nBonn,6\nJena,5\n"})
    one, two = breed(task, solved, seed=1, limit=20), breed(task, solved, seed=1, limit=20)
    assert one == two
    assert len(one.mutants) == 20 < one.possible
    assert len({mutant.name for mutant in one.mutants}) == 20
    assert breed(task, solved, seed=2, limit=20) != one


def test_every_kind_of_mistake_comes_before_any_comes_twice() -> None:
    task = task_with(bad.SOUND)
    solved = task.workspace | Files({"totals.csv": "city,total\nBonn,6\nJena,5\nUlm,9\n"})
    few = breed(task, solved, limit=12).mutants
    kinds = [mutant.operator for mutant in few]
    assert len(set(kinds)) == len(kinds)
    assert {"removed", "edited-input"} <= set(kinds)


def test_inputs_that_the_solution_left_alone_are_edited_and_removed() -> None:
    task = task_with(bad.SOUND)
    brood = breed(task, task.workspace | Files({"totals.csv": "city,total\nBonn,6\n"}), limit=99)
    spoilt = {m.operator: m.data for m in brood.mutants if m.path == "sales.csv"}
    assert set(spoilt) == {"edited-input", "deleted-input"}
    assert spoilt["deleted-input"] is None


def test_files_of_unknown_kinds_are_named() -> None:
    task = task_with(bad.SOUND)
    brood = breed(task, task.workspace | Files({"model.bin": b"\x00\x01", "odd.csv": b"\xff"}))
    assert set(brood.opaque) == {"model.bin", "odd.csv"}
    assert {"removed", "emptied"} <= {m.operator for m in brood.mutants if m.path == "model.bin"}


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@settings(max_examples=60)
@given(st.lists(st.lists(_CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_any_table_can_be_bred_from(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["a", "b"], *rows])
    objects = json.dumps([dict(zip("ab", row, strict=True)) for row in rows])
    task = task_with(bad.SOUND)
    made = Files({"t.csv": out.getvalue(), "t.json": objects, "t.md": out.getvalue()})
    for mutant in breed(task, task.workspace | made, limit=200).mutants:
        if mutant.data is not None and mutant.path in made:
            assert mutant.data != made[mutant.path].data


def test_a_page_keeps_what_it_says_besides_its_table() -> None:
    [site, *_] = [
        site for site in PageRows().sites(PAGE, AROUND, Random(0)) if site.operator == "drop-row"
    ]
    spoilt = site.make()
    assert spoilt
    assert b"<h1>Days</h1>" in spoilt
    assert b"Bonn" not in spoilt


def test_a_time_stamp_is_nothing_that_anybody_reads() -> None:
    other = EVENTS.replace(b"DTSTAMP:20260101", b"DTSTAMP:20260202")
    form = EntryRows(".ics")
    assert form.meaning(other, ordered=False) == form.meaning(EVENTS, ordered=False)


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (XmlRows(), b'<!DOCTYPE a [<!ENTITY x "ha">]><a><b><c>&x;</c></b></a>'),
        (XmlRows(), b"<a><b><c><d/></c></b></a>"),
        (PageRows(), b"<p>no table</p>"),
        (BookRows(), b"no archive"),
        (EntryRows(".ics"), b"no line"),
    ],
)
def test_what_holds_no_rows_is_refused(form: Format, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        form.meaning(data, ordered=False)
