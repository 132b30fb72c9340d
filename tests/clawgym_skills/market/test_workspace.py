"""Installing, pinning, removing: from everywhere, all or nothing."""

import subprocess
import tarfile
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym_skills.diagnostic import SkillRefusedError
from clawgym_skills.market.archives import build_zip
from clawgym_skills.market.bundle import UnsafeBundleError
from clawgym_skills.market.client import Registry
from clawgym_skills.market.git import GitError
from clawgym_skills.market.installed import verify_installed
from clawgym_skills.market.lockfile import Lock, Origin
from clawgym_skills.market.policy import BlockedSkillError, Verdict, allow_everything
from clawgym_skills.market.server.app import create_app
from clawgym_skills.market.sources import parse_source
from clawgym_skills.market.transport import RegistryError, Transport
from clawgym_skills.market.workspace import Workspace
from clawgym_skills.records import FindingRecord
from tests.clawgym_skills.market.shop import (
    Shop,
    demo_files,
    everything_below,
    serving,
    skill_text,
)


@pytest.fixture
def demo(tmp_path) -> Path:
    folder = tmp_path / "demo-skill"
    demo_files().write_to(folder)
    return folder


def install(workspace: Workspace, source: object, shop: Shop | None = None, **options):
    wanted = parse_source(str(source))
    if shop is None:
        return workspace.install(wanted, **options)
    with shop.client() as registry:
        return workspace.install(wanted, registry, **options)


def test_a_registry_skill_lies_where_the_clawhub_cli_puts_it(shop, workspace):
    shop.publish(demo_files())

    result = install(workspace, "@alice/demo-skill", shop)

    one = result.installed
    assert one.directory == workspace.skills / "@alice/demo-skill"
    assert (one.key, one.version, one.tracked) == ("@alice/demo-skill", "1.0.0", True)
    assert Lock.read(workspace.workdir).entry(one.key).owner == "alice"
    assert Origin.read(one.directory).registry == shop.url
    assert result.skill.files == demo_files()
    assert verify_installed(one).intact


def test_without_an_owner_it_lies_under_its_slug(shop, workspace):
    shop.publish(demo_files())

    one = install(workspace, "demo-skill", shop).installed

    assert one.directory == workspace.skills / "demo-skill"
    assert Lock.read(workspace.workdir).entry("demo-skill").owner == "alice"


def test_a_version_or_a_tag_may_be_chosen(shop, workspace):
    shop.publish(demo_files(), version="1.0.0")
    shop.publish(demo_files(**{"new.md": "n"}), version="2.0.0")

    assert install(workspace, "@alice/demo-skill@1.0.0", shop).installed.version == "1.0.0"
    latest = install(workspace, "@alice/demo-skill@latest", shop, force=True)
    assert (latest.installed.version, latest.previous) == ("2.0.0", "1.0.0")


@pytest.mark.parametrize("missing", ["@alice/nothing", "@alice/demo-skill@9.9.9"])
def test_what_the_registry_does_not_have_leaves_nothing(shop, workspace, missing):
    shop.publish(demo_files())

    with pytest.raises(RegistryError, match="not found"):
        install(workspace, missing, shop)
    assert everything_below(workspace.workdir) == []


def test_a_folder_is_copied_and_not_in_the_lock(workspace, demo):
    one = install(workspace, demo).installed

    assert one.key == "demo-skill"
    assert not one.tracked
    assert not (workspace.workdir / ".clawhub/lock.json").exists()
    assert (one.directory / "references/a.md").read_text() == "a\n"


@pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar.xz"])
def test_an_archive_with_the_skill_in_a_folder_is_installed(workspace, demo, tmp_path, suffix):
    path = tmp_path / f"release.{suffix}"
    if suffix == "zip":
        inside = {f"demo-skill/{name}": file for name, file in demo_files().items()}
        path.write_bytes(build_zip(Files(inside)))
    else:
        with tarfile.open(path, f"w:{suffix[4:]}") as archive:
            archive.add(demo, "demo-skill")

    assert install(workspace, path).installed.key == "demo-skill"


def test_one_of_several_skills_is_picked_by_its_folder(workspace, tmp_path):
    path = tmp_path / "many.zip"
    texts = {f"skills/{name}/SKILL.md": skill_text(name) for name in ("one", "two")}
    path.write_bytes(build_zip(Files({**texts, "README.md": ""})))

    with pytest.raises(UsageError, match=r"#skills/one, #skills/two"):
        install(workspace, path)
    assert install(workspace, f"{path}#skills/two").installed.key == "two"
    assert install(workspace, f"{path}#one").installed.key == "one"


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with a skill in a folder, a tag on its first commit, and a hook."""
    folder = tmp_path / "repo"
    demo_files().write_to(folder / "skills/demo-skill")
    commands = """git init -q -b main . && git config user.email a@b && git config user.name a
        git add -A && git commit -qm one && git tag v1
        echo more >> skills/demo-skill/references/a.md && git commit -qam two
        printf '#!/bin/sh\\ntouch %s/pwned\\n' "$PWD" > .git/hooks/post-checkout
        chmod +x .git/hooks/post-checkout"""
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True)
    return folder


def test_a_git_commit_is_installed_without_a_checkout(workspace, repository):
    result = install(workspace, f"git:{repository}@v1#skills/demo-skill")

    one = result.installed
    head = subprocess.run(
        ["git", "rev-parse", "v1"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert one.version == head.stdout.strip()
    assert (one.directory / "references/a.md").read_text() == "a\n"
    assert not (one.directory / ".git").exists()
    assert not (repository / "pwned").exists()


def test_the_default_branch_and_the_only_skill_are_the_default(workspace, repository):
    one = install(workspace, f"git+file://{repository}").installed

    assert (one.directory / "references/a.md").read_text() == "a\nmore\n"


def test_a_link_in_a_git_commit_is_refused(workspace, repository):
    commands = "ln -s /etc/passwd skills/demo-skill/x; git add -A; git commit -qm link"
    subprocess.run(["sh", "-ec", commands], cwd=repository, check=True)

    with pytest.raises(UnsafeBundleError, match="link or a submodule"):
        install(workspace, f"git:{repository}")


@pytest.mark.parametrize("text", ["git:--upload-pack=x", "git:x@--y"])
def test_an_option_is_no_git_url(workspace, text):
    with pytest.raises(UsageError, match="no git URL"):
        install(workspace, text)


@pytest.mark.parametrize("text", ["git:/nowhere", "git+ext::sh -c true"])
def test_what_git_cannot_or_may_not_fetch(workspace, text):
    with pytest.raises((GitError, UsageError)):
        install(workspace, text)


@pytest.mark.parametrize("link", ["absolute", "folder"])
def test_a_folder_with_links_is_refused(workspace, demo, link):
    target = "/etc/passwd" if link == "absolute" else "references"
    (demo / "link").symlink_to(target)

    with pytest.raises(UnsafeBundleError, match="link"):
        install(workspace, demo)
    assert everything_below(workspace.workdir) == []


def test_what_is_no_skill_leaves_nothing(workspace, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x/SKILL.md").write_text("")

    with pytest.raises(SkillRefusedError):
        install(workspace, tmp_path / "x")
    assert everything_below(workspace.workdir) == []


def test_a_gate_that_blocks_leaves_nothing(tmp_path, demo):
    found = FindingRecord("SC999", "block", "a fake prerequisite", "SKILL.md", 3)
    seen: list[Path] = []

    def gate(folder: Path) -> Verdict:
        seen.append(folder)
        assert (folder / "SKILL.md").exists()
        return Verdict("block", (found,))

    workspace = Workspace(tmp_path / "work", gate)
    with pytest.raises(BlockedSkillError, match=r"SC999 SKILL\.md:3: a fake prerequisite"):
        install(workspace, demo, force=True)
    assert everything_below(workspace.workdir) == []
    assert [folder.name for folder in seen] == ["demo-skill"]


def test_a_gate_that_warns_lets_it_pass_and_is_recorded(tmp_path, demo):
    workspace = Workspace(tmp_path / "work", lambda folder: Verdict("warn"))

    assert install(workspace, demo).installed.manifest.decision == "warn"


def test_what_changes_while_the_gate_looks_is_not_installed(tmp_path, demo):
    def gate(folder: Path) -> Verdict:
        (folder / "SKILL.md").write_text(skill_text("other"))
        return Verdict()

    workspace = Workspace(tmp_path / "work", gate)
    with pytest.raises(UnsafeBundleError, match="changed on disk"):
        install(workspace, demo)
    assert everything_below(workspace.workdir) == []


def test_what_a_registry_calls_malware_is_never_installed(start_shop, workspace):
    shop = start_shop(gate=lambda folder: Verdict("block", (FindingRecord("SC1", "block", "x"),)))
    shop.publish(demo_files())

    with pytest.raises(BlockedSkillError, match="malware"):
        install(workspace, "@alice/demo-skill", shop, force=True)


def test_what_it_calls_suspicious_needs_force(start_shop, workspace):
    shop = start_shop(gate=lambda folder: Verdict("warn", (FindingRecord("SC2", "warn", "x"),)))
    shop.publish(demo_files())

    with pytest.raises(BlockedSkillError, match="SC2"):
        install(workspace, "@alice/demo-skill", shop)
    assert install(workspace, "@alice/demo-skill", shop, force=True).installed.version == "1.0.0"


class Lying:
    """A registry between us and the real one that answers downloads with other bytes."""

    def __init__(self, shop: Shop, answer: bytes) -> None:
        self._real = create_app(shop.storage, allow_everything)
        self._answer = answer

    async def __call__(self, scope, receive, send):
        if not scope["path"].endswith("/download"):
            await self._real(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self._answer})


@pytest.mark.parametrize(
    "files",
    [
        {"SKILL.md": skill_text("demo-skill", "Evil."), "references/a.md": "a\n"},
        {"SKILL.md": skill_text("demo-skill")},
        {**demo_files(), "scripts/extra.sh": "x"},
        {**demo_files(), ".bashrc": "x"},
    ],
)
def test_files_that_are_not_what_the_registry_lists_are_refused(shop, workspace, files):
    shop.publish(demo_files())

    with (
        serving(Lying(shop, build_zip(Files(files)))) as url,
        Registry(Transport(url)) as registry,
        pytest.raises(UnsafeBundleError, match="not what the registry lists"),
    ):
        workspace.install(parse_source("@alice/demo-skill"), registry)
    assert everything_below(workspace.workdir) == []


def test_what_a_registry_adds_to_every_archive_is_kept(shop, workspace):
    shop.publish(demo_files())
    answer = build_zip(demo_files(), {"slug": "demo-skill", "version": "1.0.0"})

    with serving(Lying(shop, answer)) as url, Registry(Transport(url)) as registry:
        one = workspace.install(parse_source("@alice/demo-skill"), registry).installed

    assert (one.directory / "_meta.json").exists()
    assert verify_installed(one).intact


def test_a_download_that_is_cut_short_leaves_nothing(shop, workspace):
    shop.publish(demo_files())
    answer = build_zip(demo_files())[:-30]

    with (
        serving(Lying(shop, answer)) as url,
        Registry(Transport(url)) as registry,
        pytest.raises(UnsafeBundleError, match="damaged ZIP"),
    ):
        workspace.install(parse_source("@alice/demo-skill"), registry)
    assert everything_below(workspace.workdir) == []


def test_an_installed_skill_is_not_replaced_unless_forced(workspace, demo):
    install(workspace, demo)

    with pytest.raises(UsageError, match="--force"):
        install(workspace, demo)
    (demo / "references/a.md").write_text("b\n")
    one = install(workspace, demo, force=True).installed
    assert (one.directory / "references/a.md").read_text() == "b\n"


def test_another_name_keeps_a_registry_skill_out_of_the_lock(shop, workspace):
    shop.publish(demo_files())

    one = install(workspace, "@alice/demo-skill", shop, alias="mine").installed

    assert (one.key, one.tracked, one.version) == ("mine", False, "1.0.0")
    assert list(Lock.read(workspace.workdir)) == []


@pytest.mark.parametrize("alias", ["../x", "/x", "a/b", ".x", ""])
def test_another_name_cannot_lead_out(workspace, demo, alias):
    with pytest.raises(UsageError, match="cannot be the folder"):
        install(workspace, demo, alias=alias or ".")


def test_a_folder_that_is_a_link_is_not_written_through(workspace, demo, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    workspace.skills.mkdir(parents=True)
    (workspace.skills / "demo-skill").symlink_to(outside)

    with pytest.raises(UsageError, match="move it out of the way"):
        install(workspace, demo, force=True)
    assert list(outside.iterdir()) == []


def test_a_pinned_skill_is_not_replaced_even_by_force(shop, workspace):
    shop.publish(demo_files())
    install(workspace, "@alice/demo-skill", shop)
    workspace.pin("@alice/demo-skill", "works for me")

    with pytest.raises(UsageError, match="works for me"):
        install(workspace, "@alice/demo-skill", shop, force=True)
    assert not workspace.unpin("demo-skill").pinned
    assert install(workspace, "@alice/demo-skill", shop, force=True).installed.version == "1.0.0"


def test_a_skill_from_a_folder_can_be_pinned_too(workspace, demo):
    install(workspace, demo)

    assert workspace.pin("demo-skill").pinned
    with pytest.raises(UsageError, match="pinned"):
        install(workspace, demo, force=True)
    workspace.unpin("demo-skill")
    with pytest.raises(UsageError, match="not pinned"):
        workspace.unpin("demo-skill")


def test_uninstalling_takes_the_folder_and_the_line_of_the_lock(shop, workspace):
    shop.publish(demo_files())
    install(workspace, "@alice/demo-skill", shop)

    workspace.uninstall("alice/demo-skill")

    assert everything_below(workspace.skills) == []
    assert list(Lock.read(workspace.workdir)) == []
    with pytest.raises(UsageError, match="not installed"):
        workspace.uninstall("alice/demo-skill")


def test_edits_are_not_uninstalled_unless_forced(workspace, demo):
    one = install(workspace, demo).installed
    (one.directory / "SKILL.md").write_text("mine")

    with pytest.raises(UsageError, match=r"changed SKILL\.md"):
        workspace.uninstall("demo-skill")
    workspace.uninstall("demo-skill", force=True)
    assert everything_below(workspace.skills) == []


def test_every_change_to_an_installed_skill_is_reported(workspace, demo):
    folder = install(workspace, demo).installed.directory
    assert verify_installed(folder).state == "intact"
    (folder / "SKILL.md").write_text(skill_text("demo-skill", "Other."))
    (folder / "references/a.md").unlink()
    (folder / ".hidden").write_text("x")

    (checked,) = workspace.verify()

    assert checked.state == "changed"
    assert checked.changes == (
        "added .hidden",
        "changed SKILL.md",
        "removed references/a.md",
    )


def test_a_file_that_became_executable_or_a_link_is_a_change(workspace, demo):
    folder = install(workspace, demo).installed.directory
    (folder / "SKILL.md").chmod(0o755)
    assert verify_installed(folder).changes == ("changed SKILL.md",)
    (folder / "SKILL.md").chmod(0o644)
    (folder / "x").symlink_to("/etc/passwd")
    assert verify_installed(folder).state == "changed"


def test_folders_that_nobody_installed_are_listed_and_unknown(workspace, demo):
    demo_files("other").write_to(workspace.skills / "other")
    install(workspace, demo)

    states = {one.key: one.state for one in workspace.verify()}

    assert states == {"demo-skill": "intact", "other": "unknown"}


def test_a_key_of_the_lock_that_leads_out_is_ignored(workspace):
    path = workspace.workdir / ".clawhub/lock.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"version": 1, "skills": {"../x": {"version": "1.0.0", "installedAt": 1},'
        ' "@../x/y": {"version": "1.0.0", "installedAt": 1}}}'
    )

    assert workspace.installed() == []
