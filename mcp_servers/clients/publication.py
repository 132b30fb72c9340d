"""`server.json` for the MCP registry, and an MCPB bundle for one-click installs."""

import json
import zipfile
from importlib.resources import files
from pathlib import Path

from clawgym import __version__

_WHEN = (2026, 1, 1, 0, 0, 0)
"""The date of everything in a bundle: the same sources make the same bytes."""
_BUNDLED = {
    "manifest.json": "manifest.json",
    "pyproject.toml": "project.txt",
    "server.py": "server.py",
}


def write_registry_entry(path: Path) -> Path:
    """Write the registry's description of our servers (schema revision 2025-12-11)."""
    return _write(path, _filled("server.json"))


def write_bundle(path: Path) -> Path:
    """Write the bundle: a manifest, and a project that `uv` resolves to this very version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, template in _BUNDLED.items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.external_attr = 0o644 << 16
            archive.writestr(info, _filled(template))
    return path


def _filled(name: str) -> str:
    """A template of ours with the version filled in; JSON is checked on the way."""
    text = files("mcp_servers.clients").joinpath("bundle", name).read_text(encoding="utf-8")
    text = text.replace("@VERSION@", __version__)
    if name.endswith(".json"):
        json.loads(text)
    return text


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
