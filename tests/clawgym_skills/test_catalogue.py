"""The catalogue: what goes in comes out, search ranks, and a second run does only what is new."""

import shutil
import sqlite3
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym_skills import read_skill
from clawgym_skills.catalogue import Catalogue, UnknownSkillError, open_catalogue


@pytest.fixture
def catalogue(tmp_path):
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        yield catalogue


@pytest.fixture
def root(tmp_path):
    return tmp_path / "skills"


def hits(catalogue, query, limit=10):
    return [hit.name for hit in catalogue.search(query, limit)]


def test_a_skill_comes_back_as_it_was_read(catalogue, root, write_skill):
    text = (
        "---\nname: demo\ndescription: Fine.\nversion: 1.10\nmetadata:\n"
        "  clawgym-operations: filter:table x\n  openclaw: {emoji: 🦞}\n---\n# Body\n"
    )
    others = {"scripts/run.py": b"\x00\xff", "_meta.json": '{"owner": "mara"}'}
    directory = write_skill("demo", text, **others)
    (directory / "scripts/run.py").chmod(0o755)
    catalogue.index([root])
    assert catalogue.get("demo") == read_skill(directory)
    assert catalogue.skills() == [read_skill(directory)]
    assert catalogue.get("demo").digest == read_skill(directory).digest


def test_the_report_counts_what_became_of_the_skills(catalogue, root, write_simple, write_skill):
    write_simple("good")
    write_skill("repaired", "# Title\n\nText.")
    write_skill("refused", "")
    report = catalogue.index([root])
    assert (report.found, report.loaded, report.repaired, report.refused) == (3, 2, 1, 1)
    assert report.codes == {"SK001": 1, "SK203": 1}
    assert catalogue.names() == ["good", "repaired"]


def test_a_second_run_reads_only_what_changed(catalogue, root, write_simple, write_skill):
    for name in ("a", "b", "c"):
        write_simple(name)
    write_skill("d", "# D\n\nRepaired.")
    catalogue.index([root])
    write_simple("b", "Does something else.")
    shutil.rmtree(root / "c")
    write_simple("e")
    report = catalogue.index([root])
    assert (report.found, report.unchanged, report.removed) == (4, 2, 1)
    assert report.codes == {"SK001": 1}
    assert catalogue.names() == ["a", "b", "d", "e"]
    assert catalogue.get("b").description == "Does something else."
    assert hits(catalogue, "something else") == ["b"]


def test_a_skill_that_becomes_unusable_leaves_the_catalogue(
    catalogue, root, write_simple, write_skill
):
    write_simple("a")
    catalogue.index([root])
    write_skill("a", "")
    assert catalogue.index([root]).refused == 1
    assert catalogue.names() == []
    assert hits(catalogue, "thing") == []


def test_indexing_one_directory_leaves_others_alone(catalogue, root, write_simple):
    write_simple("one/a")
    write_simple("two/b")
    catalogue.index([root])
    shutil.rmtree(root / "two/b")
    catalogue.index([root / "one"])
    assert catalogue.names() == ["a", "b"]


def test_an_interrupted_run_keeps_its_batches_and_can_be_repeated(catalogue, root, write_simple):
    for number in range(300):
        write_simple(f"s{number:03}")

    def interrupt(done, total):
        assert (done, total) == (250, 300)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.index([root], progress=interrupt)
    assert len(catalogue.names()) == 250
    report = catalogue.index([root])
    assert (report.unchanged, report.loaded) == (250, 300)


def test_same_names_are_kept_under_unambiguous_addresses(
    catalogue, root, write_simple, write_skill
):
    first = write_simple("alice/weather")
    second = write_simple("bob/weather")
    text = "---\nname: weather\ndescription: Third.\n---\n"
    write_skill("carol/weather", text, **{"_meta.json": '{"owner": "caro"}'})
    write_skill("x/bob/weather", text)
    report = catalogue.index([root])
    assert catalogue.names() == ["bob-2/weather", "bob/weather", "caro/weather", "weather"]
    assert catalogue.get("weather").path == first
    assert catalogue.get("bob/weather").path == second
    assert catalogue.get("bob/weather").name == "weather"
    assert report.codes == {"SK112": 3}
    assert [d.code for d in catalogue.get("caro/weather").diagnostics] == ["SK112"]


def test_an_address_stays_with_its_directory(catalogue, root, write_simple):
    write_simple("bob/weather")
    catalogue.index([root])
    write_simple("alice/weather")
    write_simple("bob/weather", "Changed.")
    catalogue.index([root])
    assert catalogue.get("weather").path.parent.name == "bob"
    assert catalogue.get("alice/weather").path.parent.name == "alice"


def test_the_name_beats_the_description_and_that_beats_the_body(catalogue, root, write_simple):
    write_simple("c-body", "Does a thing.", "Invoices, invoices and invoices. " * 20)
    write_simple("b-description", "Checks invoices.")
    write_simple("invoices-check", "Does a thing.")
    write_simple("invoices", "Unrelated words.")
    catalogue.index([root])
    assert hits(catalogue, "invoices") == ["invoices", "invoices-check", "b-description", "c-body"]
    assert [hit.tier for hit in catalogue.search("invoices")] == [
        "exact",
        "name",
        "summary",
        "body",
    ]


@pytest.mark.parametrize(
    "query", ["csv-analysis", "CSV analysis", "csv_analysis", " csv-analysis "]
)
def test_a_name_is_found_however_it_is_written(catalogue, root, write_simple, query):
    write_simple("csv-analysis-pro", "CSV analysis, csv analysis, csv analysis.")
    write_simple("csv-analysis", "Tables.")
    catalogue.index([root])
    assert hits(catalogue, query)[0] == "csv-analysis"


def test_words_match_their_other_forms_and_beginnings(catalogue, root, write_simple):
    write_simple("calendar", "Schedules meetings.")
    catalogue.index([root])
    for query in ("meeting", "scheduling", "calen", "how do I schedule a meeting?"):
        assert hits(catalogue, query) == ["calendar"]


def test_stop_words_find_nothing_by_themselves_among_others(catalogue, root, write_simple):
    write_simple("calendar", "The way to do it.")
    catalogue.index([root])
    assert hits(catalogue, "how to parse the xml") == []


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    (root / "demo").mkdir()
    (root / "demo/SKILL.md").write_text("---\nname: demo\ndescription: Shows.\n---\n")
    with Catalogue() as catalogue:
        catalogue.index([root])
        yield catalogue


@given(st.text(max_size=30) | st.text("\"'*()^:-+{}ANDORNOTEAR \0\\", max_size=30))
def test_no_query_is_a_syntax_error(small, query):
    small.search(query)


def test_the_limit_holds(catalogue, root, write_simple):
    for number in range(5):
        write_simple(f"s{number}", "Same words.")
    catalogue.index([root])
    assert len(hits(catalogue, "same words", 3)) == 3
    assert hits(catalogue, "same words", 0) == []


def test_an_unknown_name_suggests_the_closest(catalogue, root, write_simple):
    write_simple("csv-analysis")
    catalogue.index([root])
    with pytest.raises(UnknownSkillError, match="did you mean csv-analysis"):
        catalogue.get("csv-analisys")


def test_an_unknown_name_in_an_empty_catalogue_says_what_to_do(catalogue):
    with pytest.raises(UnknownSkillError, match="index a directory"):
        catalogue.get("csv")


def test_a_reader_sees_whole_batches_while_another_writes(catalogue, root, tmp_path, write_simple):
    for number in range(600):
        write_simple(f"s{number:03}")
    seen = set()
    finished = threading.Event()

    def read():
        with Catalogue(tmp_path / "catalogue.sqlite") as reader:
            while not finished.is_set():
                seen.add(len(reader.names()))
                reader.search("thing")
            seen.add(len(reader.names()))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        catalogue.index([root])
    finally:
        finished.set()
        thread.join()
    assert seen <= {0, 250, 500, 600}
    assert 600 in seen


def test_two_writers_at_once_lose_nothing(root, tmp_path, write_simple):
    for number in range(300):
        write_simple(f"s{number:03}")
    reports = []

    def write():
        with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
            reports.append(catalogue.index([root]))

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.loaded for report in reports] == [300, 300]
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        assert len(catalogue.names()) == 300


def test_other_files_are_not_taken_for_a_catalogue(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look like a file of some sort\n" * 20)
    with pytest.raises(UsageError, match="not a skill catalogue"):
        Catalogue(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE notes (text)")
    with pytest.raises(UsageError, match="some other database"):
        Catalogue(other)


def test_a_catalogue_of_a_later_version_is_not_touched(tmp_path):
    path = tmp_path / "later.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="schema 99"):
        Catalogue(path)


def test_a_place_that_cannot_be_written_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="choose another place"):
        Catalogue(tmp_path / "file" / "catalogue.sqlite")


def test_opening_a_missing_catalogue_offers_the_bundled_skills_and_writes_nothing(tmp_path):
    with open_catalogue(tmp_path / "none.sqlite") as catalogue:
        assert catalogue.path is None
    assert list(tmp_path.iterdir()) == []
