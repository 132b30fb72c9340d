"""The MCP servers that a user lists, in the form that other clients have made usual.

    {"mcpServers": {"files": {"command": "some-server", "args": ["-v"], "env": {"K": "${K}"}},
                    "team": {"url": "https://example.org/mcp", "headers": {"X-Key": "${KEY}"}}}}

The same in TOML is `[mcpServers.files]`; `servers` and `mcp_servers` are understood as well. Values
may name variables of the environment, `${NAME}` or `${NAME:-default}`, so that no secret has to be
written down. Keys of other clients that mean nothing here are passed over.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from clawgym.errors import UsageError
from clawgym.invalid import explain

_TABLES = ("mcpServers", "mcp_servers", "servers")
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_NO_LABEL = re.compile(r"[^A-Za-z0-9]+")


class ServerSpec(BaseModel):
    """How to reach one server: a `command` to start, or a `url`.

    `timeout` is for one call, in seconds. `trust_hints` believes the server where it says that a
    tool changes nothing; such a tool may run without being asked about, and again after a crash.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict[str, str])
    cwd: Path | None = None
    url: Annotated[str, Field(pattern="^https?://.")] | None = Field(
        None, validation_alias=AliasChoices("url", "httpUrl", "serverUrl")
    )
    headers: dict[str, str] = Field(
        default_factory=dict[str, str], validation_alias=AliasChoices("headers", "http_headers")
    )
    type: Literal["stdio", "http", "streamable-http", "streamableHttp", "sse"] | None = None
    disabled: bool = False
    enabled: bool = True
    timeout: float = Field(120.0, gt=0)
    trust_hints: bool = Field(False, validation_alias=AliasChoices("trustHints", "trust_hints"))

    @model_validator(mode="after")
    def _reachable(self) -> "ServerSpec":
        if bool(self.command) == bool(self.url):
            raise ValueError("give either a command or a url")
        return self

    @property
    def digest(self) -> str:
        """Changes with whatever may change the tools that the server offers."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


_SERVERS = TypeAdapter(dict[str, ServerSpec])


def load_servers(path: Path, env: Mapping[str, str] = os.environ) -> dict[str, ServerSpec]:
    """The enabled servers of a JSON or TOML file, by labels that tools can be named after.

    Raises:
        UsageError: the file cannot be read or is malformed, a variable is not set, or two names
            make the same label.
    """
    try:
        text = path.read_text("utf-8")
        data: dict[str, JsonValue] = (
            tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the MCP servers in {path}: {error}") from error
    tables = [data[key] for key in _TABLES if key in data] if isinstance(data, dict) else []  # pyright: ignore[reportUnnecessaryIsInstance]
    if not tables:
        raise UsageError(f"{path} lists no MCP servers: put them under mcpServers")
    try:
        return _labelled(_SERVERS.validate_python(_filled(tables[0], env, path)), path)
    except ValidationError as error:
        raise UsageError(f"the MCP servers in {path}: {explain(error, 'mcpServers')}") from error


def _labelled(servers: Mapping[str, ServerSpec], path: Path) -> dict[str, ServerSpec]:
    found: dict[str, ServerSpec] = {}
    for name, spec in servers.items():
        label = _NO_LABEL.sub("_", name).strip("_")
        if not label or label[0].isdigit():
            label = f"server_{label}".rstrip("_")
        if label in found:
            raise UsageError(f"two MCP servers in {path} would be called {label!r}; rename one")
        if spec.enabled and not spec.disabled:
            found[label] = spec
    return found


def _filled(value: JsonValue, env: Mapping[str, str], path: Path) -> JsonValue:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _variable(found, env, path), value)
    if isinstance(value, dict):
        return {key: _filled(inner, env, path) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, env, path) for inner in value]
    return value


def _variable(found: re.Match[str], env: Mapping[str, str], path: Path) -> str:
    name, default = found.groups()
    value = env.get(name)
    if value is not None:
        return value
    if default is None:
        raise UsageError(f"{path} needs the environment variable {name}, which is not set")
    return default
