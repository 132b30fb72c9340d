"""Updates of notes: what mentions something is ticked off."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from synth.operations.base import Params, ParamsModel, told_if
from synth.values.edited import EditedText
from synth.values.texts import Texts


class TickParams(ParamsModel):
    """Put `[x]` in front of every bullet that has `term` in it, whatever the case."""

    mode: Literal["tick"] = "tick"
    term: str


def propose(rng: random.Random, notes: Texts) -> Params | None:
    """A term that two bullets or more have, and most have not."""
    bullets = [line.casefold() for line in notes.lines[0][1] if line.startswith("- ")]
    terms = rng.sample(notes.terms, len(notes.terms))
    for term in terms:
        hits = sum(term.casefold() in line for line in bullets)
        if 2 <= hits <= len(bullets) // 2:
            return TickParams(term=term).model_dump(mode="json")
    return None


def apply(params: Params, notes: Texts) -> EditedText:
    """The notes with their ticks."""
    return _ticked(notes, TickParams.model_validate(params).term, str.casefold)


def mistakes(rng: random.Random, params: Params, notes: Texts) -> Iterator[EditedText]:
    """The case minded; everything ticked."""
    yield _ticked(notes, TickParams.model_validate(params).term, str)
    yield _ticked(notes, " ", str)


def words(params: Params, notes: Texts) -> Mapping[str, str]:
    """`{term}`; `capitals` says that some bullets have it in other letters."""
    term = str(params["term"])
    exact = _ticked(notes, term, str) == apply(params, notes)
    return {"variant": "tick", "term": f'"{term}"', "capitals": told_if(not exact)}


def _ticked(notes: Texts, term: str, fold: Callable[[str], str]) -> EditedText:
    (name, lines), wanted = notes.lines[0], fold(term)
    made = tuple(
        f"- [x] {line[2:]}" if line.startswith("- ") and wanted in fold(line) else line
        for line in lines
    )
    return EditedText(Texts(((name, made),), notes.terms))
