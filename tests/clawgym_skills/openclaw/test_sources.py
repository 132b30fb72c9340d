"""OpenClaw's roots: precedence, depth, limits, and which links it follows."""

import os
from pathlib import Path

import pytest

from clawgym_skills.openclaw import OpenClawConfig
from clawgym_skills.openclaw.loading import OpenClawRule
from clawgym_skills.openclaw.sources import Root, load_sources, standard_roots


@pytest.fixture
def place(tmp_path: Path):
    """Write a skill named after its last part below `tmp_path`."""

    def write(where: str, name: str = "", description: str = "Does it.") -> Path:
        directory = tmp_path / where
        directory.mkdir(parents=True)
        name = name or directory.name
        (directory / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n")
        return directory

    return write


def load(*roots: Root, config: OpenClawConfig | None = None):
    sources = load_sources(roots, config)
    found = {each.skill.name: each.root.source for each in sources.skills}
    return found, [each.code for each in sources.diagnostics]


def test_the_first_root_wins_and_the_others_are_reported(place, tmp_path):
    places = (
        "ws/skills",
        "ws/.agents/skills",
        "home/.agents/skills",
        "home/.openclaw/skills",
        "b",
        "x",
    )
    for root in places:
        place(f"{root}/demo")
    config = OpenClawConfig({"skills": {"load": {"extraDirs": [str(tmp_path / "x")]}}})
    home = tmp_path / "home"
    roots = standard_roots(tmp_path / "ws", config, home=home, bundled=tmp_path / "b")
    assert [root.source.rpartition("-")[2] for root in roots] == [
        *("workspace", "project", "personal", "managed", "bundled", "extra")
    ]
    for number, root in enumerate(roots):
        found, codes = load(*roots[number:], config=config)
        assert found == {"demo": root.source}
        assert codes == [OpenClawRule.SHADOWED.code] * (len(roots) - number - 1)


def test_another_state_directory_leaves_the_home_directory_out(tmp_path):
    roots = standard_roots(tmp_path, home=tmp_path, state=tmp_path / "other")
    assert "agents-skills-personal" not in {root.source for root in roots}


def test_six_levels_below_a_root_and_two_below_an_extra_one(place, tmp_path):
    for where in ("r/1/2/3/4/5/six", "r/1/2/3/4/5/6/seven", "r/a/two", "r/a/b/three"):
        place(where)
    assert set(load(Root("w", tmp_path / "r"))[0]) == {"six", "two", "three"}
    assert set(load(Root("x", tmp_path / "r", extra=True))[0]) == {"two"}


def test_the_search_stops_below_a_skill_and_skips_hidden_folders(place, tmp_path):
    for where in ("r/a", "r/a/b", "r/.hidden/c", "r/node_modules/d"):
        place(where)
    assert set(load(Root("w", tmp_path / "r"))[0]) == {"a"}


def test_a_repository_with_a_folder_skills_is_searched_there(place, tmp_path):
    place("r/skills/1/2/3/deep")
    assert set(load(Root("x", tmp_path / "r", extra=True))[0]) == {"deep"}


def test_links_out_of_a_root_are_skipped_unless_allowed_or_personal(place, tmp_path):
    target = place("elsewhere/demo")
    (tmp_path / "r").mkdir()
    (tmp_path / "r/demo").symlink_to(target)
    root = Root("w", tmp_path / "r")
    assert load(root) == ({}, [OpenClawRule.LINK.code])
    config = OpenClawConfig(
        {"skills": {"load": {"allowSymlinkTargets": [str(tmp_path / "elsewhere")]}}}
    )
    assert set(load(root, config=config)[0]) == {"demo"}
    assert set(load(Root("m", tmp_path / "r", contained=False))[0]) == {"demo"}


def test_a_skill_file_may_not_lead_out_of_its_skill(place, tmp_path):
    directory = place("r/demo")
    (directory / "SKILL.md").rename(tmp_path / "outside.md")
    (directory / "SKILL.md").symlink_to(tmp_path / "outside.md")
    root = tmp_path / "r"
    for contained in (True, False):
        assert load(Root("w", root, contained=contained)) == ({}, [OpenClawRule.LINK.code])


def test_hard_links_count_only_in_the_bundled_root(place, tmp_path):
    directory = place("r/demo")
    os.link(directory / "SKILL.md", tmp_path / "twin.md")
    assert load(Root("w", tmp_path / "r")) == ({}, [OpenClawRule.HARD_LINK.code])
    assert set(load(Root("b", tmp_path / "r", bundled=True))[0]) == {"demo"}


def test_files_that_are_too_large_or_unreadable_are_skipped(place, tmp_path):
    large, broken = place("r/large", description="x" * 300_000), place("r/broken")
    (broken / "SKILL.md").write_text("---\nname: a: b\n---\n")
    (place("r/folder") / "SKILL.md").unlink()
    (tmp_path / "r/folder/SKILL.md").mkdir()
    found, codes = load(Root("w", tmp_path / "r"))
    assert found == {}
    assert large.exists()
    assert sorted(codes) == ["SKO202", "SKO204", "SKO207"]


def test_limits_of_the_configuration_are_reported_when_they_cut(place, tmp_path):
    for name in "abcd":
        place(f"r/{name}")
    config = OpenClawConfig({"skills": {"limits": {"maxSkillsLoadedPerSource": 3}}})
    found, codes = load(Root("w", tmp_path / "r"), config=config)
    assert (set(found), codes) == ({"a", "b", "c"}, [OpenClawRule.LIMIT.code])
    config = OpenClawConfig({"skills": {"limits": {"maxCandidatesPerRoot": 2}}})
    assert set(load(Root("w", tmp_path / "r"), config=config)[0]) == {"a", "b"}


def test_links_in_a_circle_end(tmp_path, place):
    place("r/demo")
    (tmp_path / "r/loop").symlink_to(tmp_path / "r/loop")
    (tmp_path / "r/up").symlink_to(tmp_path / "r")
    assert set(load(Root("w", tmp_path / "r"))[0]) == {"demo"}


def test_a_missing_root_is_empty(tmp_path):
    assert load(Root("w", tmp_path / "nowhere")) == ({}, [])
