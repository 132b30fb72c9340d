"""Where skills are found, and where nobody looks."""

import pytest

from clawgym.errors import UsageError
from clawgym_skills import discover_skills


@pytest.fixture
def found(tmp_path):
    """The paths of the discovered skills, relative to the directory that was searched."""

    def find():
        root = tmp_path / "skills"
        return [str(path.relative_to(root)) for path in discover_skills([root]).directories]

    return find


def test_skills_are_found_at_any_depth_up_to_six(write_simple, found):
    for where in ("b", "owner/a", "1/2/3/4/5/6", "1/2/3/4/5/6x/7"):
        write_simple(where)
    assert found() == ["1/2/3/4/5/6", "b", "owner/a"]


def test_the_search_stops_below_a_skill(write_simple, found):
    write_simple("outer")
    write_simple("outer/inner")
    assert found() == ["outer"]


def test_a_directory_that_is_itself_a_skill(write_simple):
    directory = write_simple("demo")
    assert discover_skills([directory]).directories == (directory,)


def test_version_control_and_dependencies_are_skipped(write_simple, found):
    for where in (".git/a", "node_modules/b", ".agents/c"):
        write_simple(where)
    assert found() == [".agents/c"]


def test_a_list_called_skills_md_does_not_hide_the_skills_below(write_skill, write_simple, found):
    write_simple("list/real")
    write_skill("list", "", **{"skills.md": "# All skills"})
    (write_skill("list", "") / "SKILL.md").unlink()
    directory = write_skill("alone", "")
    (directory / "SKILL.md").rename(directory / "skills.md")
    assert found() == ["alone", "list/real"]


def test_links_to_directories_are_passed_over_and_reported(write_simple, tmp_path):
    directory = write_simple("a")
    (tmp_path / "skills/b").symlink_to(directory)
    discovery = discover_skills([tmp_path / "skills"])
    assert discovery.directories == (directory,)
    assert [found.code for found in discovery.diagnostics] == ["SK109"]


def test_overlapping_directories_give_each_skill_once(write_simple, tmp_path):
    directory = write_simple("a/b")
    roots = [tmp_path / "skills", tmp_path / "skills/a", directory]
    assert discover_skills(roots).directories == (directory,)


def test_a_missing_directory_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="nowhere is not a directory"):
        discover_skills([tmp_path / "nowhere"])
