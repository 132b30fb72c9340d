"""config-edit, invoice-check, changelog-draft and pii-redact."""

import configparser
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of

INI = b"""\xef\xbb\xbf; caf\xe9, not UTF-8\r
debug=yes\r
[server]\r
port = 8080   ; public\r
Timeout=15\r
color = #fff\r
\r
  # indented comment\r
[db.main]\r
\ttimeout : 2.5\r
url = "x ; y" # both\r
hosts =\r
  a\r
  b\r
timeout_unit = s"""


@pytest.fixture
def config(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("config-edit"))


@pytest.fixture
def invoice(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("invoice-check"))


@pytest.fixture
def changelog(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("changelog-draft"))


@pytest.fixture
def redact(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("pii-redact"))


# -- config-edit ----------------------------------------------------------------------------


def test_only_the_changed_values_change(config: Workspace):
    path = config.write("a.ini", INI)
    config.ok("set", "a.ini", "server.port=9000", "db.main.url=z", "debug=no", "server.color=red")
    changes = {b"8080": b"9000", b'"x ; y"': b"z", b"debug=yes": b"debug=no", b"#fff": b"red"}
    expected = INI
    for old, new in changes.items():
        expected = expected.replace(old, new)
    assert path.read_bytes() == expected


def test_scale_covers_every_section_and_rounds_halves_up(config: Workspace):
    path = config.write("a.ini", INI)
    config.ok("scale", "a.ini", "--key", "timeout", "--factor", "1.5", "-o", "b.ini")
    expected = INI.replace(b"Timeout=15", b"Timeout=23").replace(b": 2.5", b": 3.75")
    assert (config.root / "b.ini").read_bytes() == expected
    assert path.read_bytes() == INI
    config.ok("scale", "a.ini", "--key", "timeout", "--factor", "-1", "--section", "server")
    assert b"Timeout=-15" in path.read_bytes()
    outcome = config.run("scale", "a.ini", "--key", "url", "--factor", "2")
    assert outcome.status == 0
    assert "not a plain number" in outcome.err
    refused = config.refused("scale", "a.ini", "--key", "nope", "--factor", "2")
    assert "its keys are: debug, port, Timeout" in refused


def test_set_from_changes_adds_and_makes_the_section(config: Workspace):
    config.write("a.ini", "[limits]\nup=1\n\n; about b\n[b]\nx=1")
    config.write("rows.json", '[{"k": "up", "v": 2.5}, {"k": "down", "v": "a b"}]')
    columns = ("--key-column", "k", "--value-column", "v")
    printed = config.ok("set-from", "a.ini", "rows.json", "--section", "limits", *columns)
    assert "1 changed, 1 added, 0 unchanged" in printed
    assert config.read("a.ini") == "[limits]\nup=2.5\ndown=a b\n\n; about b\n[b]\nx=1"
    config.ok("set-from", "a.ini", "rows.json", "--section", "new", *columns)
    assert config.read("a.ini").endswith("[b]\nx=1\n\n[new]\nup=2.5\ndown=a b\n")
    refused = config.refused(
        *("set-from", "a.ini", "rows.json", "--section", "b"),
        *("--key-column", "key", "--value-column", "v"),
    )
    assert "its columns are: k, v" in refused


def test_get_shows_one_value_or_all(config: Workspace):
    config.write("a.ini", INI)
    assert config.ok("get", "a.ini", "db.main.url") == '"x ; y"\n'
    assert "db.main.hosts=\\na\\nb\n" in config.ok("get", "a.ini")
    assert "it has: debug, server.port" in config.refused("get", "a.ini", "server.nope")


def test_a_value_of_several_lines_is_replaced_whole(config: Workspace):
    config.write("a.ini", "[s]\nhosts =\n  a\n\n  # why\n  b\nx = 1\n")
    config.ok("set", "a.ini", "s.hosts=c")
    assert config.read("a.ini") == "[s]\nhosts = c\n\n  # why\nx = 1\n"


def test_config_usage_errors_change_nothing(config: Workspace):
    text = "[s]\na=1\nA=2\n"
    config.write("a.ini", text)
    assert "appears on lines 2, 3" in config.refused("set", "a.ini", "s.a=3")
    assert "line break" in config.refused("set", "a.ini", "s.b=x\ny")
    assert "cannot be a key" in config.refused("set", "a.ini", "s.=x")
    assert "not section.key=VALUE" in config.refused("set", "a.ini", "s.b")
    assert "not a number" in config.refused("scale", "a.ini", "--key", "a", "--factor", "x")
    assert "No such file" in config.refused("get", "missing.ini")
    assert config.read("a.ini") == text


CONFIG = load("config-edit")
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,4}", fullmatch=True)
PLAIN = st.from_regex(r"[A-Za-z0-9/.,-]{1,8}", fullmatch=True)
LINE = st.one_of(
    st.sampled_from(["", "# note", "; note", "  # in"]), st.builds("{}={}".format, NAME, PLAIN)
)


@given(st.dictionaries(NAME, st.lists(LINE, max_size=5), min_size=1, max_size=3), NAME, NAME, PLAIN)
def test_what_was_set_is_what_the_standard_reader_finds(
    tmp_path_factory: pytest.TempPathFactory,
    sections: dict[str, list[str]],
    section: str,
    key: str,
    value: str,
):
    lines = [line for name, body in sections.items() for line in (f"[{name}]", *body)]
    path = tmp_path_factory.getbasetemp() / "property.ini"
    path.write_text("\n".join(lines))
    before = configparser.ConfigParser(interpolation=None, strict=False)
    before.read(path)
    edited = CONFIG.Config(path)
    try:
        edited.set(section, key, value)
    except CONFIG.InputError:
        return  # the key stands twice
    edited.save(None)
    after = configparser.ConfigParser(interpolation=None, strict=False)
    after.read(path)
    if not before.has_section(section):
        before.add_section(section)
    before.set(section, key, value)
    assert after == before
    kept = [line for line in path.read_text().split("\n") if line.lstrip()[:1] in tuple("#;")]
    assert kept == [line for line in lines if line.lstrip()[:1] in tuple("#;")]


# -- invoice-check --------------------------------------------------------------------------

LINES = """no,description,qty,price,line_total,tax_rate
A-1,Paper,3,1.10,3.30,6
A-1,Toner,1,60.00,60.00,
A-2,Pens,10,0.333,3.33,
A-2,PENS,10,0.333,3.33,
A-3,Ink,x,5,5.00,
A-9,Glue,1,2,2.50,
"""
HEADERS = """no,supplier,date,subtotal,tax,total
A-1,Office,2026-03-01,63.30,14.00,77.30
A-2,Office,2026-03-02,3.33,0.77,4.20
a-1,Office,2026-03-01,63.30,14.00,77.30
B-7,Office,2026-03-01,63.30,14.00,77.30
"""


def test_clean_invoices_have_no_findings(invoice: Workspace):
    invoice.write("l.csv", "\n".join(LINES.split("\n")[:3]) + "\n")
    invoice.write("h.csv", "\n".join(HEADERS.split("\n")[:2]) + "\n")
    printed = invoice.ok(
        *("check", "l.csv", "--invoices", "h.csv", "-o", "out.json", "--tax-rate", "23"),
        *("--columns", "invoice=no,quantity=qty,unit_price=price"),
    )
    assert printed == "wrote out.json: 0 findings\n"
    assert invoice.read("out.json") == "[]\n"


def test_every_rule_finds_its_error(invoice: Workspace):
    invoice.write("l.csv", LINES)
    invoice.write("h.csv", HEADERS)
    outcome = invoice.run(
        *("check", "l.csv", "--invoices", "h.csv", "-o", "out.json", "--tax-rate", "23"),
        *("--columns", "invoice=no,quantity=qty,unit_price=price"),
    )
    assert outcome.status == 1
    found = json.loads(invoice.read("out.json"))
    assert [(each["file"], each["row"], each["rule"]) for each in found] == [
        ("l.csv", 4, "duplicate-line"),
        ("l.csv", 5, "not-a-number"),
        ("l.csv", 6, "line-total"),
        ("h.csv", 3, "duplicate-invoice"),
        ("h.csv", 4, "possible-duplicate"),
        ("l.csv", 5, "no-header"),
        ("l.csv", 6, "no-header"),
        ("h.csv", 2, "total"),
        ("h.csv", 2, "subtotal"),
        ("h.csv", 2, "tax"),
        ("h.csv", 4, "no-lines"),
    ]
    assert found[7] | {"expected": "4.10", "found": "4.20", "invoice": "A-2"} == found[7]


def test_invoice_usage_errors(invoice: Workspace):
    invoice.write("l.csv", LINES)
    assert "its columns are: no, description" in invoice.refused("check", "l.csv", "-o", "o.csv")
    refused = invoice.refused("check", "l.csv", "-o", "o.csv", "--columns", "foo=bar")
    assert "OURS=THEIRS" in refused
    assert "zero or more" in invoice.refused("check", "l.csv", "-o", "o.csv", "--tax-rate", "-1")


# -- changelog-draft ------------------------------------------------------------------------

FULL_LOG = """commit 3f2a1b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a (HEAD -> main, tag: v1)
Author: Ana <ana@example.org>
Date:   Sun Mar 1 10:00:00 2026 +0100

    feat(api): répondre en JSON.

    Longer text.

    BREAKING CHANGE: clients must send
    an Accept header.

    Signed-off-by: Ana

commit aaaaaaa0
Merge: 1 2
Author: Rui

    Merge branch 'x'

commit bbbbbbb0
Author: Rui

    Quick hack
"""


def test_a_full_log_shows_breaking_footers(changelog: Workspace):
    changelog.write("log.txt", FULL_LOG)
    date = ("--date", "2026-03-02")
    changelog.ok("draft", "log.txt", "--version", "2.0.0", *date, "-o", "s.md")
    assert changelog.read("s.md") == (
        "## [2.0.0] - 2026-03-02\n\n"
        "### Breaking\n\n- **api**: Clients must send an Accept header (3f2a1b9)\n\n"
        "### Added\n\n- **api**: Répondre en JSON (3f2a1b9)\n\n"
        "### Other\n\n- Quick hack (bbbbbbb)\n"
    )


def test_a_section_goes_below_unreleased(changelog: Workspace):
    changelog.write("log.txt", "fix: a\nfix: a\ndocs: b\n")
    old = "# Changelog\n\nAll of it.\n\n## [Unreleased]\n\n- x\n\n## [1.0.0] - 2026-01-01\n\n- y\n"
    changelog.write("CHANGELOG.md", old)
    arguments = ("draft", "log.txt", "--version", "1.1.0", "--date", "2026-03-02")
    changelog.ok(*arguments, "--into", "CHANGELOG.md")
    assert changelog.read("CHANGELOG.md") == old.replace(
        "## [1.0.0]", "## [1.1.0] - 2026-03-02\n\n### Fixed\n\n- A\n\n## [1.0.0]"
    )
    assert "already has a section" in changelog.refused(*arguments, "--into", "CHANGELOG.md")
    changelog.ok(*arguments, "--into", "NEW.md", "--all")
    assert changelog.read("NEW.md").startswith("# Changelog\n\n## [1.1.0]")
    assert "### Internal\n\n- B\n" in changelog.read("NEW.md")


def test_changelog_usage_errors(changelog: Workspace):
    changelog.write("log.txt", "\n")
    arguments = ("draft", "log.txt", "--version", "1")
    assert "holds no commits" in changelog.refused(*arguments, "-o", "s.md")
    assert "one place" in changelog.refused(*arguments)
    assert "not a day" in changelog.refused(*arguments, "-o", "s.md", "--date", "today")


# -- pii-redact -----------------------------------------------------------------------------


def test_what_counts_as_personal_and_what_does_not():
    script = load("pii-redact")
    cases = {
        "ana.s+x@mail.example.org.": "[EMAIL].",
        "josé@exämple.pt": "[EMAIL]",
        "user@localhost": "user@localhost",
        "4111 1111 1111 1111": "[CARD]",
        "4111-1111-1111-1112": "4111-1111-1111-1112",
        "5500000000000004,": "[CARD],",
        "+351 912 345 678": "[PHONE]",
        "+1 (555) 123-4567": "[PHONE]",
        "00351 912 345 678": "[PHONE]",
        "(555) 123-4567": "[PHONE]",
        "555-123-4567": "[PHONE]",
        "0012345678": "0012345678",
        "2026-03-01T12:00:00+01:00": "2026-03-01T12:00:00+01:00",
        "192.168.100.200": "192.168.100.200",
        "order 2026-000123-4567": "order 2026-000123-4567",
        "912345678": "912345678",
    }
    for text, expected in cases.items():
        assert script.Redactor(list(script.KINDS), numbered=False).text(text) == expected, text


def test_redaction_changes_nothing_else_and_reports_no_values(redact: Workspace):
    text = '\ufeffid,who\r\n1,Ana@x.org\r\n2,"ana@X.org; b@x.org"\r\n3,+351 912 345 678'
    redact.write("a.csv", text)
    redact.ok("redact", "a.csv", "-o", "b.csv", "--numbered", "--report", "r.json")
    assert redact.read("b.csv") == (
        '\ufeffid,who\r\n1,[EMAIL-1]\r\n2,"[EMAIL-1]; [EMAIL-2]"\r\n3,[PHONE-1]'
    )
    report = json.loads(redact.read("r.json"))
    assert report["total"] == 4
    assert report["kinds"]["email"] == {"found": 3, "distinct": 2, "lines": [2, 3]}
    assert "x.org" not in redact.read("r.json")
    assert redact.run("scan", "a.csv").status == 1
    assert redact.ok("scan", "b.csv") == "0 email, 0 card, 0 phone\n"


def test_redact_usage_errors(redact: Workspace):
    redact.write("a.bin", b"\x00\xff")
    assert "not UTF-8" in redact.refused("scan", "a.bin")
    redact.write("a.txt", "x")
    assert "is the input" in redact.refused("redact", "a.txt", "-o", "a.txt")
    assert "one of email, card, phone" in redact.refused("scan", "a.txt", "--kinds", "iban")
