"""The frame: words that join the steps of a request and lead over to earlier work, as data."""

import tomllib
from functools import cache

from pydantic import BaseModel, ConfigDict

from synth.telling import read_phrases

Lines = tuple[str, ...]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BriefWords(_Data):
    """What joins the steps of a brief request, and its rules."""

    next: Lines
    aside: Lines
    last: Lines
    that: Lines
    that_folder: Lines
    lists: Lines
    keep: Lines
    keep_but: Lines
    json_: Lines
    json_named: Lines


class SpecWords(_Data):
    """What joins the steps of a specification, and its rules."""

    numbered: Lines
    that: Lines
    that_folder: Lines
    step: Lines
    step_folder: Lines
    keep: Lines
    keep_but: Lines
    json_: Lines
    json_named: Lines


class PastWords(_Data):
    """What is said of work that was done before."""

    asked: Lines
    asked_other: Lines
    change: Lines
    anew: Lines
    anew_elsewhere: Lines
    changes: Lines
    elsewhere: Lines
    follows: Lines
    follows_many: Lines
    leftover: Lines
    besides: Lines
    more_only: Lines
    mend: Lines
    hidden: Lines
    hidden_many: Lines
    mend_hidden: Lines
    mend_files: Lines
    mend_files_many: Lines
    shown: Lines
    shown_many: Lines
    shown_too: Lines
    shown_too_many: Lines
    keep: Lines
    seen: dict[str, Lines]


class Frame(_Data):
    """`data/phrases/_frame.toml`."""

    empty: Lines
    any_order: str
    any_order_named: str
    brief: BriefWords
    spec: SpecWords
    past: PastWords


@cache
def frame() -> Frame:
    """The words, read once."""
    return Frame.model_validate(tomllib.loads(read_phrases("_frame.toml")))
