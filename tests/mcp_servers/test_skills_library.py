from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.records import AnnotationRecord, CategoryRecord
from mcp_servers.public_names import public_names
from mcp_servers.skills import library as library_module
from mcp_servers.skills.library import Library
from mcp_servers.skills.stock import Selection


@pytest.fixture
def catalogue(tmp_path: Path, skill_folder: Path):
    with Catalogue(tmp_path / "catalogue.sqlite") as catalogue:
        catalogue.index([skill_folder])
        yield catalogue


def names(library: Library) -> list[str]:
    entries, following = library.page("resource")
    assert following is None
    return [str(entry["name"]) for entry in entries if isinstance(entry, dict)]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["weather", "acme/weather"], ["weather", "acme-weather"]),
        (["a", "A", "A!"], ["a", "a-2", "a-3"]),
        (["x-y", "y", "x/y"], ["x-y", "y", "x-y-2"]),
        (["n" * 70, "n" * 80], ["n" * 64, "n" * 62 + "-2"]),
        (["\u5929\u6c14"], ["skill"]),
    ],
)
def test_public_names_are_unique_slugs(ids, expected):
    assert [name for _, name in public_names(ids)] == expected


def test_a_change_by_another_process_shows_at_once(catalogue: Catalogue, skill_folder: Path):
    library = Library(catalogue)
    before = library.version
    new = skill_folder / "new-one"
    new.mkdir()
    (new / "SKILL.md").write_text("---\nname: new-one\ndescription: New.\n---\n")
    with Catalogue(catalogue.path) as other:
        other.index([skill_folder])
    assert names(library) == ["csv-analysis", "invoice-checker", "new-one", "weather-report"]
    assert library.version == before + 1


def test_a_changed_skill_is_served_as_it_is_now(catalogue: Catalogue, skill_folder: Path):
    library = Library(catalogue)
    assert "old" not in str(library.page("entry"))
    text = "---\nname: csv-analysis\ndescription: Quite old.\n---\n"
    (skill_folder / "csv-analysis" / "SKILL.md").write_text(text)
    catalogue.index([skill_folder])
    found = library.find("csv-analysis")
    assert found is not None
    assert found.view.description == "Quite old."
    assert "Quite old." in str(library.page("entry"))


def test_a_write_that_changes_no_skill_is_no_change(catalogue: Catalogue):
    library = Library(catalogue)
    before = library.version
    catalogue.record_owner("acme", official=False)
    library.refresh()
    assert library.version == before


def test_only_a_category_is_offered(catalogue: Catalogue):
    skill = catalogue.get("csv-analysis")
    annotation = AnnotationRecord("rules", "1", "{}")
    catalogue.record_annotation(skill.digest, annotation, [CategoryRecord("Data & APIs", "csv")])
    library = Library(catalogue, Selection(category="data & apis"))
    assert names(library) == ["csv-analysis"]
    assert [offer.view.name for offer in library.search("report", 10)] == []
    with pytest.raises(UsageError, match="the categories are: Data & APIs"):
        Library(catalogue, Selection(category="Poetry"))


def test_only_what_openclaw_would_load_is_offered(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "")
    library = Library(catalogue, Selection(eligible_only=True))
    assert names(library) == ["csv-analysis", "invoice-checker"]


def walk(library: Library) -> list[object]:
    """Every entry of the list, page by page."""
    listed: list[object] = []
    after: str | None = ""
    while after is not None:
        entries, after = library.page("entry", after)
        assert len(entries) == 1
        listed += entries
    return listed


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library_module, "PAGE_CHARACTERS", 10)


@pytest.mark.usefixtures("short_pages")
def test_a_page_holds_no_more_than_its_characters(catalogue: Catalogue):
    assert len(walk(Library(catalogue))) == 3


@pytest.mark.usefixtures("short_pages")
def test_kept_pages_are_those_of_the_catalogue_as_it_is(catalogue: Catalogue, skill_folder: Path):
    library = Library(catalogue)
    first = walk(library)
    assert walk(library) == first
    text = "---\nname: invoice-checker\ndescription: Quite new.\n---\n"
    (skill_folder / "invoice-checker" / "SKILL.md").write_text(text)
    catalogue.index([skill_folder])
    assert "Quite new." in str(walk(library))
    assert "Quite new." not in str(first)


@pytest.mark.usefixtures("short_pages")
def test_pages_after_guessed_names_are_answered_and_not_kept(catalogue: Catalogue):
    library = Library(catalogue)
    pages = "SELECT count(*) FROM pages"
    for number in range(20):
        entries, _ = library.page("entry", f"d-{number}")
        assert "invoice-checker" in str(entries)
    assert library._shelf.execute(pages).fetchone() == (0,)
    walk(library)
    assert library._shelf.execute(pages).fetchone() == (3,)


def test_a_damaged_skill_is_left_out_and_the_others_are_served(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture
):
    catalogue.connection.execute(
        "UPDATE blobs SET content = x'00' WHERE CAST(content AS TEXT) LIKE '%# CSV analysis%'"
    )
    catalogue.connection.commit()
    library = Library(catalogue)
    assert names(library) == ["invoice-checker", "weather-report"]
    assert library.find("csv-analysis") is None
    assert "changed behind the catalogue's back" in caplog.text


def test_a_skill_that_models_may_not_choose_is_not_found_by_search(
    catalogue: Catalogue, skill_folder: Path
):
    text = "---\nname: hush\ndescription: Whisper.\ndisable-model-invocation: true\n---\n"
    (skill_folder / "hush").mkdir()
    (skill_folder / "hush" / "SKILL.md").write_text(text)
    catalogue.index([skill_folder])
    library = Library(catalogue)
    assert library.search("whisper", 5) == []
    assert "hush" in names(library)
