"""Settings: flag, environment, project file, user file, default; and always the origin."""

import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.config_cli import app
from clawgym.errors import UsageError
from clawgym.settings import Settings, load, user_file


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a home without any settings."""
    for variable in os.environ:
        if variable.upper().startswith("CLAWGYM_"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


def write_user_file(text: str) -> None:
    user_file().parent.mkdir(parents=True)
    user_file().write_text(text)


def set_jobs(source: str, jobs: int, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """Set `jobs` in one source; what comes back are the flags."""
    if source == "flag --jobs":
        return {"jobs": jobs}
    if source == "environment CLAWGYM_JOBS":
        monkeypatch.setenv("CLAWGYM_JOBS", str(jobs))
    elif source == "file clawgym.toml":
        Path("clawgym.toml").write_text(f"jobs = {jobs}\n")
    else:
        write_user_file(f"jobs = {jobs}\n")
    return {}


SOURCES = ["flag --jobs", "environment CLAWGYM_JOBS", "file clawgym.toml", "file of the user"]


@pytest.mark.parametrize(("stronger", "weaker"), list(pairwise(SOURCES)))
def test_the_stronger_source_wins_and_is_named(
    stronger: str, weaker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {**set_jobs(weaker, 5, monkeypatch), **set_jobs(stronger, 6, monkeypatch)}
    loaded = load(flags)
    assert loaded.settings.jobs == 6
    assert loaded.origins["jobs"] == stronger


def test_the_user_file_beats_the_default() -> None:
    write_user_file('model = "small"\n')
    loaded = load()
    assert loaded.settings == Settings(model="small")
    assert loaded.origins["model"] == f"file {user_file()}"


def test_without_any_source_everything_is_a_default() -> None:
    loaded = load()
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == set(Settings.model_fields)


def test_files_are_merged_key_by_key() -> None:
    write_user_file('model = "small"\njobs = 3\n')
    Path("clawgym.toml").write_text("jobs = 4\n")
    assert (load().settings.model, load().settings.jobs) == ("small", 4)


def test_a_flag_that_was_not_given_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWGYM_MODEL", "small")
    assert load({"model": None}).settings.model == "small"


def test_a_flag_rescues_from_an_invalid_weaker_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWGYM_JOBS", "many")
    assert load({"jobs": 3}).settings.jobs == 3


def test_a_variable_counts_in_any_case_and_is_named_as_documented(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("clawgym_jobs", "9")
    loaded = load()
    assert loaded.settings.jobs == 9
    assert loaded.origins["jobs"] == "environment CLAWGYM_JOBS"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("jobs = 0", r"jobs \(file clawgym\.toml\): .*greater than or equal to 1"),
        (
            'sandbox = "chroot"',
            r"sandbox \(file clawgym\.toml\): .*'auto', 'bwrap', 'docker', 'landlock' or 'local'",
        ),
        ("colour = 1", r"colour \(file clawgym\.toml\): Extra inputs"),
    ],
)
def test_an_invalid_value_of_a_file_is_named_with_the_file(text: str, complaint: str) -> None:
    Path("clawgym.toml").write_text(text)
    with pytest.raises(UsageError, match=complaint):
        load()


def test_every_invalid_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWGYM_JOBS", "many")
    with pytest.raises(UsageError) as caught:
        load({"base_url": 3})
    assert "jobs (environment CLAWGYM_JOBS): " in str(caught.value)
    assert "base_url (flag --base-url): " in str(caught.value)


@pytest.mark.parametrize("content", [b"[x", b"\xff", b"jobs = 1\njobs = 2"])
def test_a_malformed_file_is_named(content: bytes) -> None:
    Path("clawgym.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"settings file clawgym\.toml cannot be read: "):
        load()


def test_a_directory_in_the_place_of_a_file_is_named(place: Path) -> None:
    user_file().mkdir(parents=True)
    with pytest.raises(UsageError, match=f"settings file {user_file()} cannot be read: "):
        load()


def test_without_xdg_the_user_file_lies_below_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert user_file() == Path("/home/ada/.config/clawgym/config.toml")


def test_config_show_prints_values_and_origins_for_programs() -> None:
    Path("clawgym.toml").write_text("jobs = 4\n")
    shown = json.loads(CliRunner().invoke(app, ["show", "--json"]).stdout)
    assert set(shown) == set(Settings.model_fields)
    assert shown["jobs"] == {"value": 4, "origin": "file clawgym.toml"}
    assert shown["model"] == {"value": None, "origin": "default"}


def test_config_show_explains_every_setting_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWGYM_MODEL", "small")
    shown = CliRunner().invoke(app, ["show"]).stdout
    (line,) = (line for line in shown.splitlines() if line.startswith("model "))
    assert line.split() == ["model", "small", "environment", "CLAWGYM_MODEL"]
    for field in Settings.model_fields.values():
        assert str(field.description) in shown


def test_the_key_itself_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    for arguments in (["show"], ["show", "--json"]):
        assert "sk-secret" not in CliRunner().invoke(app, arguments).stdout
