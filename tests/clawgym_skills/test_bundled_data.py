"""dataset-split, table-compare, priority-rank, json-schema and mail-merge: rows in, rows out."""

import csv
import io
import json
import mailbox
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of


@pytest.fixture
def split(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("dataset-split"))


@pytest.fixture
def compare(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("table-compare"))


@pytest.fixture
def rank(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("priority-rank"))


@pytest.fixture
def schema(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("json-schema"))


@pytest.fixture
def letters(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("mail-merge"))


def rows(workspace: Workspace, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(workspace.read(name), newline="")))


# -- dataset-split --------------------------------------------------------------------------


def orders(count: int) -> str:
    lines = [f'{n},g{n % 7},"note ""{n}"",\nline two"\n' for n in range(count)]
    return "id,group,note\n" + "".join(lines)


def test_shares_lose_nothing_and_keep_groups_together(split: Workspace):
    split.write("o.csv", orders(1000))
    split.ok(
        "shares", "o.csv", "-o", "p", "--share", "a=0.7", "--share", "b=0.3", "--group", "group"
    )
    parts = [rows(split, f"p/{name}.csv") for name in "ab"]
    assert sorted(int(row["id"]) for part in parts for row in part) == list(range(1000))
    groups = [{row["group"] for row in part} for part in parts]
    assert not groups[0] & groups[1]
    assert {row["note"] for part in parts for row in part} == {
        f'note "{n}",\nline two' for n in range(1000)
    }
    assert json.loads(split.read("p/parts.json"))["rows"] == 1000


def test_a_share_does_not_depend_on_the_order_of_the_file(split: Workspace):
    lines = [json.dumps({"id": n}) + "\n" for n in range(500)]
    split.write("a.jsonl", "".join(lines))
    split.write("b.jsonl", "".join(reversed(lines)))
    for name in "ab":
        split.ok("shares", f"{name}.jsonl", "-o", name, "--share", "x=0.5", "--share", "y=0.5")
    assert sorted(split.read("a/x.jsonl").split("\n")) == sorted(
        split.read("b/x.jsonl").split("\n")
    )
    assert 200 < split.read("a/x.jsonl").count("\n") < 300


def test_chunks_put_together_are_the_file(split: Workspace):
    text = orders(25).replace("\n", "\r\n").removesuffix("\r\n")
    split.write("o.csv", text)
    split.ok("chunks", "o.csv", "-o", "p", "--rows", "10")
    parts = [(split.root / f"p/part-000{n}.csv").read_bytes().decode() for n in (1, 2, 3)]
    header = "id,group,note\r\n"
    assert header + "".join(part.removeprefix(header) for part in parts) == text + "\n"


def test_values_that_make_bad_file_names(split: Workspace):
    values = ["../up", "a/b", "A/B", "", " ", "con", ".hidden", "é" * 100, "x,y"]
    lines = [f'"{value}",1\n' for value in values]
    split.write("o.csv", "k,v\n" + "".join(lines))
    split.ok("by", "o.csv", "-o", "p", "--column", "k")
    names = {path.name for path in (split.root / "p").iterdir()}
    assert {"up.csv", "a_b.csv", "A_B-2.csv", "blank.csv", "blank-2.csv", "con_.csv"} <= names
    assert len(names) == len(values) + 1
    assert "more than 3 values" in split.refused(
        "by", "o.csv", "-o", "q", "--column", "k", "--most", "3"
    )
    assert not (split.root / "q").exists()


def test_a_sample_is_reproducible_and_in_order(split: Workspace):
    split.write("o.tsv", "id\n" + "".join(f"{n}\n" for n in range(5000)))
    for name in ("a.tsv", "b.tsv"):
        split.ok("sample", "o.tsv", "-o", name, "--rows", "100", "--seed", "7")
    assert split.read("a.tsv") == split.read("b.tsv")
    drawn = [int(line) for line in split.read("a.tsv").split()[1:]]
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 100
    assert "wrote c.tsv: 5000 of 5000 rows" in split.ok(
        "sample", "o.tsv", "-o", "c.tsv", "--rows", "9999"
    )
    assert split.read("c.tsv") == split.read("o.tsv")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("o.csv", "", "is empty"),
        ("o.csv", 'a,b\n1,"open\n', "line 2: a quoted field is never closed"),
        ("o.csv", "a,b\n1\n", "line 2: 1 fields, but the header has 2"),
        ("o.csv", "x,y\n1,2\n", "no column 'a'; its columns are: x, y"),
        ("o.jsonl", '{"a": 1}\nnot json\n', "line 2 is not valid JSON"),
        ("o.jsonl", "[1]\n", "not an object"),
        ("o.xls", "", "must end in .csv, .tsv or .jsonl"),
    ],
)
def test_bad_input_leaves_no_folder(split: Workspace, name: str, text: str, message: str):
    split.write(name, text)
    assert message in split.refused("by", name, "-o", "p", "--column", "a")
    assert [path.name for path in split.root.iterdir()] == [name]


def test_shares_that_do_not_add_up_and_folders_in_use(split: Workspace):
    split.write("o.csv", "a\n1\n")
    assert "add up to 0.9" in split.refused("shares", "o.csv", "-o", "p", "--share", "x=0.9")
    split.write("p/keep.txt", "mine")
    assert "not an empty folder" in split.refused("chunks", "o.csv", "-o", "p", "--rows", "1")


# -- table-compare --------------------------------------------------------------------------


def test_numbers_blanks_tolerance_and_renamed_columns(compare: Workspace):
    compare.write("a.csv", 'sku,price,qty\n1,5.00,1\n2,9.99,\n3,"1,5",x\n')
    compare.write(
        "b.json",
        '[{"id": "1", "price": 5, "qty": 1.0}, {"id": 2, "price": 10.0, "qty": null},'
        ' {"id": 3, "price": 1.5, "qty": "x "}]',
    )
    command = ("compare", "a.csv", "b.json", "--key", "id", "--rename", "sku=id", "-o", "d.csv")
    assert compare.run(*command).status == 1
    assert [(row["id"], row["column"]) for row in rows(compare, "d.csv")] == [
        ("2", "price"),
        ("3", "price"),
    ]
    compare.run(*command, "--tolerance", "0.01")
    assert [row["id"] for row in rows(compare, "d.csv")] == ["3"]
    assert compare.run(*command, "--ignore", "price").status == 0


def test_a_key_that_repeats_is_no_key(compare: Workspace):
    compare.write("a.csv", "k,v\n1,a\n 1 ,b\n")
    compare.write("b.csv", "k,v\n1,a\n")
    assert "the key '1' appears twice" in compare.refused(
        "compare", "a.csv", "b.csv", "--key", "k", "-o", "d.csv"
    )
    compare.write("c.csv", "k\n1\n")
    outcome = compare.run("compare", "b.csv", "c.csv", "--key", "k", "-o", "d.csv")
    assert "only b.csv has v" in outcome.err
    assert outcome.status == 0
    assert "no column 'z'" in compare.refused(
        "compare", "a.csv", "b.csv", "--key", "z", "-o", "d.csv"
    )
    assert "is the input" in compare.refused(
        "compare", "a.csv", "b.csv", "--key", "k", "-o", "b.csv"
    )


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=2), st.sampled_from(["1", "2", "x", ""]), max_size=5
    ),
    st.dictionaries(
        st.text("abc", min_size=1, max_size=2), st.sampled_from(["1", "1.0", "x", ""]), max_size=5
    ),
)
def test_the_counts_add_up(old: dict[str, str], new: dict[str, str]):
    module = load("table-compare")
    arguments = module.parser().parse_args(["compare", "a", "b", "--key", "k", "-o", "o"])
    before, after = (
        {(key,): {"k": key, "v": value} for key, value in side.items()} for side in (old, new)
    )
    found = list(module.differences(before, after, ["v"], arguments))
    removed = sum(row["change"] == "removed" for row in found)
    added = sum(row["change"] == "added" for row in found)
    assert len(old) - removed + added == len(new)
    assert not list(module.differences(before, before, ["v"], arguments))


# -- priority-rank --------------------------------------------------------------------------


def test_ties_share_a_rank_and_blanks_come_last(rank: Workspace):
    rank.write("b.csv", "item,impact,due\na,5,\nb,5,10\nc,5,9\nd,1,1\n")
    rank.ok("weigh", "b.csv", "-o", "r.csv", "--weight", "impact=1", "--then", "due")
    assert [(r["rank"], r["score"], r["item"]) for r in rows(rank, "r.csv")] == [
        ("1", "100.00", "c"), ("1", "100.00", "b"), ("1", "100.00", "a"), ("4", "0.00", "d"),
    ]  # fmt: skip
    rank.ok(
        "weigh", "b.csv", "-o", "t.csv", "--weight", "impact=1", "--top", "2", "--then", "due:desc"
    )
    assert [r["item"] for r in rows(rank, "t.csv")] == ["b", "c", "a"]


def test_known_formulas(rank: Workspace):
    rank.write("r.json", '[{"reach": 100, "impact": 2, "confidence": "80%", "effort": 4}]')
    rank.ok("formula", "r.json", "-o", "o.json", "--name", "rice")
    assert json.loads(rank.read("o.json"))[0]["score"] == 40.0
    rank.write("w.csv", "value,urgency,risk,size\n5,3,1,2\n1,1,1,0\n")
    assert "row 2: size must be above 0" in rank.refused(
        "formula", "w.csv", "-o", "o.csv", "--name", "wsjf"
    )


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("a,b\nx,\n", ["--weight", "b=1"], "row 1: b is '', which is no plain number"),
        ("a,b\nx,1\n", ["--weight", "c=1"], "no column 'c'"),
        ("rank,b\nx,1\n", ["--weight", "b=1"], "has a column 'rank' already"),
        ("a,b\nx,1\n", ["--weight", "b=0"], "not of the form COLUMN=WEIGHT"),
        ("a,b\nx,1\n", ["--weight", "b=1", "--weight", "b=2"], "weighed twice"),
    ],
)
def test_what_cannot_be_ranked(rank: Workspace, text: str, arguments: list[str], message: str):
    rank.write("b.csv", text)
    assert message in rank.refused("weigh", "b.csv", "-o", "r.csv", *arguments)
    assert not (rank.root / "r.csv").exists()


# -- json-schema ----------------------------------------------------------------------------


def keywords(workspace: Workspace, schema: object, value: object) -> list[str]:
    workspace.write("s.json", json.dumps(schema))
    workspace.write("d.json", json.dumps(value))
    workspace.run("check", "d.json", "--schema", "s.json", "-o", "f.csv")
    return [row["keyword"] for row in rows(workspace, "f.csv")]


CLOSED = {"patternProperties": {"^x-": True}, "additionalProperties": False}
EITHER = {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"minimum": 2}}
CASES = [
    ({"type": "integer"}, 1.0, []),
    ({"type": "integer"}, True, ["type"]),
    ({"type": ["null", "string"]}, None, []),
    ({"enum": [1, "a"]}, True, ["enum"]),
    ({"const": 1}, 1.0, []),
    ({"multipleOf": 0.01}, 19.99, []),
    ({"exclusiveMinimum": 0}, 0, ["exclusiveMinimum"]),
    ({"maxLength": 1}, "é", []),
    ({"pattern": "^a"}, "ba", ["pattern"]),
    ({"uniqueItems": True}, [1, 1.0], ["uniqueItems"]),
    ({"uniqueItems": True}, [1, True], []),
    ({"prefixItems": [{"type": "string"}], "items": False}, ["a", 1], ["false"]),
    ({"items": [{"type": "string"}], "additionalItems": False}, ["a", 1], ["false"]),
    ({"contains": {"type": "string"}, "minContains": 2}, ["a", 1], ["contains"]),
    (CLOSED, {"x-a": 1, "b": 2}, ["additionalProperties"]),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, ["maxLength"]),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, ["dependentRequired"]),
    ({"oneOf": [{"type": "number"}, {"minimum": 5}]}, 7, ["oneOf"]),
    ({"not": {"type": "string"}}, "x", ["not"]),
    (EITHER, "a", ["minLength"]),
    (EITHER, 1, ["minimum"]),
    ({"format": "date"}, "2026-02-30", ["format"]),
    ({"format": "date-time"}, "2026-03-01T10:00:00.5Z", []),
    ({"format": "date-time"}, "2026-03-01 10:00", ["format"]),
    ({"format": "ipv4"}, "256.1.1.1", ["format"]),
    ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "null"}}}, 1, ["type"]),
    ({"properties": {"n": {"$ref": "#"}}, "type": "object"}, {"n": {"n": 1}}, ["type"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value", "expected"), CASES)
def test_each_keyword_means_what_the_standard_says(schema: Workspace, rule, value, expected):
    assert keywords(schema, rule, value) == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"unevaluatedProperties": False}, "keyword 'unevaluatedProperties' is not known"),
        ({"$ref": "https://example.org/s.json"}, "leads out of the schema"),
        ({"$ref": "#/$defs/gone"}, "leads nowhere"),
        ({"type": "text"}, "unknown type"),
        ({"pattern": "("}, "not what the standard asks for"),
        ({"$ref": "#"}, "deeper than 200"),
        ([], "must be an object"),
    ],
)
def test_a_schema_that_cannot_be_trusted_is_an_error(schema: Workspace, rule, message: str):
    schema.write("s.json", json.dumps(rule))
    schema.write("d.json", '"x"')
    assert message in schema.refused("check", "d.json", "--schema", "s.json")


def test_lines_lists_and_damaged_data(schema: Workspace):
    schema.write("s.json", '{"type": "integer"}')
    schema.write("d.jsonl", '1\n\n"x"\n')
    assert "2 documents, 1 invalid" in schema.run("check", "d.jsonl", "--schema", "s.json").out
    schema.write("d.json", "[1, 2]")
    assert schema.run("check", "d.json", "--schema", "s.json", "--each").status == 0
    schema.write("d.json", '{"a": NaN}')
    assert "not valid JSON" in schema.refused("check", "d.json", "--schema", "s.json")
    schema.write("d.jsonl", b'"\xff"\n')
    assert "not UTF-8" in schema.refused("check", "d.jsonl", "--schema", "s.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.lists(JSON, min_size=1, max_size=6))
def test_an_inferred_schema_fits_its_examples(values: list[object]):
    module = load("json-schema")
    drafted = module.inferred(values)
    checker = module.Schema(Path("s.json"), drafted)
    assert [list(checker.violations(value, drafted)) for value in values] == [[]] * len(values)


# -- mail-merge -----------------------------------------------------------------------------


def test_gaps_defaults_forms_and_cells_that_look_like_gaps(letters: Workspace):
    letters.write("r.csv", "id,name,amount\n1,{{id}},2.345\n2,ANA,-10\n")
    letters.write("t.txt", "{{name:title}} {{ amount : .2f }} {{name|none}}\r\n")
    letters.ok("fill", "r.csv", "t.txt", "-o", "out", "--name", "{{id}}.txt")
    assert letters.read("out/1.txt") == "{{Id}} 2.35 {{id}}\r\n"
    assert letters.read("out/2.txt") == "Ana -10.00 ANA\r\n"


def test_a_blank_cell_is_found_before_anything_is_written(letters: Workspace):
    letters.write("r.csv", "id,name\n1,\n2,Rui\n3, \n")
    letters.write("t.txt", "Dear {{name}},")
    outcome = letters.run("check", "r.csv", "t.txt")
    assert outcome.status == 1
    assert outcome.out.endswith("3 rows, 2 problems\n")
    assert "row 1: name is blank" in letters.refused(
        "fill", "r.csv", "t.txt", "-o", "o", "--name", "{{id}}"
    )
    assert not (letters.root / "o").exists()


@pytest.mark.parametrize(
    ("template", "name", "message"),
    [
        ("{{nmae}}", "{{id}}", "no column 'nmae'; the columns are: id, v"),
        ("{{id", "{{id}}", "a gap is not closed"),
        ("{{id:.9f}}", "{{id}}", "unknown form"),
        ("{{v:.2f}}", "{{id}}", "row 1: v is 'a/b', which is no plain number"),
        ("x", "{{v}}", "cannot be the name of a file"),
        ("x", "same.txt", "rows 1 and 2 would both be same.txt"),
        ("x", ".{{id}}", "cannot be the name of a file"),
    ],
)
def test_what_cannot_be_filled(letters: Workspace, template: str, name: str, message: str):
    letters.write("r.csv", "id,v\n1,a/b\n2,c\n")
    letters.write("t.txt", template)
    assert message in letters.refused("fill", "r.csv", "t.txt", "-o", "o", "--name", name)
    assert sorted(path.name for path in letters.root.iterdir()) == ["r.csv", "t.txt"]


def test_drafts_are_messages_that_a_mail_program_reads(letters: Workspace):
    letters.write(
        "r.json", '[{"mail": "ana@x.org", "name": "Zoë"}, {"mail": "rui@x.org", "name": "Rui"}]'
    )
    letters.write("t.txt", "Olá {{name}},\n\nFrom here on it is text.\n")
    letters.ok(
        "draft",
        "r.json",
        "t.txt",
        "-o",
        "d.mbox",
        "--to",
        "mail",
        "--sender",
        "me@x.org",
        "--subject",
        "Für {{name}}",
    )
    first, second = mailbox.mbox(letters.root / "d.mbox")
    assert (first["To"], first["X-Unsent"], second["To"]) == ("ana@x.org", "1", "rui@x.org")
    text = first.get_payload(decode=True).decode()
    assert text == "Olá Zoë,\n\n>From here on it is text.\n"


@pytest.mark.parametrize("mail", ["no-at", "a@b.org, c@d.org", "a@b.org\nBcc: x@y.org", ""])
def test_addresses_cannot_smuggle_headers(letters: Workspace, mail: str):
    letters.write("r.json", json.dumps([{"mail": mail}]))
    letters.write("t.txt", "x")
    refused = letters.refused(
        "draft",
        "r.json",
        "t.txt",
        "-o",
        "d.mbox",
        "--to",
        "mail",
        "--sender",
        "me@x.org",
        "--subject",
        "s",
    )
    assert "cannot be the To" in refused
