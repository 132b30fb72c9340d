"""log-triage, mailbox-triage and calendar-ics on files as programs really write them."""

import json
from email.message import EmailMessage
from mailbox import mbox
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of

LOG = """--- started ---
2026-03-01T12:00:00Z INFO api: request served path=/a?x=1 status=200 duration_ms=35
2026-03-01T12:00:04.120+01:00 ERROR db: lost "primary" a=b user="Ana \\"S\\" X" duration_ms=007
Traceback (most recent call last):

  File "db.py", line 12
2026-03-01T12:00:09Z warn api:
2026-03-01 12:00:10 nonsense without a level
2026-03-01T12:00:11Z INFO api: k=v then text level=3
"""


@pytest.fixture
def triage(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("log-triage"))


@pytest.fixture
def mails(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("mailbox-triage"))


@pytest.fixture
def calendar(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("calendar-ics"))


# -- log-triage -----------------------------------------------------------------------------


def test_log_entries_become_rows_with_every_key(triage: Workspace):
    triage.write("a.log", LOG.replace("\n", "\r\n"))
    outcome = triage.run("extract", "a.log", "-o", "out.json")
    assert "1 lines before the first time stamp" in outcome.err
    assert "1 entries are not `TIME LEVEL component: message`" in outcome.err
    rows = json.loads(triage.read("out.json"))
    assert list(rows[0]) == [
        *("time", "level", "component", "message", "path", "status", "duration_ms"),
        *("a", "user", "level_value"),
    ]
    assert [row["message"] for row in rows] == [
        "request served", 'lost "primary"', "", "nonsense without a level", "k=v then text",
    ]  # fmt: skip
    assert rows[0] | {"status": 200, "duration_ms": 35, "path": "/a?x=1"} == rows[0]
    assert rows[1] | {"user": 'Ana "S" X', "duration_ms": "007", "a": "b"} == rows[1]
    assert rows[1]["component"] == "db"
    assert rows[4]["level_value"] == 3


def test_log_levels_and_fields_are_chosen(triage: Workspace):
    triage.write("a.log", LOG)
    triage.ok(
        *("extract", "a.log", "-o", "out.csv", "--level", "error,WARN"),
        *("--fields", "time,duration_ms,status"),
    )
    assert triage.read("out.csv") == (
        "time,duration_ms,status\n2026-03-01T12:00:04.120+01:00,007,\n2026-03-01T12:00:09Z,,\n"
    )
    refused = triage.refused("extract", "a.log", "-o", "x.csv", "--fields", "time,nope")
    assert "its fields are: time, level, component, message, path" in refused


def test_log_summary_groups_messages_that_differ_in_numbers(triage: Workspace):
    lines = [f"2026-03-01T12:00:0{n}Z ERROR api: job {n} of 9 failed id=a{n}" for n in range(3)]
    triage.write("a.log", "\n".join(lines))
    printed = triage.ok("summary", "a.log")
    assert "     3  ERROR job # of # failed" in printed
    assert "     3  api" in printed


def test_an_empty_log_has_no_rows_and_odd_bytes_are_survived(triage: Workspace):
    triage.write("empty.log", "")
    triage.ok("extract", "empty.log", "-o", "out.csv", "--fields", "time,status")
    assert triage.read("out.csv") == "time,status\n"
    triage.write("latin.log", b"2026-03-01T12:00:00Z INFO api: caf\xe9\n")
    outcome = triage.run("summary", "latin.log")
    assert outcome.status == 0
    assert "not UTF-8" in outcome.err
    assert "No such file" in triage.refused("summary", "missing.log")


TRIAGE = load("log-triage")
WORD = st.from_regex(r"[a-z][a-z_.]{0,5}", fullmatch=True)


@given(
    st.lists(WORD, min_size=1).map(" ".join),
    st.dictionaries(WORD.map(lambda word: word.replace(".", "")), st.text('ab=" \\', max_size=5)),
)
def test_pairs_are_cut_from_the_message(message: str, pairs: dict[str, str]):
    quoted = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in pairs.items()}
    rest = " ".join([message, *(f'{key}="{value}"' for key, value in quoted.items())])
    assert TRIAGE.split_pairs(rest) == (
        message,
        {key + "_value" if key in TRIAGE.FIXED else key: value for key, value in pairs.items()},
    )


# -- mailbox-triage -------------------------------------------------------------------------


def order_mail(number: str, amount: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.get("sender", '"Sousa, Ana" <Ana@Example.ORG>')
    message["To"] = "shop@example.org, Rui <rui@example.org>"
    message["Date"] = headers.get("date", "Sun, 01 Mar 2026 23:30:00 -0500")
    message["Subject"] = headers.get("subject", f"Encomenda nº {number}: obrigado pela compra de")
    message.set_content(f"Olá\n\nOrder: {number}\n> Amount: 1\nTOTAL amount : {amount}\n")
    return message


def write_mbox(workspace: Workspace, *messages: EmailMessage) -> None:
    box = mbox(workspace.root / "in.mbox")
    for message in messages:
        box.add(message)
    box.close()


def test_an_mbox_that_python_wrote_becomes_rows(mails: Workspace):
    write_mbox(mails, order_mail("1042", "149.90"), order_mail("0007", "EUR 5"))
    fields = "date,from,to,subject,order,total_amount"
    mails.ok("extract", "in.mbox", "-o", "out.json", "--fields", fields)
    first, second = json.loads(mails.read("out.json"))
    assert first == {
        "date": "2026-03-01",
        "from": "ana@example.org",
        "to": "shop@example.org, rui@example.org",
        "subject": "Encomenda nº 1042: obrigado pela compra de",
        "order": 1042,
        "total_amount": 149.9,
    }
    assert (second["order"], second["total_amount"]) == ("0007", "EUR 5")
    mails.ok("extract", "in.mbox", "-o", "out.csv", "--fields", "order,total_amount")
    assert mails.read("out.csv") == "order,total_amount\n1042,149.90\n0007,EUR 5\n"


def test_a_sentence_that_begins_with_from_does_not_cut_a_message(mails: Workspace):
    message = order_mail("1", "2")
    message.set_content("Hi,\n\nFrom now on I am away.\nFrom: is a header, too\n")
    write_mbox(mails, message, order_mail("2", "3"))
    text = mails.read("in.mbox").replace(">From now", "From now")
    mails.write("in.mbox", text)
    mails.ok("extract", "in.mbox", "-o", "out.json", "--fields", "body")
    rows = json.loads(mails.read("out.json"))
    assert len(rows) == 2
    assert rows[0]["body"] == "Hi,\n\nFrom now on I am away.\nFrom: is a header, too"


def test_html_and_attachments_in_a_single_eml(mails: Workspace):
    message = order_mail("1", "2")
    message.set_content("<style>p{}</style><p>Order:&nbsp;<b>77</b></p><p>Bye</p>", subtype="html")
    message.add_attachment(b"Order: 99", maintype="text", subtype="plain", filename="a.txt")
    mails.write("one.eml", message.as_bytes())
    mails.ok("extract", "one.eml", "-o", "out.json", "--fields", "order,body")
    assert json.loads(mails.read("out.json")) == [{"order": 77, "body": "Order: 77\nBye"}]
    assert "1 messages, 1 with attachments" in mails.ok("summary", "one.eml")


def test_broken_headers_are_survived_and_reported(mails: Workspace):
    mails.write(
        "odd.mbox",
        b"From x Sun Mar  1 10:00:00 2026\nFrom: =?nope?q?x?= <\xff@y.z>\nDate: soon\n"
        b"Subject: =?utf-8?b?!!!?=\nContent-Type: text/plain; charset=klingon\n\ncaf\xe9\n",
    )
    outcome = mails.run("extract", "odd.mbox", "-o", "out.json", "--fields", "date,subject,body")
    assert outcome.status == 0
    assert "1 messages have no readable Date" in outcome.err
    (row,) = json.loads(mails.read("out.json"))
    assert row["date"] == ""
    assert row["body"].startswith("caf")


def test_mailbox_usage_errors(mails: Workspace):
    write_mbox(mails, order_mail("1", "2"))
    refused = mails.refused("extract", "in.mbox", "-o", "out.csv", "--fields", "date,invoice")
    assert "its fields are: date, from, to, subject, body, order, total_amount" in refused
    mails.write("not.mbox", "just some text\n")
    assert "neither an mbox" in mails.refused("summary", "not.mbox")
    mails.write("empty.mbox", "")
    mails.ok("extract", "empty.mbox", "-o", "out.csv", "--fields", "date,order")
    assert mails.read("out.csv") == "date,order\n"


# -- calendar-ics ---------------------------------------------------------------------------


def ics(*events: str) -> str:
    parts = [f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events]
    text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(parts) + "END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


STANDUP = """
UID:s
DTSTART;TZID=Europe/Lisbon:20260302T090000
DTEND;TZID=Europe/Lisbon:20260302T091500
RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6
EXDATE;TZID=Europe/Lisbon:20260304T090000
SUMMARY:Stand-up
"""
MOVED = """
UID:s
RECURRENCE-ID;TZID=Europe/Lisbon:20260309T090000
DTSTART;TZID=Europe/Lisbon:20260309T110000
DTEND;TZID=Europe/Lisbon:20260309T111500
SUMMARY:Stand-up (moved)
"""


def test_events_become_rows(calendar: Workspace):
    folded = "SUMMARY:A very long title\\, with com\n mas\\; and a\\nline break"
    calendar.write(
        "c.ics",
        ics(
            f"UID:1\nDTSTART:20260301T220000Z\nDURATION:PT2H30M\n{folded}\n"
            'ORGANIZER;CN="Sousa: Ana":MAILTO:Ana@Example.org\n'
            "BEGIN:VALARM\nTRIGGER:-PT5M\nDESCRIPTION:no\nSUMMARY:no\nEND:VALARM",
            "UID:2\nDTSTART;VALUE=DATE:20260303\nDTEND;VALUE=DATE:20260305\nLOCATION:Faro",
            "UID:3\nDTSTART;TZID=Europe/Lisbon:20260302T120000\n"
            "DTEND;TZID=Europe/Berlin:20260302T140000\nSUMMARY:Flight",
        ),
    )
    calendar.ok("extract", "c.ics", "-o", "out.json")
    rows = json.loads(calendar.read("out.json"))
    assert rows[0] == {
        "date": "2026-03-01",
        "start": "22:00",
        "end": "00:30",
        "summary": "A very long title, with commas; and a\nline break",
        "location": "",
        "minutes": 150,
        "organizer": "Sousa: Ana",
    }
    assert rows[1] | {"start": "", "end": "", "minutes": 2880, "location": "Faro"} == rows[1]
    assert rows[2]["minutes"] == 60
    calendar.ok("extract", "c.ics", "-o", "who.csv", "--fields", "organizer_email")
    assert calendar.read("who.csv") == 'organizer_email\nana@example.org\n""\n""\n'


def test_agenda_knows_repetitions_exceptions_and_moved_events(calendar: Workspace):
    calendar.write("c.ics", ics(STANDUP, MOVED))
    lines = {
        day: calendar.ok("agenda", "c.ics", "--day", f"2026-03-{day}").split("\n")[1:-1]
        for day in ("02", "04", "09", "11", "18", "23")
    }
    assert lines == {
        "02": ["09:00-09:15  Stand-up"],
        "04": [],
        "09": ["11:00-11:15  Stand-up (moved)"],
        "11": ["09:00-09:15  Stand-up"],
        "18": ["09:00-09:15  Stand-up"],
        "23": [],
    }
    outcome = calendar.run("extract", "c.ics", "-o", "out.csv", "--fields", "date,repeats")
    assert "1 events repeat" in outcome.err
    assert calendar.read("out.csv").count("\n") == 3


def test_free_time_is_what_no_event_blocks(calendar: Workspace):
    def event(start: str, end: str, extra: str = "") -> str:
        return f"UID:{start}\nDTSTART:20260302T{start}00\nDTEND:20260302T{end}00\n{extra}"

    calendar.write(
        "c.ics",
        ics(
            event("1000", "1100"),
            event("1030", "1045"),
            event("1200", "1300", "STATUS:CANCELLED"),
            event("0800", "0930"),
            "UID:d\nDTSTART;VALUE=DATE:20260302\nTRANSP:TRANSPARENT\nSUMMARY:Birthday",
        ),
    )
    day = ("--day", "2026-03-02")
    assert calendar.ok("free", "c.ics", *day, "--from", "09:00", "--to", "14:00") == (
        "09:30-10:00  30 minutes\n11:00-14:00  180 minutes\n"
    )
    printed = calendar.ok("agenda", "c.ics", *day)
    assert "all day      Birthday" in printed
    assert "10:30-10:45  (no title)  [overlaps]" in printed


def test_rules_are_expanded_or_named():
    script = load("calendar-ics")
    day = script.datetime.fromisoformat

    def starts(rule: str, before: str) -> list[str]:
        pairs = dict(part.split("=") for part in rule.split(";"))
        begin = script.Moment(day("2026-01-31T09:00"), False, "")
        texts = {"SUMMARY": "x", "RRULE": rule}
        event = script.Event(begin, begin, texts, pairs, frozenset(), None)
        return [f"{each:%m-%d}" for each in script.occurrences(event, day(before))]

    assert starts("FREQ=DAILY;INTERVAL=2", "2026-02-06") == ["01-31", "02-02", "02-04"]
    assert starts("FREQ=MONTHLY", "2026-06-01") == ["01-31", "03-31", "05-31"]
    assert starts("FREQ=YEARLY;COUNT=2", "2030-01-01") == ["01-31", "01-31"]
    assert starts("FREQ=DAILY;UNTIL=20260202", "2026-03-01") == ["01-31", "02-01", "02-02"]
    assert starts("FREQ=MONTHLY;BYDAY=-1FR", "2026-06-01") == ["01-31"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "no BEGIN:VCALENDAR"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "cut off"),
        (ics("SUMMARY:x"), "'x' has no DTSTART"),
        (ics("DTSTART:tomorrow"), "not a calendar date"),
        (ics("DTSTART:20261301T000000"), "not a calendar date"),
        (ics("DTSTART:20260101\nDURATION:P99999999999W"), "too large"),
        ("BEGIN:VCALENDAR\nEND:VEVENT\n", "closes nothing"),
    ],
    ids=["text", "cut", "no-start", "word", "month-13", "overflow", "nesting"],
)
def test_bad_calendars_are_named(calendar: Workspace, text: str, message: str):
    calendar.write("bad.ics", text)
    assert message in calendar.refused("extract", "bad.ics", "-o", "out.csv")


def test_calendar_usage_errors(calendar: Workspace):
    calendar.write("c.ics", ics())
    calendar.ok("extract", "c.ics", "-o", "out.csv", "--fields", "date,uid")
    assert calendar.read("out.csv") == "date,uid\n"
    assert "its fields are: date, start" in calendar.refused(
        "extract", "c.ics", "-o", "x.csv", "--fields", "room"
    )
    assert "2026-3-1" in calendar.refused("agenda", "c.ics", "--day", "2026-3-1")
