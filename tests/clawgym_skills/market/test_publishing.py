"""Publishing a folder: what goes out, under which version, and what a dry run does."""

import pytest

from clawgym.errors import UsageError
from clawgym_skills.market.policy import BlockedSkillError, Verdict, allow_everything
from clawgym_skills.market.publishing import Publication, publish_folder
from clawgym_skills.market.transport import RegistryError
from tests.clawgym_skills.market.shop import BOB, demo_files, skill_text


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "Demo Skill"
    demo_files(
        **{
            ".env": "SECRET=1",
            ".gitignore": "*.log\n",
            "a.log": "x",
            "skill-card.md": "x",
            "_meta.json": "{}",
            "node_modules/m.js": "x",
        }
    ).write_to(path)
    return path


def publish(shop, folder, token=None, **options):
    gate = options.pop("gate", allow_everything)
    dry_run = options.pop("dry_run", False)
    with shop.client(token) if token else shop.client() as registry:
        return publish_folder(registry, folder, gate, Publication(**options), dry_run=dry_run)


def test_the_first_version_is_1_0_0_and_the_next_a_patch(shop, folder):
    first = publish(shop, folder)
    again = publish(shop, folder)
    (folder / "references/a.md").write_text("b\n")
    second = publish(shop, folder)

    assert (first.slug, first.version, first.status) == ("demo-skill", "1.0.0", "published")
    assert (again.version, again.status) == ("1.0.0", "unchanged")
    assert (second.version, second.latest) == ("1.0.1", "1.0.0")


def test_secrets_and_what_is_generated_stay_at_home(shop, folder):
    assert list(publish(shop, folder).files) == ["SKILL.md", "references/a.md"]


def test_a_dry_run_publishes_nothing(shop, folder):
    assert publish(shop, folder, dry_run=True).status == "would-publish"
    with shop.client() as registry:
        assert registry.explore().items == []


def test_a_dry_run_needs_no_token(shop, folder):
    with shop.client(token=None) as registry:
        result = publish_folder(registry, folder, allow_everything, dry_run=True, logged_in=False)

    assert result.version == "1.0.0"


def test_what_the_gate_blocks_is_not_published(shop, folder):
    with pytest.raises(BlockedSkillError):
        publish(shop, folder, gate=lambda path: Verdict("block"))


@pytest.mark.parametrize(("field", "value"), [("slug", "x"), ("version", "one"), ("slug", "a--b")])
def test_names_and_versions_are_checked_here(shop, folder, field, value):
    with pytest.raises(UsageError):
        publish(shop, folder, **{field: value})


def test_the_registry_has_the_last_word(shop, folder):
    publish(shop, folder, version="3.0.0")

    with pytest.raises(RegistryError, match=r"Version 3\.0\.0 already exists \(409\)"):
        publish(shop, folder, version="3.0.0")
    with pytest.raises(RegistryError, match="cannot publish as @alice"):
        publish(shop, folder, token=BOB, owner="alice", version="9.0.0")
    with pytest.raises(RegistryError, match="Unauthorized"):
        publish(shop, folder, token="clh_unknown-token")


def test_a_plugin_is_no_skill(shop, folder):
    (folder / "package.json").write_text('{"openclaw": {}}')

    with pytest.raises(UsageError, match="plugin"):
        publish(shop, folder)


def test_a_bumped_prerelease_becomes_the_release(shop, folder):
    publish(shop, folder, version="1.0.0-rc.1")
    (folder / "SKILL.md").write_text(skill_text("demo-skill", "New."))

    assert publish(shop, folder).version == "1.0.0"
