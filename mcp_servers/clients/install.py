"""Planning a change of a client's settings, showing it, making it with a backup."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from pydantic import JsonValue

from clawgym.errors import UsageError
from mcp_servers.clients.jsonc import SettingsSyntaxError, read_jsonc, set_in_jsonc
from mcp_servers.clients.launch import Launch
from mcp_servers.clients.settings import ClientKind
from mcp_servers.clients.toml import read_toml, set_in_toml

_PRIVATE = 0o600


@dataclass(frozen=True)
class Change:
    """What a settings file says, and what it is to say. `before` is None where there is no file."""

    path: Path
    before: str | None
    after: str

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    @property
    def diff(self) -> str:
        """The change, for a person to read."""
        lines = unified_diff(
            (self.before or "").splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            str(self.path) if self.before is not None else os.devnull,
            str(self.path),
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def plan(client: ClientKind, path: Path, servers: Mapping[str, Launch]) -> Change:
    """How the settings have to change for the client to know these servers.

    Everything else in the file stays as it is, comments included.

    Raises:
        UsageError: the file cannot be read, or is not what the client would read.
    """
    before = _read(path)
    read, set_in = (
        (read_toml, set_in_toml) if client.format == "toml" else (read_jsonc, set_in_jsonc)
    )
    after = before or ""
    try:
        wanted = read(after)
        for name, launch in servers.items():
            after = set_in(after, (*client.keys, name), client.shape(launch))
            _put(wanted, (*client.keys, name), client.shape(launch))
        unharmed = read(after) == wanted
    except SettingsSyntaxError as error:
        raise UsageError(
            f"{path} is not changed, because it cannot be read: {error}; mend it and try again"
        ) from error
    if not unharmed:
        raise UsageError(
            f"{path} is not changed: it is too unusual to be edited safely; use `clawgym "
            "mcp config` and add the servers by hand"
        )
    return Change(path, before, after)


def carry_out(change: Change) -> Path | None:
    """Write the file, and return its backup if there was one before.

    The file keeps its mode; where there was none, it is the user's alone. A link stays a link.

    Raises:
        UsageError: it cannot be written, or was changed since the plan was made.
    """
    target = change.path.resolve()
    try:
        if _read(change.path) != change.before:
            raise UsageError(f"{change.path} has just been changed by another program; try again")
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if change.before is not None else _PRIVATE
        backup = None
        if change.before is not None:
            backup = _free_name(target)
            _write(backup, change.before, mode)
        _write(target, change.after, mode)
    except OSError as error:
        raise UsageError(f"cannot write {change.path}: {error.strerror}") from error
    return backup


def configured(client: ClientKind, path: Path) -> dict[str, Launch]:
    """The servers of ours that a settings file names, as the client would start them.

    Raises:
        UsageError: the file cannot be read.
    """
    text = _read(path)
    try:
        here: JsonValue = (read_toml if client.format == "toml" else read_jsonc)(text or "")
    except SettingsSyntaxError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    for key in client.keys:
        here = here.get(key) if isinstance(here, dict) else None
    entries = here if isinstance(here, dict) else {}
    found = {name: _launch(entry) for name, entry in entries.items() if name.startswith("clawgym")}
    return {name: launch for name, launch in found.items() if launch}


def _launch(entry: JsonValue) -> Launch | None:
    if not isinstance(entry, dict):
        return None
    command, args = entry.get("command"), entry.get("args", [])
    words = command if isinstance(command, list) else [command]
    words += args if isinstance(args, list) else []
    texts = [word for word in words if isinstance(word, str)]
    return Launch(texts[0], tuple(texts[1:])) if texts and len(texts) == len(words) else None


def _put(settings: dict[str, JsonValue], keys: tuple[str, ...], value: JsonValue) -> None:
    here = settings
    for key in keys[:-1]:
        inner = here.setdefault(key, {})
        assert isinstance(inner, dict)  # or set_in would have refused
        here = inner
    here[keys[-1]] = value


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def _free_name(target: Path) -> Path:
    number = 1
    while (backup := target.with_name(f"{target.name}.backup-{number}")).exists():
        number += 1
    return backup


def _write(path: Path, text: str, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
