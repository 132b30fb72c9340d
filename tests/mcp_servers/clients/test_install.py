"""`clawgym mcp install` and `doctor`, on a home of their own."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym import __version__
from clawgym.cli import app
from mcp_servers.clients.install import configured
from mcp_servers.clients.settings import CLIENTS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    return tmp_path / "home"


def run(home: Path, *arguments: str, **moved: str) -> subprocess.CompletedProcess[str]:
    theirs = ("XDG", "CODEX_HOME", "CLAUDE_CONFIG", "GEMINI_CLI", "OPENCLAW")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home.parent / "project")
        for name in [name for name in os.environ if name.startswith(theirs)]:
            patch.delenv(name)
        for name, value in {**moved, "HOME": str(home)}.items():
            patch.setenv(name, value)
        ran = CliRunner().invoke(app, ["mcp", *arguments])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return subprocess.CompletedProcess(arguments, ran.exit_code, ran.stdout, ran.stderr)


def test_every_client_of_the_issue_is_known():
    assert set(CLIENTS) == {
        *("claude-desktop", "claude-code", "cursor", "vscode"),
        *("codex", "gemini", "opencode", "openclaw"),
    }


@pytest.mark.parametrize(
    ("name", "variable", "file"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("opencode", "XDG_CONFIG_HOME", "opencode/opencode.json"),
        ("openclaw", "OPENCLAW_HOME", ".openclaw/openclaw.json"),
        ("openclaw", "OPENCLAW_STATE_DIR", "openclaw.json"),
        ("openclaw", "OPENCLAW_CONFIG_PATH", ""),
    ],
)
def test_settings_that_were_moved_are_written_where_the_client_reads_them(
    name: str, variable: str, file: str, home: Path, tmp_path: Path
):
    done = run(home, "install", "--client", name, **{variable: str(tmp_path / "moved")})
    assert done.returncode == 0, done.stderr
    assert "clawgym-skills" in (tmp_path / "moved" / file).read_text()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_installed_is_found_again(name: str, home: Path):
    done = run(home, "install", "--client", name)
    assert done.returncode == 0, done.stderr
    client = CLIENTS[name]
    found = configured(client, client.path("user", home, home))
    assert {launch.command for launch in found.values()} == {sys.executable}
    assert found["clawgym-workspace"].args[-2:] == ("workspace", str(home.parent / "project"))
    assert list(found) == ["clawgym-skills", "clawgym-workspace"]


def test_the_change_is_shown_and_a_rehearsal_writes_nothing(home: Path):
    done = run(home, "install", "--client", "cursor", "--dry-run")
    assert '+    "clawgym-skills": {' in done.stdout
    assert "Nothing was written" in done.stderr
    assert list(home.iterdir()) == []


def test_what_was_there_stays_and_is_kept_aside_with_its_mode(home: Path):
    settings = home / ".claude.json"
    before = '{"oauth": "secret", "mcpServers": {"other": {"command": "x"}}}'
    settings.write_text(before)
    settings.chmod(0o600)
    run(home, "install", "--client", "claude-code", "--only", "skills")
    written = json.loads(settings.read_text())
    assert written["oauth"] == "secret"
    assert list(written["mcpServers"]) == ["other", "clawgym-skills"]
    backup = home / ".claude.json.backup-1"
    assert backup.read_text() == before
    assert {path.stat().st_mode & 0o777 for path in (settings, backup)} == {0o600}


def test_a_second_time_changes_nothing(home: Path):
    run(home, "install", "--client", "codex")
    assert "nothing to change" in run(home, "install", "--client", "codex").stdout
    assert [path.name for path in (home / ".codex").iterdir()] == ["config.toml"]


def test_settings_that_are_a_link_stay_one(home: Path):
    real = home / "dotfiles.json"
    real.write_text("{}")
    (home / ".cursor").mkdir()
    (home / ".cursor/mcp.json").symlink_to(real)
    run(home, "install", "--client", "cursor", "--only", "skills")
    assert (home / ".cursor/mcp.json").is_symlink()
    assert "clawgym-skills" in real.read_text()


def test_a_projects_settings(home: Path):
    run(home, "install", "--client", "vscode", "--scope", "project", "--only", "skills")
    written = json.loads((home.parent / "project/.vscode/mcp.json").read_text())
    assert written["servers"]["clawgym-skills"]["type"] == "stdio"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--client", "emacs"], "there are: claude-desktop, claude-code"),
        (["--client", "codex", "--scope", "project"], "no project settings; use --scope user"),
        (["--client", "cursor", "nowhere"], "nowhere is not a directory"),
        (["--client", "gemini"], "line 1: expected"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(home: Path, arguments, reason):
    (home / ".gemini").mkdir()
    (home / ".gemini/settings.json").write_text("{broken")
    done = run(home, "install", *arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert (home / ".gemini/settings.json").read_text() == "{broken"


def test_the_doctor_starts_what_is_configured(home: Path):
    run(home, "install", "--client", "opencode", "--only", "skills")
    done = run(home, "doctor", "--json")
    (finding,) = json.loads(done.stdout)
    assert done.returncode == 0
    assert finding["problem"] == ""
    assert finding["protocol"] == ["2025-11-25", "2026-07-28"]


def test_the_doctor_finds_a_server_that_does_not_start(home: Path):
    (home / ".cursor").mkdir()
    broken = {"mcpServers": {"clawgym-skills": {"command": "/nowhere/python", "args": []}}}
    (home / ".cursor/mcp.json").write_text(json.dumps(broken))
    (home / ".gemini").mkdir()
    (home / ".gemini/settings.json").write_text("{broken")
    done = run(home, "doctor")
    assert done.returncode == 1
    assert "FAIL  cursor: clawgym-skills: it cannot be started" in done.stdout
    assert "settings.json cannot be read" in done.stdout


def test_the_bundle_holds_this_version(home: Path, tmp_path: Path):
    done = run(home, "bundle", "--out", str(tmp_path / "dist"))
    assert done.returncode == 0
    entry = json.loads((tmp_path / "dist/server.json").read_text())
    assert entry["packages"][0]["version"] == __version__
    with zipfile.ZipFile(tmp_path / "dist/clawgym.mcpb") as archive:
        assert archive.namelist() == ["manifest.json", "pyproject.toml", "server.py"]
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["manifest_version"], manifest["version"]) == ("0.4", __version__)
        assert f"clawgym=={__version__}" in archive.read("pyproject.toml").decode()
        compile(archive.read("server.py"), "server.py", "exec")
