"""Whether a skill may be used on a machine, and the reason in words."""

import pytest

from clawgym.errors import UsageError
from clawgym_skills.metadata import Requirements
from clawgym_skills.openclaw import Machine, Manifest, OpenClawConfig, gate
from clawgym_skills.openclaw.config import load_config

LINUX = Machine("linux", {"TOKEN": "x", "BLANK": " "}, {"git", "jq"}.__contains__)


def config(**skills) -> OpenClawConfig:
    return OpenClawConfig({"skills": skills})


def reasons(manifest: Manifest, settings: OpenClawConfig | None = None, **options):
    return gate("demo", manifest, LINUX, settings, **options).reasons


def test_without_a_block_every_skill_is_eligible():
    assert gate("demo", None, LINUX).eligible


def test_everything_that_is_missing_is_named():
    requires = Requirements(
        bins=("git", "rg"), any_bins=("a", "b"), env=("TOKEN", "KEY"), config=("x.y",)
    )
    assert reasons(Manifest(requires=requires)) == (
        "environment variable KEY is not set",
        "config x.y is not set",
        "program rg is not on PATH",
        "none of the programs a, b is on PATH",
    )


def test_what_is_there_is_enough():
    requires = Requirements(bins=("git",), any_bins=("a", "jq"), env=("TOKEN",))
    assert reasons(Manifest(requires=requires)) == ()


def test_a_blank_variable_counts_as_unset():
    assert reasons(Manifest(requires=Requirements(env=("BLANK",))))


def test_always_passes_over_requirements_but_not_over_the_system():
    requires = Requirements(bins=("rg",))
    assert reasons(Manifest(always=True, requires=requires)) == ()
    assert reasons(Manifest(always=True, os=("darwin",))) == ("runs on macOS, this is Linux",)


def test_a_skill_can_be_disabled_under_its_key():
    settings = config(entries={"other": {"enabled": False}})
    manifest = Manifest(skill_key="other", always=True)
    assert reasons(manifest, settings) == ("disabled by skills.entries.other.enabled",)


def test_the_configuration_provides_variables_and_the_primary_key():
    manifest = Manifest(primary_env="KEY", requires=Requirements(env=("KEY", "MORE")))
    entry = {"apiKey": {"source": "env"}, "env": {"MORE": "1"}}
    assert reasons(manifest, config(entries={"demo": entry})) == ()
    assert len(reasons(manifest, config(entries={"demo": {"apiKey": " "}}))) == 2


def test_a_list_of_allowed_bundled_skills_binds_only_those():
    settings = config(allowBundled=["other"])
    assert reasons(Manifest(), settings, bundled=True) == ("not in skills.allowBundled",)
    assert reasons(Manifest(), settings) == ()


@pytest.mark.parametrize(
    ("path", "value", "truthy"),
    [
        ("a.b", "x", True),
        ("a.b", " ", False),
        ("a.b", 0, False),
        ("a.b", {}, True),
        ("a.c", 1, False),
    ],
)
def test_config_paths_are_truthy_as_in_javascript(path, value, truthy):
    assert OpenClawConfig({"a": {"b": value}}).is_truthy(path) is truthy


def test_some_config_paths_have_defaults_and_prototypes_none():
    assert OpenClawConfig().is_truthy("browser.enabled")
    assert not OpenClawConfig({"browser": {"enabled": False}}).is_truthy("browser.enabled")
    assert not OpenClawConfig({"constructor": {"x": 1}}).is_truthy("constructor.x")


def test_a_configuration_file_is_json5_and_may_be_missing(tmp_path):
    path = tmp_path / "openclaw.json"
    assert load_config(path) == OpenClawConfig()
    path.write_text(
        "{skills: {load: {extraDirs: [' ~/more ', 3]}, limits: {maxCandidatesPerRoot: 7}},}"
    )
    loaded = load_config(path)
    assert [directory.name for directory in loaded.extra_directories] == ["more"]
    assert loaded.limits.candidates_per_root == 7
    path.write_text("{")
    with pytest.raises(UsageError, match="cannot read"):
        load_config(path)


def test_programs_are_looked_up_on_path(tmp_path, monkeypatch):
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = Machine.current()
    assert machine.has_program("tool")
    assert not machine.has_program("../tool")
    assert not machine.has_program("")
