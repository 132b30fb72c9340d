"""The page of each client in the documentation shows what `install` really writes."""

from pathlib import Path

import pytest

from mcp_servers.clients.install import plan
from mcp_servers.clients.launch import Launch
from mcp_servers.clients.settings import CLIENTS

PAGES = Path(__file__).parents[3] / "docs" / "clients"
HOME = Path("/home/you")
START = ("-m", "clawgym", "mcp")
PYTHON = str(HOME / "clawgym/.venv/bin/python")
SERVERS = {
    "clawgym-skills": Launch(PYTHON, (*START, "skills")),
    "clawgym-workspace": Launch(PYTHON, (*START, "workspace", str(HOME / "project"))),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_the_page_shows_the_change_that_install_makes(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    client = CLIENTS[name]
    page = (PAGES / f"{name}.md").read_text()
    change = plan(client, client.path("user", HOME, HOME), SERVERS)
    assert f"```diff\n{change.diff}```" in page


@pytest.mark.parametrize("name", CLIENTS)
def test_the_page_says_where_how_to_check_how_to_remove_and_what_is_missing(name: str):
    page = (PAGES / f"{name}.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["## Where", "## What is written", "## Check", "## Remove", "## Limits"]
    client = CLIENTS[name]
    assert client.project is None or f"`{client.project}`" in page
