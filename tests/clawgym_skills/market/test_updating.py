"""Updates go forward, and never over a pin or an edit."""

import pytest

from clawgym.errors import UsageError
from clawgym_skills.market.lockfile import Lock, LockEntry
from clawgym_skills.market.policy import Verdict
from clawgym_skills.market.sources import parse_source
from clawgym_skills.market.updating import update
from clawgym_skills.records import FindingRecord
from tests.clawgym_skills.market.shop import demo_files

KEY = "@alice/demo-skill"
FIRST, SECOND = demo_files(), demo_files(**{"new.md": "new\n"})


@pytest.fixture
def ready(shop, workspace):
    """Version 1.0.0 is installed, 1.0.1 is published."""
    shop.publish(FIRST)
    with shop.client() as registry:
        workspace.install(parse_source(KEY), registry)
    assert shop.publish(SECOND) == "1.0.1"
    return shop, workspace


def run(ready, name=None, **options):
    shop, workspace = ready
    with shop.client() as registry:
        return [
            (one.key, one.outcome, one.detail)
            for one in update(workspace, registry, name, **options)
        ]


def test_a_skill_is_brought_to_the_latest_version(ready):
    _, workspace = ready
    before = Lock.read(workspace.workdir).entry(KEY)

    assert run(ready) == [(KEY, "updated", "1.0.1")]
    assert (workspace.skills / KEY / "new.md").read_text() == "new\n"
    after = Lock.read(workspace.workdir).entry(KEY)
    assert after == LockEntry("1.0.1", before.installed_at, "alice")
    assert run(ready) == [(KEY, "current", "1.0.1")]


def test_a_pinned_skill_stays(ready):
    _, workspace = ready
    workspace.pin(KEY, "because")

    assert run(ready, force=True) == [(KEY, "pinned", "because")]
    with pytest.raises(UsageError, match="pinned"):
        run(ready, KEY)


def test_an_edited_skill_stays_unless_forced(ready):
    _, workspace = ready
    edited = workspace.skills / KEY / "SKILL.md"
    edited.write_text(edited.read_text() + "mine\n")

    assert run(ready) == [(KEY, "edited", "local changes; --force overwrites them")]
    assert edited.read_text().endswith("mine\n")
    assert run(ready, force=True) == [(KEY, "updated", "1.0.1")]


def test_files_that_are_another_version_are_no_edit(ready):
    _, workspace = ready
    (workspace.skills / KEY / "new.md").write_text("new\n")

    assert run(ready) == [(KEY, "current", "1.0.1")]


def test_a_folder_that_is_gone_is_installed_again(ready):
    _, workspace = ready
    (workspace.skills / KEY).rename(workspace.workdir / "elsewhere")

    assert run(ready) == [(KEY, "updated", "1.0.1")]


def test_it_goes_back_only_when_told_twice(ready):
    run(ready)

    (held,) = run(ready, KEY, version="1.0.0")
    assert held == (KEY, "older", "1.0.0 is older than 1.0.1; --force goes back to it")
    assert run(ready, KEY, version="1.0.0", force=True) == [(KEY, "updated", "1.0.0")]


def test_a_skill_under_another_name_is_updated_in_its_place(ready):
    shop, workspace = ready
    with shop.client() as registry:
        workspace.install(parse_source(f"{KEY}@1.0.0"), registry, alias="mine")

    assert run(ready, "mine") == [("mine", "updated", "1.0.1")]
    assert (workspace.skills / "mine/new.md").exists()
    assert list(Lock.read(workspace.workdir)) == [KEY]


def test_a_skill_from_a_folder_has_nothing_to_be_updated_from(ready, tmp_path):
    _, workspace = ready
    demo_files("local").write_to(tmp_path / "local")
    workspace.install(parse_source(str(tmp_path / "local")))

    with pytest.raises(UsageError, match="did not come from a registry"):
        run(ready, "local")
    assert [key for key, _, _ in run(ready)] == [KEY]


def test_what_became_malware_is_not_updated_and_the_others_are(start_shop, workspace):
    bad = []

    def gate(folder):
        found = (FindingRecord("SC1", "block", "x"),)
        return Verdict("block", found) if folder.name in bad else Verdict()

    shop = start_shop(gate=gate)
    for slug in ("demo-skill", "other-skill"):
        shop.publish(demo_files(slug), slug)
        with shop.client() as registry:
            workspace.install(parse_source(f"@alice/{slug}"), registry)
    bad.append("demo-skill")
    for slug in ("demo-skill", "other-skill"):
        shop.publish(demo_files(slug, **{"new.md": "n"}), slug)

    outcomes = [outcome for _, outcome, _ in run((shop, workspace))]

    assert outcomes == ["blocked", "updated"]
    assert not (workspace.skills / KEY / "new.md").exists()
