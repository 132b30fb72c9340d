"""One example for every type of check: a right answer, and answers that are almost right."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from clawgym.reward import CheckRole
from tests.verify.answers import database, docx, tar_of, xlsx, zip_of
from tests.verify.grader import CSV, INI, REPORT, ROWS
from verify.checks import BaseCheck, Check

Answer = Mapping[str, str | bytes]
_CHECK: TypeAdapter[BaseCheck] = TypeAdapter(Check)
GATES = {"exists", "program_exit", "idempotent"}


def sha(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def check(type: str, **parameters: object) -> BaseCheck:
    role = CheckRole.GATE if type in GATES else CheckRole.CORE
    head = {"id": f"n1.{type}", "node": "n1", "role": role, "requirement": "r", "expected": "e"}
    return _CHECK.validate_python({**head, "type": type, **parameters})


@dataclass(frozen=True)
class Example:
    """`wrong` are other workspaces, by what is wrong with them; `logs` what the harness left."""

    check: BaseCheck
    right: Answer
    wrong: Mapping[str, Answer]
    logs: Answer = field(default_factory=dict[str, str])
    wrong_logs: Mapping[str, Answer] = field(default_factory=dict[str, dict[str, str]])


def replaced(path: str, text: str, /, **edits: tuple[str, str]) -> dict[str, Answer]:
    """The workspaces that differ from a right one by one replacement each."""
    assert all(old in text for old, _ in edits.values()), (path, edits)
    changed = {name: {path: text.replace(old, new, 1)} for name, (old, new) in edits.items()}
    return {**changed, "missing": {}, "empty": {path: ""}}


LEGACY = {"columns": ("id", "customer", "amount"), "numeric": (False, False, True), "key": ("id",)}
CELLS = {
    "drop": ("A-2,Foxglove,100.00\n", ""),
    "off_by_one": ("100.00", "101.00"),
    "swapped": ("A-2,Foxglove", "Foxglove,A-2"),
    "header": ("customer", "client"),
}
CONFIG = {
    "values": {"api": {"timeout": "90"}},
    "kept": {"api": {"enabled": "yes"}, "limits": {"web": "7"}},
    "comments": ("# Managed by hand.",),
}
PROSE = """# Quarterly note

Total revenue in Q3 2026 was **$1,234,500** across 12 regions. The churn rate fell to 3.5%.

The contract ends on 5 March 2027. Support stays with the Lisbon team.
"""
PAGE = """<html><body><h1>Stock</h1>
<p class="lead big">Low items first.</p><a href="https://example.org/x">Order</a>
<table><tr><th>id</th><th>left</th></tr><tr><td>A-1</td><td>4</td></tr></table>
<img src="plot.png" alt="Plot"></body></html>
"""
GUIDE = """# Guide

Some words. See [the data](data.csv) and ![a plot](plot.png).

## Install

Run it with Python 3.11 or newer.

```python
print("hello")
```

## Use

| id | left |
|----|------|
| A-1 | 4 |
"""
YAML = "server:\n  host: example.org\n  ports: [80, 443]\n  debug: off\n# kept\nname: demo\n"
XML = '<a><b id="1">one</b><b id="2">two</b></a>'
ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1@x
SUMMARY:Review
LOCATION:Room 4\\, north
DTSTART;TZID=Europe/Paris:20260302T100000
DURATION:PT1H
RRULE:FREQ=WEEKLY;BYDAY=MO,WE
END:VEVENT
BEGIN:VEVENT
UID:2@x
SUMMARY:Holiday
DTSTART;VALUE=DATE:20260501
END:VEVENT
END:VCALENDAR
"""
MBOX = """From a@x Thu Jan  1 00:00:00 2026
From: Ann <a@x.org>
Subject: =?utf-8?q?Bill_=E2=82=AC5?=

Please pay 5 euros.

From b@x Thu Jan  1 00:00:00 2026
From: b@x.org
Subject: Hi

Hello there.
"""
LOG = "10:00 start\n10:01 error disk\n10:02 error net\n10:03 stop\n"
STOCK = "CREATE TABLE s(id TEXT, left INT, day TEXT); INSERT INTO s VALUES('A-1', 4, '2026-03-05')"
SHEET = (("id", "left", "day"), ("A-1", 4, 46086), ("A-2", 7.5, 46087))
COLUMNS = ({"name": "id"}, {"name": "left", "type": "number"})
TRAJECTORY = {
    "steps": [
        {"step_id": 1, "source": "user", "message": "Do it"},
        {
            "step_id": 2,
            "source": "agent",
            "message": "Reading first.",
            "tool_calls": [{"function_name": "read", "arguments": {"path": "in.csv", "n": 2}}],
        },
    ]
}


def acted(**edits: object) -> Answer:
    steps = [*TRAJECTORY["steps"][:1], {**TRAJECTORY["steps"][1], **edits}]
    return {"agent/trajectory.json": json.dumps({"steps": steps})}


def ran(stdout: str = "", **edits: object) -> Answer:
    record = {
        "schema_version": 1,
        "exit_code": 0,
        "timed_out": False,
        "truncated": False,
        "oom_killed": False,
        "seconds": 0.1,
        "changed": {},
        "failed": "",
    }
    return {
        "programs/p/result.json": json.dumps({**record, **edits}),
        "programs/p/stdout": stdout,
        "programs/p/stderr": "said so",
    }


FAILED_RUNS = {
    "exit": ran(exit_code=1),
    "time": ran(exit_code=None, timed_out=True),
    "failed": ran(failed="no place"),
}
CALLED = '{"call": 0, "returns": [1, 2.5]}\n{"call": 1, "raises": "ValueError", "message": ""}\n'

TYPED = ({"name": "id"}, {"name": "left", "type": "number", "typed": True})
VCF = (
    'BEGIN:VCARD\nVERSION:4.0\nitem1.TEL;TYPE="work,cell";VALUE=uri:tel:+44-55 123-456\n'
    "EMAIL;TYPE=INTERNET:ana@mail.example\nORG:Alder\\, Finch;\nFN:Ana Al\n meida\n"
    "NOTE:x\nEND:VCARD\n"
)
CARD = ({"name": "FN"}, {"name": "ORG"}, {"name": "EMAIL"}, {"name": "TEL"})
CARDS = ("Ana Almeida", "Alder, Finch", "ana@mail.example", "+4455123456")

EXAMPLES = [
    *(
        Example(
            check(kind, path="a.csv", rows=ROWS, ordered=False, **LEGACY),
            {"a.csv": CSV},
            replaced("a.csv", CSV, **{name: CELLS[name] for name in names}),
        )
        for kind, names in (
            ("rows_parse", ["header"]),
            ("row_keys", ["header", "drop", "swapped"]),
            ("row_cells", list(CELLS)),
        )
    ),
    Example(
        check(
            "row_layout",
            path="a.csv",
            header=("id", "customer", "amount"),
            columns=("id",),
            numeric=(False,),
            key=("id",),
            rows=tuple((row[0],) for row in ROWS),
            ordered=True,
        ),
        {"a.csv": CSV},
        replaced(
            "a.csv",
            CSV,
            turned=(
                "A-2,Foxglove,100.00\nA-3,Hazel | Print,7.25",
                "A-3,Hazel | Print,7.25\nA-2,F,1",
            ),
            moved=(CSV, "customer,id,amount\nAlder & Sons,A-1,12.50\nF,A-2,1\nH,A-3,7\n"),
            drop=CELLS["drop"],
            header=("id,", "number,"),
        ),
    ),
    Example(
        check("document_table", path="r.md", rows=ROWS, ordered=False, **LEGACY),
        {"r.md": REPORT},
        replaced("r.md", REPORT, value=("100.00", "100.10"), drop=("| A-1 | Alder", "A-1 Alder")),
    ),
    Example(
        check("document_keys", path="r.md", rows=ROWS, ordered=False, **LEGACY),
        {"r.md": REPORT},
        replaced("r.md", REPORT, drop=("| A-1 | Alder", "A-1 Alder"), other=("A-2", "A-9")),
    ),
    Example(
        check("document_title", path="r.md", title="Orders overview"),
        {"r.md": REPORT},
        replaced("r.md", REPORT, title=("overview", "view")),
    ),
    Example(
        check("document_figure", path="r.md", label="Total amount", value=119.75),
        {"r.md": REPORT},
        replaced("r.md", REPORT, value=("119.75", "119.85")),
    ),
    Example(
        check("config_kept", path="c.ini", **CONFIG),
        {"c.ini": INI},
        replaced("c.ini", INI, lost=("web = 7", "web = 8"), comment=("# Managed by hand.", "#")),
    ),
    Example(
        check("config_values", path="c.ini", **CONFIG),
        {"c.ini": INI},
        replaced("c.ini", INI, stale=("90", "60")),
    ),
    Example(
        check("unchanged", digests={"in.csv": sha(CSV)}),
        {"in.csv": CSV},
        replaced("in.csv", CSV, edited=("100.00", "100")),
    ),
    Example(
        check("exists", path="out", kind="directory"),
        {"out/x": ""},
        {"file": {"out": ""}, "missing": {}},
    ),
    Example(
        check("absent", paths=("old.csv", "tmp")),
        {"new.csv": ""},
        {"file": {"old.csv": ""}, "folder": {"tmp/x": ""}},
    ),
    Example(
        check("moved", moves=[{"source": "a.csv", "target": "b/a.csv", "sha256": sha(CSV)}]),
        {"b/a.csv": CSV},
        {
            "copied": {"a.csv": CSV, "b/a.csv": CSV},
            "lost": {"b/a.csv": ""},
            "left": {"a.csv": CSV},
        },
    ),
    Example(
        check("tree", root="out", files={"a": sha("x"), "b/c": None}, ignore=("*.pyc",)),
        {"out/a": "x", "out/b/c": "y", "out/z.pyc": "", "in": ""},
        {
            "extra": {"out/a": "x", "out/b/c": "y", "out/d": ""},
            "missing": {"out/a": "x"},
            "content": {"out/a": "y", "out/b/c": "y"},
            "folder": {"out/a/x": "x", "out/b/c": "y"},
            "none": {},
        },
    ),
    Example(
        check("mode", path="run.sh", executable=False),
        {"run.sh": "x"},
        {"missing": {}, "folder": {"run.sh/x": ""}},
    ),
    Example(
        check("text", path="a.txt", text="one\ntwo three\n"),
        {"a.txt": "one  \ntwo three"},
        replaced(
            "a.txt", "one\ntwo three\n", order=("one\ntwo", "two\none"), more=("three", "three\nx")
        ),
    ),
    *(
        Example(
            check("table", path=path, columns=COLUMNS, key=("id",), rows=(("A-1", 4),), **more),
            {path: right},
            {**{str(n): {path: wrong} for n, wrong in enumerate(wrongs)}, "missing": {}},
        )
        for path, right, wrongs, more in (
            ("a.csv", "id,left\nA-1,4.0\n", ["id,left\nA-1,5\n", "id,left\n", "id\nA-1\n"], {}),
            (
                "a.json",
                '{"s": [{"id": "A-1", "left": 4}]}',
                ['{"s": [{"id": "A-1", "left": "x"}]}', "[]", '{"s": {}}'],
                {"at": ("s",)},
            ),
            ("a.yaml", "- {id: A-1, left: 4}\n", ["- {id: A-1, left: 3}\n", "- id: A-1\n"], {}),
            ("a.md", GUIDE, [GUIDE.replace("| 4 |", "| 5 |"), "# Guide\n"], {}),
            ("a.html", PAGE, [PAGE.replace("<td>4", "<td>5"), "<p>A-1 4</p>"], {}),
            (
                "a.docx",
                docx(("", "Text"), [("id", "left"), ("A-1", "4")]),
                [docx([("id", "left"), ("A-1", "5")]), docx(("", "A-1 4"))],
                {},
            ),
            (
                "a.xlsx",
                xlsx([("id", "left"), ("A-1", 4)]),
                [xlsx([("id", "left"), ("A-1", 5)]), xlsx([("id", "left")])],
                {},
            ),
            (
                "a.db",
                database(STOCK),
                [database(STOCK.replace("4,", "5,")), database("CREATE TABLE t(x)")],
                {"query": "SELECT id, left FROM s"},
            ),
            (
                "a.xml",
                '<s><r n="1"><left> 4.00 </left><id>A-1</id></r></s>',
                [
                    "<s><r><left>5</left><id>A-1</id></r></s>",
                    "<s><q><left>4</left><id>A-1</id></q></s>",
                    "<t><r><left>4</left><id>A-1</id></r></t>",
                    "<s><r><left>4</left><left>4</left><id>A-1</id></r></s>",
                    "<s><r><left><x>4</x></left><id>A-1</id></r></s>",
                    "<s/>",
                ],
                {"at": ("s", "r")},
            ),
        )
    ),
    *(
        Example(
            check("table", path=path, columns=TYPED, key=("id",), rows=(("A-1", 4),), **more),
            {path: right},
            {str(n): {path: wrong} for n, wrong in enumerate(wrongs)},
        )
        for path, right, wrongs, more in (
            (
                "t.xlsx",
                xlsx([("id", "left"), ("A-1", 4)]),
                [xlsx([("id", "left"), ("A-1", "4")]), xlsx([("id", "left"), ("A-1", "")])],
                {},
            ),
            (
                "t.sqlite",
                database(STOCK),
                [database(STOCK.replace("4,", "'4',").replace("left INT", "left"))],
                {"query": "SELECT id, left FROM s"},
            ),
        )
    ),
    Example(
        check("table", path="p.vcf", columns=CARD, key=("FN",), rows=(CARDS,)),
        {"p.vcf": VCF},
        replaced(
            "p.vcf",
            VCF,
            name=("FN:Ana", "FN:Bea"),
            number=("456", "457"),
            house=("Alder\\, ", "Alder\\; "),
            second=("END:", "EMAIL:other@mail.example\nEND:"),
            twice=(VCF, VCF + VCF),
            ended=("END:VCARD\n", ""),
            outside=("BEGIN:VCARD\n", "\n"),
            noise=("VERSION", "no line\nVERSION"),
        ),
    ),
    Example(
        check("number", path="n.md", labels=("total revenue",), value=1234500, units=("$", "USD")),
        {"n.md": PROSE},
        replaced("n.md", PROSE, off=("1,234,500", "1,234,501"), unit=("$", ""), label=("rev", "w")),
    ),
    Example(
        check("date", path="n.md", labels=("contract ends",), value="2027-03-05"),
        {"n.md": PROSE},
        replaced("n.md", PROSE, day=("5 March", "6 March"), year=("2027", "2026")),
    ),
    Example(
        check("phrases", path="n.md", facts=[["Lisbon team", "team in Lisbon"]], lacks=["Porto"]),
        {"n.md": PROSE},
        replaced("n.md", PROSE, lost=("Lisbon", "Li"), said=("Support", "Porto. Support")),
    ),
    Example(
        check("pattern", path="n.md", pattern=r"^The contract .*2027\.", most=1),
        {"n.md": PROSE},
        replaced("n.md", PROSE, lost=("2027.", "2028."), twice=("# Q", "The contract 2027.\n# Q")),
    ),
    Example(
        check(
            "lines",
            path="x.log",
            rules=[{"pattern": "start"}, {"pattern": "error", "least": 2, "most": 2}],
            ordered=True,
        ),
        {"x.log": LOG},
        replaced(
            "x.log", LOG, order=("10:00 start\n", ""), more=("stop", "error"), few=("err", "")
        ),
    ),
    *(
        Example(
            check("headings", path=path, headings=[{"level": 1, "text": "Guide"}, {"text": "Use"}]),
            {path: right},
            {str(number): {path: wrong} for number, wrong in enumerate(wrongs)},
        )
        for path, right, wrongs in (
            ("g.md", GUIDE, [GUIDE.replace("## Use", "Use"), GUIDE.replace("# G", "## G", 1)]),
            ("g.html", "<h1>Guide</h1><h2>Use</h2>", ["<h2>Guide</h2><h2>Use</h2>", "x"]),
            ("g.docx", docx(("Title", "Guide"), ("Heading2", "Use")), [docx(("Title", "Guide"))]),
        )
    ),
    Example(
        check("section", path="g.md", heading="Install", facts=[["Python 3.11"]], most_words=100),
        {"g.md": GUIDE},
        replaced(
            "g.md",
            GUIDE,
            elsewhere=("## Install", "## Other"),
            lost=("3.11", "3.1"),
            long=("Run", "Run " * 2000),
        ),
    ),
    Example(
        check(
            "links",
            path="d/g.md",
            links=[{"target": "data.csv"}, {"target": "plot.png", "image": True}],
            resolve=True,
        ),
        {"d/g.md": GUIDE, "d/data.csv": "", "d/plot.png": ""},
        {
            "dangling": {"d/g.md": GUIDE, "d/data.csv": ""},
            "no_image": {"d/g.md": GUIDE.replace("!", ""), "d/data.csv": "", "d/plot.png": ""},
        },
    ),
    Example(
        check("code", path="g.md", language="python", contains=('print("hello")',)),
        {"g.md": GUIDE},
        replaced("g.md", GUIDE, language=("```python", "```js"), lost=("hello", "bye")),
    ),
    Example(
        check(
            "html_elements",
            path="p.html",
            elements=[
                {"tag": "a", "attributes": {"href": "https://example.org/x"}, "text": "order"},
                {"tag": "p", "attributes": {"class": "lead"}, "most": 1},
            ],
        ),
        {"p.html": PAGE},
        replaced(
            "p.html", PAGE, target=("org/x", "org/y"), text=("Order", "Buy"), lead=("lead", "l")
        ),
    ),
    *(
        Example(
            check(
                "values",
                path=path,
                values=[
                    {"at": ("server", "ports"), "equals": [80, 443]},
                    {"at": ("server", "debug"), "equals": False},
                    {"at": ("name",), "equals": "demo"},
                ],
                absent=(("server", "old"),),
            ),
            {path: text},
            replaced(
                path,
                text,
                port=("443", "444"),
                more=("443", "443, 1"),
                name=("demo", "demos"),
                truth=(falsehood, "true"),
            ),
        )
        for path, text, falsehood in (
            ("c.yaml", YAML, "off"),
            (
                "c.json",
                '{"server": {"ports": [80, 443], "debug": false}, "name": "demo"}',
                "false",
            ),
            ("c.toml", 'name = "demo"\n[server]\nports = [80, 443]\ndebug = false\n', "false"),
        )
    ),
    Example(
        check(
            "only_changed",
            path="c.yaml",
            before={"server": {"host": "x", "ports": [80, 443], "debug": False}, "name": "demo"},
            changed=(("server", "host"),),
        ),
        {"c.yaml": YAML},
        replaced("c.yaml", YAML, lost=("name: demo\n", ""), more=("name", "new: 1\nname")),
    ),
    Example(
        check(
            "schema",
            path="c.json",
            schema_={
                "type": "object",
                "required": ["id", "day"],
                "properties": {
                    "id": {"type": "string", "pattern": "^A-[0-9]+$"},
                    "day": {"type": "string", "format": "date"},
                    "tags": {"$ref": "#/$defs/tags"},
                },
                "additionalProperties": False,
                "$defs": {"tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 1}},
            },
        ),
        {"c.json": '{"id": "A-1", "day": "2026-03-05", "tags": ["x"]}'},
        replaced(
            "c.json",
            '{"id": "A-1", "day": "2026-03-05", "tags": ["x"]}',
            pattern=("A-1", "B-1"),
            type=('"A-1"', "1"),
            format=("2026-03-05", "05/03/2026"),
            enum=('"x"', '"z"'),
            few=('"x"', ""),
            extra=("tags", "tag"),
        ),
    ),
    Example(
        check(
            "xml_values",
            path="a.xml",
            values=[
                {"steps": [{"name": "a"}, {"name": "b"}], "texts": ("one", "two")},
                {
                    "steps": [{"name": "a"}, {"name": "b", "attributes": {"id": "2"}}],
                    "texts": ("2",),
                    "attribute": "id",
                },
            ],
        ),
        {"a.xml": XML},
        replaced("a.xml", XML, text=("two", "too"), root=("<a>", "<b>"), identity=('"2"', '"3"')),
    ),
    Example(
        check(
            "events",
            path="c.ics",
            events=[
                {
                    "summary": "Review",
                    "start": "2026-03-02T10:00",
                    "end": "2026-03-02T11:00",
                    "timezone": "Europe/Paris",
                    "rule": "BYDAY=WE,MO;FREQ=WEEKLY",
                    "properties": {"location": "Room 4, north"},
                },
                {"summary": "Holiday", "start": "2026-05-01", "end": "2026-05-02"},
            ],
        ),
        {"c.ics": ICS},
        replaced(
            "c.ics",
            ICS,
            start=("T100000", "T090000"),
            zone=("Europe/Paris", "Europe/London"),
            length=("PT1H", "PT2H"),
            rule=("MO,WE", "MO"),
            place=("north", "south"),
            identity=("UID:2@x", "UID:1@x"),
            open=("END:VCALENDAR\n", ""),
            day=("20260501", "20260502"),
        ),
    ),
    Example(
        check(
            "messages",
            path="m.mbox",
            messages=[
                {"headers": {"Subject": "Bill €5"}, "says": ("pay 5 euros",)},
                {"headers": {"Subject": "Hi", "From": "b@x.org"}, "lacks": ("euros",)},
            ],
        ),
        {"m.mbox": MBOX},
        replaced(
            "m.mbox",
            MBOX,
            body=("5 euros", "6 euros"),
            subject=("Subject: Hi", "Subject: Ho"),
            said=("Hello", "Hello euros"),
            extra=("From a@x", "From c@x 2026\nSubject: Spam\n\nx\n\nFrom a@x"),
        ),
    ),
    Example(
        check(
            "cells",
            path="s.xlsx",
            cells=[
                {"cell": "B3", "equals": 7.5, "type": "number"},
                {"cell": "C2", "equals": "2026-03-05", "type": "date"},
                {"cell": "A2", "equals": "A-1"},
            ],
        ),
        {"s.xlsx": xlsx(SHEET, date="C")},
        {
            "value": {"s.xlsx": xlsx((*SHEET[:2], ("A-2", 7.6, 46087)), date="C")},
            "date": {"s.xlsx": xlsx(SHEET)},
            "empty": {"s.xlsx": xlsx(SHEET[:1])},
            "missing": {},
        },
    ),
    *(
        Example(
            check("archive", path=path, members={"a.txt": sha("x"), "b/c.txt": None}),
            {path: pack({"a.txt": "x", "b/c.txt": "y"})},
            {
                "content": {path: pack({"a.txt": "y", "b/c.txt": "y"})},
                "fewer": {path: pack({"a.txt": "x"})},
                "more": {path: pack({"a.txt": "x", "b/c.txt": "y", "d": ""})},
                "outside": {path: pack({"a.txt": "x", "b/c.txt": "", "../d": ""})},
                "text": {path: "a.txt"},
            },
        )
        for path, pack in (
            ("a.zip", zip_of),
            ("a.tar.gz", tar_of),
            ("a.tar", lambda m: tar_of(m, "w:")),
        )
    ),
    Example(
        check("tool_calls", tools=("read",), arguments={"path": r"\.csv$"}, least=1),
        {},
        {},
        acted(),
        {
            "other": acted(tool_calls=[{"function_name": "write", "arguments": {"path": "a.csv"}}]),
            "argument": acted(tool_calls=[{"function_name": "read", "arguments": {"path": "a"}}]),
            "none": acted(tool_calls=None),
        },
    ),
    Example(
        check("said", pattern="password", most=0),
        {},
        {},
        acted(),
        {"asked": acted(message="What is your Password?")},
    ),
    Example(check("program_exit", program="p"), {}, {}, ran(), FAILED_RUNS),
    Example(
        check("program_output", program="p", stdout="one\ntwo\n"),
        {},
        {},
        ran("one\ntwo"),
        {
            **FAILED_RUNS,
            "other": ran("one\ntwo!\n"),
            "less": ran("one\n"),
            "cut": ran("one\ntwo\n", truncated=True),
        },
    ),
    Example(
        check("program_json", program="p", equals={"a": [1.5]}, absolute=0.01),
        {},
        {},
        ran('{"a": [1.501]}'),
        {**FAILED_RUNS, "off": ran('{"a": [1.6]}'), "noise": ran('x\n{"a": [1.5]}')},
    ),
    Example(
        check("program_files", program="p", files={"out": sha("x"), "kept": sha("k"), "no": None}),
        {"kept": "k", "no": "n"},
        {"edited": {"kept": "j", "no": "n"}},
        ran(changed={"out": sha("x"), "no": None}),
        {**FAILED_RUNS, "still": ran(changed={"out": sha("x")}), "none": ran(changed={"no": None})},
    ),
    Example(
        check("idempotent", program="p"),
        {},
        {},
        ran(changed={"a/__pycache__/x.pyc": sha("")}),
        {**FAILED_RUNS, "changed": ran(changed={"out": sha("x")})},
    ),
    Example(
        check(
            "function_calls", program="p", results=[{"equals": [1, 2.5]}, {"raises": "ValueError"}]
        ),
        {},
        {},
        ran(CALLED),
        {
            **FAILED_RUNS,
            "value": ran(CALLED.replace("2.5", "2.6")),
            "error": ran(CALLED.replace("ValueError", "KeyError")),
            "silent": ran(CALLED[: CALLED.index("\n")]),
            "noise": ran("[]\n{}\nnull\n"),
        },
    ),
]
