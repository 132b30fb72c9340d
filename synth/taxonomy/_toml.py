"""Reading the package's own data files into models."""

import tomllib
from importlib.resources import files
from typing import TypeVar

from pydantic import BaseModel, ConfigDict


class Data(BaseModel):
    """Base of everything that is read from `synth/data`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def read_toml(model: type[M], *place: str) -> M:
    """One data file, named by its path below `synth/data`, as a model."""
    text = files("synth").joinpath("data", *place).read_text(encoding="utf-8")
    return model.model_validate(tomllib.loads(text))


def toml_names(folder: str) -> list[str]:
    """The TOML files of one folder below `synth/data`, by name."""
    entries = files("synth").joinpath("data", folder).iterdir()
    return sorted(entry.name for entry in entries if entry.name.endswith(".toml"))
