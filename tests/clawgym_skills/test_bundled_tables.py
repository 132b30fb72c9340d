"""csv-analysis, json-query, record-merge and markdown-report on realistic rows."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of

ORDERS = '''id,customer,city,amount,note
1,"Sousa, Ana",São Paulo,10.50,
2,Rui,Porto,20,"said ""no"""
3,Zoë,Porto,,"two
lines"
4,"Sousa, Ana",São Paulo,7.255,007
'''


@pytest.fixture
def table(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("csv-analysis"))


@pytest.fixture
def query(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("json-query"))


@pytest.fixture
def merge(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("record-merge"))


@pytest.fixture
def report(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("markdown-report"))


# -- csv-analysis ---------------------------------------------------------------------------


def test_filter_keeps_rows_as_they_are(table: Workspace):
    table.write("o.csv", ORDERS)
    table.ok("filter", "o.csv", "-o", "new/out.csv", "--where", "city == Porto")
    assert table.read("new/out.csv") == (
        'id,customer,city,amount,note\n2,Rui,Porto,20,"said ""no"""\n3,Zoë,Porto,,"two\nlines"\n'
    )


def test_conditions_compare_numbers_or_text_and_must_all_hold():
    script = load("csv-analysis")
    cases = [
        ("amount >= 9", {"amount": "10.50"}, True),  # as text "10.50" < "9"
        ("amount < 100", {"amount": ""}, False),
        ("amount != 5", {"amount": ""}, True),
        ("amount == 10.5", {"amount": "10.50"}, True),
        ("code == 7", {"code": "007"}, False),
        ("date >= 2026-02-01", {"date": "2026-01-31"}, False),
        ("name contains ana", {"name": "Joana"}, True),
        ("name contains Ana", {"name": "Joana"}, False),
        ("name == 'a b'", {"name": "a b"}, True),
        ("first name == x", {"first name": "x"}, True),
        ("name==x", {"name": "x"}, True),
        ("open == true", {"open": True}, True),
        ("open == ", {"open": None}, True),
        ("n <= 3", {"n": 3}, True),
    ]
    for text, row, expected in cases:
        rule = script.condition(text)
        assert rule.holds(row.get(rule.column)) is expected, text


def test_aggregate_measures_in_the_order_given(table: Workspace):
    table.write("o.csv", ORDERS)
    measures = ["count", "sum:amount", "mean:amount", "max:id", "min:amount"]
    outcome = table.run(
        *("aggregate", "o.csv", "-o", "out.csv", "--by", "city"),
        *(part for each in measures for part in ("--measure", each)),
    )
    assert outcome.status == 0
    assert "1 blank values of amount do not count" in outcome.err
    assert table.read("out.csv") == (
        "city,count,sum_amount,mean_amount,max_id,min_amount\n"
        "Porto,2,20.0,20.0,3,20.0\n"
        "São Paulo,2,17.76,8.88,4,7.26\n"
    )


def test_groups_of_numbers_are_sorted_by_value(table: Workspace):
    table.write("y.csv", "year,n\n10,1\n9,2\n10,3\n")
    table.ok("aggregate", "y.csv", "-o", "out.json", "--by", "year", "--measure", "sum:n")
    assert json.loads(table.read("out.json")) == [
        {"year": 9, "sum_n": 2},
        {"year": 10, "sum_n": 4},
    ]


def test_csv_to_json_makes_plain_numbers_numbers(table: Workspace):
    table.write("t.csv", "a,b,c,d,e\n12,-3.50,007,1e3,São\n")
    table.ok("convert", "t.csv", "-o", "t.json")
    text = (
        '[\n  {\n    "a": 12,\n    "b": -3.5,\n    "c": "007",\n    "d": "1e3",\n    "e": "São"\n'
    )
    assert table.read("t.json") == text + "  }\n]\n"


def test_json_keeps_its_types_and_tsv_uses_tabs(table: Workspace):
    table.write("t.jsonl", '{"a": "12", "b": 1.0, "c": null}\n\n{"a": "x\\ty", "d": [1]}\n')
    table.ok("convert", "t.jsonl", "-o", "t.json")
    assert json.loads(table.read("t.json")) == [
        {"a": "12", "b": 1.0, "c": None},
        {"a": "x\ty", "d": [1]},
    ]
    table.ok("convert", "t.jsonl", "-o", "t.tsv")
    assert table.read("t.tsv") == 'a\tb\tc\td\n12\t1.0\t\t\n"x\ty"\t\t\t[1]\n'


def test_sort_puts_blanks_last_and_stays_stable(table: Workspace):
    table.write("o.csv", "id,n\n1,2\n2,\n3,10\n4,2\n")
    table.ok("sort", "o.csv", "-o", "up.csv", "--by", "n")
    assert table.read("up.csv") == "id,n\n1,2\n4,2\n3,10\n2,\n"
    table.ok("sort", "o.csv", "-o", "down.csv", "--by", "n", "--desc")
    assert table.read("down.csv") == "id,n\n3,10\n1,2\n4,2\n2,\n"


def test_stats_profile_every_column(table: Workspace):
    table.write("o.csv", ORDERS)
    facts = json.loads(table.ok("stats", "o.csv", "--json"))
    assert facts["rows"] == 4
    by_name = {each["column"]: each for each in facts["columns"]}
    assert by_name["amount"]["type"] == "number"
    assert by_name["amount"]["blank"] == 1
    assert by_name["city"]["top"] == "'São Paulo' x2, 'Porto' x2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n1\n", "line 2: 1 fields, but the header has 2"),
        ("a,a\n1,2\n", "appears twice"),
        ('a,b\n"1,2\n', "line 2"),
        (b"a\n\xff\n", "not UTF-8"),
    ],
    ids=["empty", "ragged", "repeated", "unclosed", "latin1"],
)
def test_bad_tables_are_named_and_nothing_is_written(
    table: Workspace, text: str | bytes, message: str
):
    table.write("bad.csv", text)
    assert message in table.refused("convert", "bad.csv", "-o", "out.json")
    assert not (table.root / "out.json").exists()


def test_usage_errors_say_what_exists(table: Workspace):
    table.write("o.csv", ORDERS)
    where = ("--where", "nope == 1")
    columns = "id, customer, city, amount, note"
    assert columns in table.refused("filter", "o.csv", "-o", "out.csv", *where)
    assert "is the input" in table.refused("convert", "o.csv", "-o", "./o.csv")
    assert ".jsonl" in table.refused("convert", "o.csv", "-o", "out.xlsx")
    assert "OP one of" in table.refused("filter", "o.csv", "-o", "out.csv", "--where", "id = 1")
    measure = ("--measure", "sum:customer")
    assert "row 1: customer is 'Sousa, Ana'" in table.refused(
        "aggregate", "o.csv", "-o", "out.csv", "--by", "city", *measure
    )
    assert "No such file" in table.refused("stats", "missing.csv")
    assert table.read("o.csv") == ORDERS


TABLE = load("csv-analysis")
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.tuples(CELL, CELL), max_size=4), st.sampled_from([",", "\t"]))
def test_what_is_written_as_csv_reads_back(rows: list[tuple[str, str]], delimiter: str):
    table = TABLE.Table(["a", "b"], [dict(zip("ab", row, strict=True)) for row in rows], False)
    text = TABLE.delimited(table, delimiter)
    assert TABLE.parse_delimited(Path("x.csv"), text, delimiter) == table


@given(st.text(alphabet="01-.9e", max_size=6))
def test_only_plain_numbers_become_numbers(text: str):
    value = TABLE.as_json_value(text)
    assert value == text or float(text) == value
    assert isinstance(value, str) == (TABLE.as_number(text) is None)


# -- json-query -----------------------------------------------------------------------------

TICKETS: list[dict[str, object]] = [
    {"id": 1, "owner": {"name": "Ana", "team": "a"}, "tags": ["x"], "hours": 1.5},
    {"id": 2, "owner": {"name": "Zoë", "team": "b"}, "tags": [], "hours": 2},
    {"id": 3, "owner": None, "a.b": "dot", "hours": None},
]


def test_nested_fields_filter_and_keep_records_whole(query: Workspace):
    query.write("t.json", json.dumps(TICKETS))
    query.ok("filter", "t.json", "-o", "out.jsonl", "--where", "owner.team == b")
    assert json.loads(query.read("out.jsonl")) == TICKETS[1]
    assert "Zoë" in query.read("out.jsonl")
    query.ok("filter", "t.json", "-o", "out.json", "--where", "a.b == dot")
    assert json.loads(query.read("out.json")) == [TICKETS[2]]


def test_nested_fields_group_and_blank_groups_come_last(query: Workspace):
    query.write("t.json", json.dumps(TICKETS))
    query.ok(
        *("aggregate", "t.json", "-o", "out.json", "--by", "owner.team"),
        *("--measure", "count", "--measure", "sum:hours"),
    )
    assert json.loads(query.read("out.json")) == [
        {"owner.team": "a", "count": 1, "sum_hours": 1.5},
        {"owner.team": "b", "count": 1, "sum_hours": 2.0},
        {"owner.team": None, "count": 1, "sum_hours": 0},
    ]


def test_csv_output_has_one_column_per_path(query: Workspace):
    query.write("t.json", json.dumps(TICKETS))
    query.ok("convert", "t.json", "-o", "out.csv")
    assert query.read("out.csv") == (
        "id,owner.name,owner.team,tags,hours,owner,a.b\n"
        '1,Ana,a,"[""x""]",1.5,,\n2,Zoë,b,[],2,,\n3,,,,,,dot\n'
    )


def test_get_walks_objects_and_lists(query: Workspace):
    query.write("t.json", json.dumps({"items": TICKETS}))
    assert query.ok("get", "t.json", "items.1.owner.name") == "Zoë\n"
    assert query.ok("get", "t.json", "items.0.tags") == '[\n  "x"\n]\n'
    assert "there is: id, owner, tags, hours" in query.refused("get", "t.json", "items.0.nope")
    assert "a list of 3" in query.refused("get", "t.json", "items.9")


def test_bad_json_is_named(query: Workspace):
    query.write("bad.jsonl", '{"a": 1}\n{"a": \n')
    assert "bad.jsonl, line 2" in query.refused("convert", "bad.jsonl", "-o", "out.csv")
    query.write("nan.json", '[{"a": NaN}]')
    assert "NaN" in query.refused("convert", "nan.json", "-o", "out.csv")
    query.write("deep.json", "[" * 100_000)
    assert "not valid JSON" in query.refused("convert", "deep.json", "-o", "out.csv")
    query.write("object.json", "{}")
    assert "list of objects" in query.refused("convert", "object.json", "-o", "out.csv")
    query.write("t.json", json.dumps(TICKETS))
    refused = query.refused("filter", "t.json", "-o", "o.json", "--where", "owner.nope == 1")
    assert "owner.name, owner.team" in refused


def test_an_empty_list_is_no_error(query: Workspace):
    query.write("t.json", "[]")
    query.ok("filter", "t.json", "-o", "out.json", "--where", "a == 1")
    assert query.read("out.json") == "[]\n"


# -- record-merge ---------------------------------------------------------------------------


def test_dedup_keeps_the_first_or_last_in_the_order_of_the_input(merge: Workspace):
    merge.write("c.csv", "id,mail\n1, A@x.org\n2,b@x.org\n3,a@X.org \n4,STRASSE\n5,straße\n")
    merge.ok("dedup", "c.csv", "-o", "first.csv", "--key", "mail")
    assert merge.read("first.csv") == "id,mail\n1, A@x.org\n2,b@x.org\n4,STRASSE\n"
    merge.ok("dedup", "c.csv", "-o", "last.csv", "--key", "mail", "--keep", "last")
    assert merge.read("last.csv") == "id,mail\n2,b@x.org\n3,a@X.org \n5,straße\n"


def test_dedup_by_several_columns_keeps_json_types(merge: Workspace):
    merge.write("c.jsonl", '{"a": 1, "b": "x"}\n{"a": 1, "b": "y"}\n{"a": "1", "b": "X "}\n')
    merge.ok("dedup", "c.jsonl", "-o", "out.jsonl", "--key", "a,b")
    assert merge.read("out.jsonl") == '{"a": 1, "b": "x"}\n{"a": 1, "b": "y"}\n'


def test_join_repeats_rows_and_marks_clashes(merge: Workspace):
    merge.write("l.csv", "id,name\n2,Ana\n1,Rui\n,None\n3,Zoë\n")
    merge.write("r.csv", "name,id,city\nx,1,Porto\ny,1,Faro\nz,2,\nw,,Nowhere\n")
    merge.ok("join", "l.csv", "r.csv", "-o", "in.csv", "--on", "id")
    assert merge.read("in.csv") == (
        "id,name,name_right,city\n2,Ana,z,\n1,Rui,x,Porto\n1,Rui,y,Faro\n"
    )
    merge.ok("join", "l.csv", "r.csv", "-o", "left.json", "--on", "id", "--how", "left")
    rows = json.loads(merge.read("left.json"))
    assert [row["id"] for row in rows] == [2, 1, 1, "", 3]
    assert rows[-1] == {"id": 3, "name": "Zoë", "name_right": None, "city": None}


def test_join_across_formats_matches_numbers_with_text(merge: Workspace):
    merge.write("l.json", '[{"id": 7, "code": "07"}]')
    merge.write("r.csv", "id,price\n7,1.50\n")
    merge.ok("join", "l.json", "r.csv", "-o", "out.json", "--on", "id")
    assert json.loads(merge.read("out.json")) == [{"id": 7, "code": "07", "price": 1.5}]
    assert "r.csv has no column 'code'" in merge.refused(
        "join", "l.json", "r.csv", "-o", "out2.json", "--on", "code"
    )


# -- markdown-report ------------------------------------------------------------------------


def test_report_escapes_cells_and_totals_exactly(report: Workspace):
    report.write("r.csv", 'who,note,amount,n\nAna,a|b,0.10,1\nRui,"two\nlines",0.20,2\nZoë,,,3\n')
    report.ok(
        *("report", "r.csv", "-o", "out/r.md", "--title", "All  of it", "--note", "Draft."),
        *("--total", "amount", "--total", "n", "--columns", "who,note,n"),
    )
    assert report.read("out/r.md") == (
        "# All of it\n\n| who | note | n |\n| --- | --- | ---: |\n| Ana | a\\|b | 1 |\n"
        "| Rui | two<br>lines | 2 |\n| Zoë |  | 3 |\n\n"
        "Total amount: 0.3\n\nTotal n: 6\n\nRows: 3\n\nDraft.\n"
    )


def test_report_of_no_rows_and_of_wrong_columns(report: Workspace):
    report.write("empty.csv", "a,b\n")
    report.ok("report", "empty.csv", "-o", "e.md", "--title", "T", "--total", "a")
    assert report.read("e.md").endswith("| --- | --- |\n\nTotal a: 0\n\nRows: 0\n")
    report.write("none.json", "[]")
    report.ok("report", "none.json", "-o", "n.md", "--title", "T")
    assert report.read("n.md") == "# T\n\nRows: 0\n"
    refused = report.refused("report", "empty.csv", "-o", "x.md", "--title", "T", "--columns", "c")
    assert "its columns are: a, b" in refused
    report.write("text.csv", "a\nEUR 5\n")
    refused = report.refused("report", "text.csv", "-o", "x.md", "--title", "T", "--total", "a")
    assert "row 1: a is 'EUR 5'" in refused
    assert not (report.root / "x.md").exists()


REPORT = load("markdown-report")


@given(st.decimals(-(10**9), 10**9, places=3))
def test_totals_have_no_needless_zeros(value: object):
    text = REPORT.total_text(value)
    assert abs(REPORT.Decimal(text) - value) <= REPORT.Decimal("0.005")
    assert text == "0" or not text.endswith(".")
    assert "." not in text or not text.endswith("0")
    assert text != "-0"
