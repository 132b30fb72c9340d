"""Presets: runs with a name, as data."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from clawgym.errors import UsageError


class Preset(BaseModel):
    """One entry of `synth/data/presets.toml`. `caps` is that of `Plan`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    number: Annotated[int, Field(ge=1)]
    gates: Literal["none", "quick", "full"]
    mixture: Annotated[float, Field(ge=0, le=1)] = 0.5
    hybrid: Annotated[float, Field(ge=0, le=1)] = 0.27  # some forms hold no prose: 22 % remain
    caps: dict[str, int] = {}


USUAL = Preset(summary="a few tasks around skills", number=50, gates="quick", mixture=1, hybrid=0)
"""What holds where no preset is named."""


@cache
def presets() -> dict[str, Preset]:
    """All presets by name."""
    text = files("synth").joinpath("data", "presets.toml").read_text(encoding="utf-8")
    return {name: Preset.model_validate(entry) for name, entry in tomllib.loads(text).items()}


def preset(name: str) -> Preset:
    """The preset of that name; the usual settings where it is empty.

    Raises:
        UsageError: there is none.
    """
    if not name:
        return USUAL
    known = presets()
    if name not in known:
        raise UsageError(f"unknown preset {name!r}; there are {', '.join(known)}")
    return known[name]
