"""Which client keeps its servers in which file, and in what shape."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from clawgym.errors import UsageError
from mcp_servers.clients.launch import Launch

Scope = Literal["user", "project"]
Shape = Callable[[Launch], dict[str, JsonValue]]


@dataclass(frozen=True)
class ClientKind:
    """A client. `keys` lead to the object of its servers; a server's own name comes after them.

    `user` and `project` give the settings file below a home or a project; None: there is none.
    `afterwards` is what a person still has to do.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    shape: Shape
    user: Callable[[Path], Path] | None
    project: str | None = None
    format: Literal["json", "toml"] = "json"
    afterwards: str = ""

    def path(self, scope: Scope, home: Path, project: Path) -> Path:
        """The settings file of that scope.

        Raises:
            UsageError: the client has no settings of that scope.
        """
        if scope == "user" and self.user:
            return self.user(home)
        if scope == "project" and self.project:
            return project / self.project
        other = "project" if scope == "user" else "user"
        raise UsageError(f"{self.title} has no {scope} settings; use --scope {other}")


def _plain(launch: Launch) -> dict[str, JsonValue]:
    return {"command": launch.command, "args": list(launch.args)}


def _typed(launch: Launch) -> dict[str, JsonValue]:
    return {"type": "stdio", **_plain(launch)}


def _local(launch: Launch) -> dict[str, JsonValue]:
    return {"type": "local", "command": [launch.command, *launch.args], "enabled": True}


def _configuration_home(home: Path) -> Path:
    """Where programs keep settings; the variables count for the user's own home alone."""
    if sys.platform == "darwin":
        return home / "Library/Application Support"
    variable = "APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME"
    if home == Path.home() and os.environ.get(variable):
        return Path(os.environ[variable])
    return home / ("AppData/Roaming" if os.name == "nt" else ".config")


def _below(otherwise: str, **moved: str) -> Callable[[Path], Path]:
    """A file below a home, or in the folder that a variable of the client's own names.

    `moved` gives the file's name in the folder of each variable, the weightiest first; '': the
    variable names the file itself. Variables count for the user's own home alone.
    """

    def path(home: Path) -> Path:
        for variable, inside in moved.items():
            if home == Path.home() and os.environ.get(variable):
                return Path(os.environ[variable]) / inside
        return home / otherwise

    return path


_SERVERS = ("mcpServers",)
_KINDS = (
    ClientKind(
        "claude-desktop",
        "Claude Desktop",
        _SERVERS,
        _plain,
        lambda home: _configuration_home(home) / "Claude/claude_desktop_config.json",
        afterwards="Quit Claude Desktop completely and start it again.",
    ),
    ClientKind(
        "claude-code",
        "Claude Code",
        _SERVERS,
        _typed,
        _below(".claude.json", CLAUDE_CONFIG_DIR=".claude.json"),
        ".mcp.json",
        afterwards="Run /mcp in Claude Code to see the servers; those of a project ask first.",
    ),
    ClientKind(
        "cursor",
        "Cursor",
        _SERVERS,
        _plain,
        _below(".cursor/mcp.json"),
        ".cursor/mcp.json",
        afterwards="Switch the servers on under Settings, MCP.",
    ),
    ClientKind(
        "vscode",
        "VS Code",
        ("servers",),
        _typed,
        lambda home: _configuration_home(home) / "Code/User/mcp.json",
        ".vscode/mcp.json",
        afterwards="Run the command 'MCP: List Servers' and start them.",
    ),
    ClientKind(
        "codex",
        "Codex",
        ("mcp_servers",),
        _plain,
        _below(".codex/config.toml", CODEX_HOME="config.toml"),
        format="toml",
        afterwards="Run `codex mcp list`.",
    ),
    ClientKind(
        "gemini",
        "Gemini CLI",
        _SERVERS,
        _plain,
        _below(".gemini/settings.json", GEMINI_CLI_HOME=".gemini/settings.json"),
        ".gemini/settings.json",
        afterwards="Run `gemini mcp list`.",
    ),
    ClientKind(
        "opencode",
        "OpenCode",
        ("mcp",),
        _local,
        _below(".config/opencode/opencode.json", XDG_CONFIG_HOME="opencode/opencode.json"),
        "opencode.json",
        afterwards="Run `opencode mcp list`.",
    ),
    ClientKind(
        "openclaw",
        "OpenClaw",
        ("mcp", "servers"),
        _plain,
        _below(
            ".openclaw/openclaw.json",
            OPENCLAW_CONFIG_PATH="",
            OPENCLAW_STATE_DIR="openclaw.json",
            OPENCLAW_HOME=".openclaw/openclaw.json",
        ),
        afterwards="Run `openclaw mcp probe clawgym-skills`.",
    ),
)
CLIENTS: Mapping[str, ClientKind] = {kind.name: kind for kind in _KINDS}
"""Every client that we can set up, by the name that the command line takes."""
