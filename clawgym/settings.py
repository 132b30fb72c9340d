"""Settings, and where each value comes from: flag, environment, file or default, in that order."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from clawgym.errors import UsageError

PREFIX = "CLAWGYM_"
PROJECT_FILE = Path("clawgym.toml")


def user_file() -> Path:
    """The settings file of this user, below `XDG_CONFIG_HOME`."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "clawgym" / "config.toml"


class Settings(BaseSettings):
    """What most commands need to know. Every field can be set as `CLAWGYM_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    model: str | None = Field(
        None, description="Model id, or 'offline' for the rule-based stand-in."
    )
    base_url: str = Field(
        "https://api.openai.com/v1",
        pattern="^https?://.",
        description="Base URL of an OpenAI-compatible endpoint.",
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY", description="Name of the variable that holds the API key."
    )
    sandbox: Literal["auto", "bwrap", "docker", "landlock", "local"] = Field(
        "auto", description="Sandbox backend; 'local' isolates nothing."
    )
    jobs: int = Field(2, ge=1, description="How many sandboxes run at a time.")
    catalog: Path = Field(Path(".clawgym/catalogue.sqlite"), description="The skill catalogue.")
    registry: str = Field(
        "https://clawhub.ai",
        pattern="^https?://.",
        description="The registry that skills are installed from and published to.",
    )
    registry_token_env: str = Field(
        "CLAWGYM_REGISTRY_TOKEN",
        description="Name of the variable that holds the registry's token.",
    )
    policy: str = Field(
        "",
        description="A program that is told what a scan of a skill found and has the last word.",
    )
    embedding_model: Path | None = Field(
        None, description="Directory of a local embedding model, for search by meaning."
    )
    benchmarks: Path = Field(
        Path(".clawgym/benchmarks"),
        description="Directory of installed benchmarks, which no training task may repeat.",
    )
    judge_model: str | None = Field(None, description="Model id of the judge of rubrics.")
    judge_base_url: str | None = Field(
        None, pattern="^https?://.", description="The judge's endpoint; default: base_url."
    )
    judge_api_key_env: str | None = Field(
        None,
        description="Name of the variable that holds the judge's API key; default: api_key_env "
        "where the judge is at base_url, else none.",
    )
    judge_votes: int = Field(3, ge=1, description="How often each criterion is judged.")
    judge_temperature: float | None = Field(
        None, ge=0, description="Sampling temperature of the judge; default: the endpoint's."
    )
    judge_cache: Path = Field(Path(".clawgym/judge.sqlite"), description="Judgements paid for.")
    judge_page_chars: int = Field(
        100_000, ge=4_000, description="Characters of a deliverable that a judge reads at a time."
    )
    judge_max_pages: int = Field(40, ge=1, description="Pages that a judge reads at most.")
    judge_max_calls: int | None = Field(None, ge=0, description="Calls to the judge, at most.")
    judge_max_tokens: int | None = Field(None, ge=0, description="Tokens of the judge, at most.")
    judge_max_cost: float | None = Field(None, ge=0, description="Money for the judge, at most.")
    judge_price_prompt: float = Field(
        0.0, ge=0, description="Price of a million prompt tokens of the judge."
    )
    judge_price_completion: float = Field(
        0.0, ge=0, description="Price of a million completion tokens of the judge."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in: `load` asks the sources itself, to know who said what."""
        return (init_settings,)


@dataclass(frozen=True)
class Loaded:
    """Settings with the origin of every value, such as `environment CLAWGYM_MODEL`."""

    settings: Settings
    origins: Mapping[str, str]


def load(flags: Mapping[str, Any] | None = None) -> Loaded:
    """Read the settings.

    Args:
        flags: values from the command line; None means that the flag was not given.

    Raises:
        UsageError: a file is malformed, or a value is invalid, with its origin.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for found, name_origin in _sources():
        values |= found
        origins |= {name: name_origin.format((PREFIX + name).upper()) for name in found}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    origins |= {name: f"flag --{name.replace('_', '-')}" for name in given}
    try:
        return Loaded(Settings(**{**values, **given}), origins)
    except ValidationError as error:
        problems = "; ".join(
            _explain(detail["loc"], detail["msg"], origins) for detail in error.errors()
        )
        raise UsageError(f"invalid settings: {problems}") from error


def _explain(location: tuple[int | str, ...], message: str, origins: Mapping[str, str]) -> str:
    name = str(location[0]) if location else ""
    return f"{name} ({origins.get(name, 'unknown setting')}): {message}"


def _sources() -> Iterator[tuple[dict[str, Any], str]]:
    """What each source says, weakest first, and how to name it as an origin."""
    for path in (user_file(), PROJECT_FILE):
        yield _read_toml(path), f"file {path}"
    yield EnvSettingsSource(Settings)(), "environment {}"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"settings file {path} cannot be read: {error}") from error
