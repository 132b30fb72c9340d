"""`clawgym skills` as a user meets it."""

import json

import pytest
from typer.testing import CliRunner

from clawgym.cli import app


@pytest.fixture
def clawgym(tmp_path, monkeypatch):
    """Run `clawgym skills …` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CLAWGYM_CATALOG", raising=False)
    return lambda *arguments: CliRunner().invoke(app, ["skills", *arguments])


@pytest.fixture
def indexed(clawgym, write_simple, write_skill):
    write_simple("csv-analysis", "Summarises tables.")
    write_skill("broken", "")
    write_skill("repaired", "# Title\n\nText \x1b[31mred.")
    assert clawgym("index", "skills").exit_code == 0
    return clawgym


def test_index_ends_with_one_json_line_of_counts(clawgym, write_simple, write_skill):
    write_simple("good")
    write_skill("broken", "")
    result = clawgym("index", "skills", "--json")
    counts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (counts["found"], counts["loaded"], counts["refused"]) == (2, 1, 1)
    assert counts["codes"] == {"SK203": 1}
    assert counts["catalogue"] == ".clawgym/catalogue.sqlite"


def test_index_says_what_was_refused_and_repaired(clawgym, write_skill):
    write_skill("broken", "")
    write_skill("repaired", "# Title\n\nText.")
    output = clawgym("index", "skills").stdout
    assert "2 found: 1 loaded (1 of them repaired, 0 unchanged), 1 refused" in output
    assert "skills/broken/SKILL.md: SK203 refused" in output
    assert "skills/repaired/SKILL.md:1: SK001 repaired" in output


def test_index_prints_the_first_diagnostics_and_all_on_demand(clawgym, write_skill):
    for number in range(30):
        write_skill(f"s{number}", "# Title\n\nText.")
    assert "… and 10 more" in clawgym("index", "skills").stdout
    assert clawgym("index", "skills", "--verbose").stdout.count("SKILL.md:1: SK001") == 30


def test_a_missing_directory_is_a_usage_error_and_leaves_no_catalogue(clawgym, tmp_path):
    result = clawgym("index", "nowhere")
    assert result.exit_code == 2
    assert "nowhere is not a directory" in result.stderr
    assert not (tmp_path / ".clawgym").exists()


def test_search_finds_by_words(indexed):
    assert "csv-analysis" in indexed("search", "summarise", "table").stdout
    (hit,) = json.loads(indexed("search", "csv-analysis", "--json").stdout)
    assert (hit["name"], hit["tier"]) == ("csv-analysis", "exact")


def test_search_without_a_match_says_so(indexed):
    result = indexed("search", "zeppelin")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no skill matches" in result.stderr


def test_list_and_show_print_json_for_programs(indexed):
    entries = json.loads(indexed("list", "--json").stdout)
    assert [entry["name"] for entry in entries] == ["csv-analysis", "repaired"]
    shown = json.loads(indexed("show", "repaired", "--json").stdout)
    assert shown["files"] == [{"path": "SKILL.md", "size": 23, "executable": False}]
    assert [found["code"] for found in shown["diagnostics"]] == ["SK001"]


def test_nothing_from_a_skill_reaches_the_terminal_as_a_control_sequence(indexed):
    for arguments in (("list",), ("show", "repaired"), ("search", "text")):
        output = indexed(*arguments).stdout
        assert "red." in output
        assert "\x1b" not in output


def test_an_unknown_name_is_a_usage_error_with_a_suggestion(indexed):
    result = indexed("show", "csv-analisys")
    assert result.exit_code == 2
    assert "did you mean csv-analysis" in result.stderr


def test_the_catalogue_can_be_named_by_flag_and_environment(clawgym, write_simple, monkeypatch):
    write_simple("a")
    clawgym("index", "skills", "--catalog", "mine.sqlite")
    monkeypatch.setenv("CLAWGYM_CATALOG", "mine.sqlite")
    assert [entry["name"] for entry in json.loads(clawgym("list", "--json").stdout)] == ["a"]


def test_without_a_catalogue_the_bundled_skills_answer(clawgym, tmp_path):
    result = clawgym("list", "--json")
    assert result.exit_code == 0
    assert "using the bundled skills" in result.stderr
    assert isinstance(json.loads(result.stdout), list)
    assert not (tmp_path / ".clawgym").exists()


def test_search_explains_itself(indexed):
    output = indexed("search", "csv", "--explain").stdout
    assert "  1 csv-analysis" in output
    assert "tier name; score" in output
    assert "used 0 times; name: csv" in output
    (hit,) = json.loads(indexed("search", "csv", "--explain", "--json").stdout)
    assert (hit["tier"], hit["uses"], hit["matched"]) == ("name", 0, {"name": ["csv"]})


def test_search_filters(indexed):
    assert json.loads(indexed("search", "csv", "--tag", "none", "--json").stdout) == []
    assert indexed("search", "csv", "--eligible", "--owner", "x").stdout == ""


def test_browsing_needs_a_catalogue_and_datasette(indexed, monkeypatch):
    result = indexed("browse", "--catalog", "nowhere.sqlite")
    assert result.exit_code == 2
    assert "nowhere.sqlite does not exist; make it with: clawgym skills index" in result.stderr
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = indexed("browse")
    assert result.exit_code == 2
    assert "pip install 'clawgym[web]'" in result.stderr


def test_a_setting_that_names_no_model_is_a_usage_error(indexed, monkeypatch):
    monkeypatch.setenv("CLAWGYM_EMBEDDING_MODEL", "nowhere")
    result = indexed("search", "csv")
    assert result.exit_code == 2
    assert "nowhere holds no model" in result.stderr
