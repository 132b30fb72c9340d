"""Indexing again, in several processes, interrupted, and next to another writer."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from clawgym.errors import ClawGymError
from clawgym_skills import _readings, _signature
from clawgym_skills._rows import DamagedSkillError
from clawgym_skills._store import CatalogueBusyError
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.records import AnnotationRecord, CategoryRecord


@pytest.fixture
def root(tmp_path):
    return tmp_path / "skills"


@pytest.fixture
def settled(monkeypatch):
    """Directories count as settled at once."""
    monkeypatch.setattr(_signature, "SETTLED_NS", -(10**9))


@pytest.fixture
def read_sources(monkeypatch):
    """The names of the directories that were read, in order."""
    read, real = [], _readings.read

    def record(source):
        read.append(os.path.basename(source))
        return real(source)

    monkeypatch.setattr(_readings, "read", record)
    return read


def contents(path):
    """Every row of every table but the times."""
    with sqlite3.connect(path) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("skills_fts_")
        ]
        return {
            table: sorted(
                (
                    {
                        **dict(zip([c[0] for c in rows.description], row, strict=True)),
                        "first_seen": 0,
                    }
                    for row in rows
                ),
                key=repr,
            )
            for table in tables
            for rows in [connection.execute(f"SELECT * FROM {table}")]
        }


def test_what_looks_the_same_is_not_read_again(tmp_path, root, write_simple, settled, read_sources):
    for name in ("a", "b", "c"):
        write_simple(name)
    (root / "d").mkdir()
    (root / "d/SKILL.md").write_bytes(b"")
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.index([root])
        write_simple("b", "Changed.")
        read_sources.clear()
        report = catalogue.index([root])
        assert read_sources == ["b"]
        assert (report.loaded, report.unchanged, report.refused) == (3, 2, 1)
        assert report.codes == {"SK203": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda skill: (skill / "SKILL.md").chmod(0o755),
        lambda skill: (skill / "sub/new").write_bytes(b""),
        lambda skill: (skill / "old").rename(skill / "renamed"),
        lambda skill: (skill / "old").unlink(),
        lambda skill: os.utime(skill / "old", ns=(0, 0)),
    ],
    ids=["mode", "added", "renamed", "removed", "time set back"],
)
def test_every_change_shows_in_the_signature(write_skill, settled, change):
    skill = write_skill("a", "x", old=b"1")
    (skill / "sub").mkdir()
    before = _signature.signature(str(skill))
    assert before is not None
    assert _signature.signature(str(skill)) == before
    change(skill)
    assert _signature.signature(str(skill)) != before


def test_a_file_of_the_same_size_and_time_still_shows(write_skill, settled):
    skill = write_skill("a", "one")
    status = (skill / "SKILL.md").stat()
    before = _signature.signature(str(skill))
    time.sleep(0.02)
    (skill / "SKILL.md").write_text("two")
    os.utime(skill / "SKILL.md", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert _signature.signature(str(skill)) != before


def test_what_was_just_written_is_not_taken_as_settled(write_skill):
    assert _signature.signature(str(write_skill("a", "x"))) is None


def test_a_directory_that_cannot_be_listed_has_no_signature(tmp_path):
    assert _signature.signature(str(tmp_path / "nowhere")) is None


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_processes_does_not_show(
    tmp_path, root, write_simple, write_skill, monkeypatch, workers
):
    monkeypatch.setattr(_readings, "_WORTH_A_PROCESS", 1)
    for number in range(90):
        write_simple(f"{number % 7}/skill-{number // 2}", name=f"skill-{number // 3}")
    write_skill("9/refused", "")
    reports = []
    for path, count in ((tmp_path / "one.sqlite", 0), (tmp_path / "many.sqlite", workers)):
        with Catalogue(path) as catalogue:
            reports.append(catalogue.index([root], workers=count))
    assert contents(tmp_path / "one.sqlite") == contents(tmp_path / "many.sqlite")
    one, many = reports
    assert one.counts() | {"seconds": 0} == many.counts() | {"seconds": 0}
    assert one.diagnostics == many.diagnostics


def test_a_reading_process_that_dies_is_reported(root, write_simple, monkeypatch):
    monkeypatch.setattr(_readings, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(_readings, "_PROCESS", "no_such_module")
    sources = [str(write_simple(f"s{number}")) for number in range(40)]
    with pytest.raises(ClawGymError, match="ended with status 1; what was already written is kept"):
        list(_readings.read_all(sources, 1))


def test_a_killed_writer_loses_no_batch_and_the_same_command_goes_on(tmp_path, root, write_simple):
    for number in range(1_500):
        write_simple(f"s{number:04}")
    path = tmp_path / "c.sqlite"
    command = [sys.executable, "-m", "clawgym.cli", "skills", "index", str(root), "--json"]
    with subprocess.Popen([*command, "--catalog", str(path)], stdout=subprocess.PIPE) as process:
        while count(path) < 250:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = count(path)
    assert kept % 250 == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO skills_fts (skills_fts) VALUES ('integrity-check')")
    with Catalogue(path) as catalogue:
        report = catalogue.index([root])
        assert (report.loaded, report.unchanged) == (1_500, kept)


def count(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT count(*) FROM skills").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet
        return 0


def test_a_writer_says_so_if_another_one_does_not_end(tmp_path, root, write_simple):
    write_simple("a")
    path = tmp_path / "c.sqlite"
    with Catalogue(path, busy_seconds=0.05) as catalogue:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogueBusyError, match="another process has been writing"):
            catalogue.index([root])
        other.rollback()
        other.close()
        assert catalogue.index([root]).loaded == 1


def test_many_processes_may_make_the_same_catalogue(tmp_path):
    path = tmp_path / "c.sqlite"
    script = (
        "import sys; from pathlib import Path; from clawgym_skills.catalogue import Catalogue\n"
    )
    script += "Catalogue(Path(sys.argv[1])).close()"
    started = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for _ in range(4)]
    assert [process.wait() for process in started] == [0, 0, 0, 0]


def test_revisions_are_kept_and_each_content_once(tmp_path, root, write_skill):
    text = "---\nname: a\ndescription: One.\nversion: 1\n---\n"
    write_skill("a", text, shared=b"same bytes")
    write_skill("b", text.replace("name: a", "name: b"), shared=b"same bytes")
    path = tmp_path / "c.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.index([root])
        before = catalogue.get("a")
        write_skill("a", text.replace("version: 1", "version: 2"))
        catalogue.index([root])
        after = catalogue.get("a")
        assert catalogue.files(before.digest) == before.files
        assert catalogue.files(after.digest) == after.files
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT versions.version, versions.digest FROM versions JOIN skills ON key = skill "
            "WHERE skills.id = 'a' ORDER BY position"
        ).fetchall()
        assert rows == [("1", before.digest), ("2", after.digest)]
        same = connection.execute("SELECT count(*) FROM blobs WHERE content = ?", (b"same bytes",))
        assert same.fetchone() == (1,)


def test_a_skill_that_was_changed_behind_the_catalogues_back_is_not_used(
    tmp_path, root, write_simple
):
    write_simple("a")
    path = tmp_path / "c.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.index([root])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blobs SET content = ?", (b"---\nname: a\n---\nsteal\n",))
    with Catalogue(path) as catalogue, pytest.raises(DamagedSkillError, match="index the skills"):
        catalogue.get("a")


def test_a_removed_skill_leaves_its_revision(tmp_path, root, write_simple):
    write_simple("a")
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.index([root])
        digest = catalogue.get("a").digest
        shutil.rmtree(root / "a")
        assert catalogue.index([root]).removed == 1
        assert list(catalogue.files(digest)) == ["SKILL.md"]
        assert list(catalogue.files("0" * 64)) == []


def test_the_words_stay_those_of_the_skills_whatever_happens(tmp_path, root, write_simple):
    path = tmp_path / "c.sqlite"
    with Catalogue(path) as catalogue:
        for number, description in enumerate(("One.", "Two.", "Three.", "Four.")):
            for name in ("a", "b", f"c{number}"):
                write_simple(name, description)
            shutil.rmtree(root / f"c{number - 1}", ignore_errors=True)
            (root / "b/SKILL.md").write_text("" if number == 2 else description + "\n\nText.")
            catalogue.index([root])
            digest = catalogue.get("a").digest
            record = AnnotationRecord("rules", str(number), "{}")
            catalogue.record_annotation(digest, record, [CategoryRecord(f"Category {number}")])
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO skills_fts (skills_fts, rank) VALUES ('integrity-check', 1)"
        )
