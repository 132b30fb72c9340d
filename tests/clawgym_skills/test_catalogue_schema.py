"""The catalogue's file: its documented schema, and what became of older and newer ones."""

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym_skills import read_skill
from clawgym_skills._store import SCHEMA_VERSION, _statements
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.records import ScanRecord
from clawgym_skills.schema_reference import datasette_metadata, schema_page, schema_reference

ROOT = Path(__file__).parents[2]
SCHEMA_1 = Path(__file__).parent / "data/catalogue_1.sql"


@pytest.fixture
def skill(write_skill):
    text = (
        "---\nname: CSV Tools\ndescription: Tables.\nversion: '1.10'\ntags: [Tables, csv]\n"
        "category: Data\nmetadata:\n  clawgym-operations: filter:table\n---\n# Body\n"
    )
    directory = write_skill("csv", text, **{"run.py": b"\x00\xff", "_meta.json": '{"owner": "m"}'})
    (directory / "run.py").chmod(0o755)
    return read_skill(directory)


@pytest.fixture
def version_1(tmp_path, skill):
    """A file as version 1 wrote it: two skills with the same bytes, and one refused."""
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA_1.read_text("utf-8"))
        for key, (qualifier, where) in enumerate([("", skill.path), ("b", "/elsewhere/b")], 1):
            connection.execute(
                "INSERT INTO skills VALUES (?, ?, ?, ?, ?, ?, '', 1, ?, ?, ?, ?, ?, 1)",
                (
                    key,
                    f"{qualifier}/{skill.name}".lstrip("/"),
                    skill.name,
                    qualifier,
                    skill.owner,
                    skill.description,
                    skill.body,
                    json.dumps(skill.frontmatter),
                    skill.digest,
                    str(where),
                    skill.file_name,
                ),
            )
            for file_path, file in skill.files.items():
                sha256 = hashlib.sha256(file.data).hexdigest()
                row = (key, file_path, sha256, len(file.data), int(file.executable), file.data)
                connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO capabilities VALUES (?, 0, 'filter', 'table')", (key,))
        for source, found in ((str(skill.path), skill.diagnostics[0]), ("/gone", None)):
            code, text = (found.code, found.message) if found else ("SK203", "nothing")
            severity = str(found.severity) if found else "refused"
            row = (source, 0, code, severity, text, found.path if found else source, None)
            connection.execute("INSERT INTO diagnostics VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    return path


def dump(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
        return rows.fetchall()


def test_version_1_is_migrated_and_keeps_everything(version_1, skill):
    with Catalogue(version_1) as catalogue:
        moved = catalogue.get("CSV Tools")
        assert (moved.files, moved.body, moved.owner) == (skill.files, skill.body, skill.owner)
        assert moved.digest == skill.digest
        assert moved.capabilities == skill.capabilities
        assert moved.diagnostics[0].code == skill.diagnostics[0].code
        assert catalogue.names() == ["CSV Tools", "b/CSV Tools"]
        assert [hit.tier for hit in catalogue.search("csv tools")] == ["exact", "exact"]
        assert catalogue.search("csv", filters=None)[0].name == "CSV Tools"
        assert catalogue.files(skill.digest) == skill.files
    with sqlite3.connect(version_1) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM diagnostics").fetchone() == (2,)
        assert set(connection.execute("SELECT version, taxonomy FROM skills")) == {
            ("1.10", "data · csv · tables · filter table")
        }
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_migrated_file_has_the_schema_of_a_new_one(version_1, tmp_path):
    Catalogue(version_1).close()
    Catalogue(tmp_path / "new.sqlite").close()
    assert dump(version_1) == dump(tmp_path / "new.sqlite")


def test_after_a_migration_indexing_goes_on(version_1, skill):
    with Catalogue(version_1) as catalogue:
        report = catalogue.index([skill.path.parent])
        assert (report.found, report.removed) == (1, 0)
        assert catalogue.names() == ["CSV Tools", "b/CSV Tools"]


def test_an_interrupted_migration_leaves_version_1_as_it_was(version_1, monkeypatch):
    before = dump(version_1)

    def fail(connection):
        raise RuntimeError("the plug was pulled")

    monkeypatch.setattr("clawgym_skills._store._label", fail)
    with pytest.raises(RuntimeError):
        Catalogue(version_1)
    assert dump(version_1) == before


def test_a_later_version_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "later.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(
        UsageError, match=r"schema 99.*up to 2; upgrade ClawGym, or index into a new"
    ):
        Catalogue(path)


def test_scripts_are_run_statement_by_statement():
    script = "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\nSELECT 1;\nEND;\n"
    assert len(list(_statements(script))) == 2


def test_every_table_is_described_and_documented():
    for table in schema_reference():
        assert len(table.description) > 20, table.name
        assert table.columns, table.name
    page = (ROOT / "docs/catalogue.md").read_text("utf-8")
    assert schema_page() in page, "run: python docs/catalogue_reference.py"


def test_datasette_is_told_about_every_table():
    tables = datasette_metadata("catalogue")["databases"]["catalogue"]["tables"]
    assert set(tables) == {table.name for table in schema_reference()}


async def test_datasette_opens_a_catalogue(tmp_path, skill):
    app = pytest.importorskip("datasette.app", reason="needs the extra web")
    path = tmp_path / "catalogue.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.index([skill.path.parent])
        catalogue.record_scan(skill.digest, ScanRecord("ours", "1", (), 0))
    datasette = app.Datasette([str(path)], metadata=datasette_metadata("catalogue"))
    answer = await datasette.client.get("/catalogue/skills.json?_shape=array&_col=name")
    assert [row["name"] for row in answer.json()] == ["CSV Tools"]


def test_the_tables_are_at_hand_through_sqlite_utils(version_1):
    with Catalogue(version_1) as catalogue:
        assert {row["name"] for row in catalogue.tables["skills"].rows} == {"CSV Tools"}
        assert catalogue.tables["skills"].count == 2
