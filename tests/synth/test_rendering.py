"""Files hold what their values say: read back by readers that share no code with the writer."""

import configparser
import csv
import io
import json
import mailbox
import random
from pathlib import Path

import pytest

from clawgym.artifact import ArtifactKind
from synth.rendering import plain, render
from synth.values import Document, RowSet
from synth.world import Domain, World, build_world, domains
from tests.synth.examples import ORDERS, SETTINGS, solver

PATHS = {
    ArtifactKind.TABLE: ("feed.csv",),
    ArtifactKind.RECORDS: ("feed.json", "feed.jsonl"),
    ArtifactKind.LOG: ("feed.log",),
    ArtifactKind.MAILBOX: ("feed.mbox",),
    ArtifactKind.CALENDAR: ("feed.ics",),
}
FEEDS = [
    pytest.param(domain, kind, path, id=f"{domain.name}-{path}")
    for domain in domains()
    for kind in domain.entry
    for path in PATHS[kind]
]


def world(domain: Domain, seed: int) -> World:
    """With duplicates for odd seeds; nobody enters a log line or a meeting twice."""
    return build_world(random.Random(seed), domain, messy=seed % 2 == 1 and can_be_messy(domain))


def can_be_messy(domain: Domain) -> bool:
    return not set(domain.entry) & {ArtifactKind.LOG, ArtifactKind.CALENDAR}


def read(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    if path.suffix == ".json":
        return json.loads(path.read_text())
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return solver().READERS[path.suffix](str(path))


def texts(row: dict[str, object], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{cell:.2f}" if isinstance(cell := row[name], float) else str(cell) for name in names
    )


@pytest.mark.parametrize(("domain", "kind", "path"), FEEDS)
def test_feeds_read_back_as_the_same_rows(
    tmp_path: Path, domain: Domain, kind: ArtifactKind, path: str
) -> None:
    for seed in range(6):
        feed = world(domain, seed).feed
        (tmp_path / path).write_bytes(render(feed, kind, path))
        rows = [texts(row, feed.names) for row in read(tmp_path / path)]
        assert rows == [tuple(plain(cell) for cell in row) for row in feed.rows]


@pytest.mark.parametrize("name", ["rows.csv", "rows.json", "rows.jsonl"])
def test_row_files_hold_the_columns_in_order_and_numbers_as_numbers(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(render(ORDERS, ArtifactKind.TABLE, name))
    first = read(tmp_path / name)[0]
    assert tuple(first) == ORDERS.names
    assert first["amount"] == ("10.25" if name.endswith(".csv") else 10.25)


@pytest.mark.parametrize("domain", domains(), ids=lambda domain: domain.name)
def test_worlds_are_coherent(domain: Domain) -> None:
    for seed in range(10):
        made = world(domain, seed)
        [key] = made.feed.key
        ids = [str(value).casefold() for value in made.feed.values(key)]
        assert (len(set(ids)) < len(ids)) is made.feed.duplicated
        [link] = made.dimension.key
        known = made.dimension.values(link)
        assert len(set(known)) == len(known)
        assert len(set(made.feed.values(link)) - set(known)) <= 1
        limits = made.config.sections["limits"]
        assert any(set(limits) & set(map(str, made.feed.values(n))) for n in made.feed.names)


@pytest.mark.parametrize("domain", domains(), ids=lambda domain: domain.name)
def test_config_files_read_back_as_their_sections(domain: Domain) -> None:
    for seed in range(6):
        config = world(domain, seed).config
        parser = configparser.RawConfigParser(delimiters=("=",))
        parser.optionxform = str
        parser.read_string(render(config, ArtifactKind.CONFIG, "x.ini").decode())
        assert {name: dict(parser.items(name)) for name in parser.sections()} == config.sections
        assert len(config.comments) == 5


def test_mailboxes_are_what_the_standard_library_calls_one(tmp_path: Path) -> None:
    domain = next(domain for domain in domains() if ArtifactKind.MAILBOX in domain.entry)
    feed = world(domain, 3).feed
    (tmp_path / "m.mbox").write_bytes(render(feed, ArtifactKind.MAILBOX, "m.mbox"))
    mails = list(mailbox.mbox(tmp_path / "m.mbox"))
    assert [str(mail["subject"]) for mail in mails] == feed.values("subject")
    assert not any(mail.defects for mail in mails)


def test_logs_have_lines_that_are_no_entries() -> None:
    domain = next(domain for domain in domains() if ArtifactKind.LOG in domain.entry)
    feed = world(domain, 2).feed
    lines = render(feed, ArtifactKind.LOG, "x.log").decode().splitlines()
    errors = sum(level == "ERROR" for level in feed.values("level"))
    assert errors > 0
    assert len(lines) == len(feed.rows) + 2 * errors


def test_calendars_have_the_line_ends_that_the_format_asks_for() -> None:
    domain = next(domain for domain in domains() if ArtifactKind.CALENDAR in domain.entry)
    text = render(world(domain, 0).feed, ArtifactKind.CALENDAR, "x.ics").decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert text.count("\n") == text.count("\r\n")


def test_results_are_not_rendered_as_sources() -> None:
    report = Document("x", RowSet((), (), ()), ())
    with pytest.raises(TypeError):
        render(report, ArtifactKind.DOCUMENT, "x.md")


@pytest.mark.parametrize(
    ("cell", "text"), [(3, "3"), (2.5, "2.50"), (1234567.0, "1234567.00"), ("x", "x")]
)
def test_cells_are_written_as_a_person_writes_them(cell: str | float, text: str) -> None:
    assert plain(cell) == text


def test_comments_of_a_config_are_its_comment_lines() -> None:
    assert SETTINGS.comments == ("# By hand.", "; slow")
