"""Words in a deliverable that seem to be addressed to whoever judges it: findings, not scores."""

import functools
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files

from clawgym.quoting import quote_name
from verify.rubric.deliverable import Deliverable

MOST_FINDINGS = 20
_AROUND = 40
_LONGEST = 300

# Zero-width joiners (U+200D) are left out: they are part of many emoji.
_HIDDEN = re.compile("\u27e6U\\+(?:200[BCEF]|202[A-E]|206[0-9]|E00[0-7][0-9A-F])\u27e7")


@functools.cache
def _phrases() -> re.Pattern[str]:
    lines = files("verify.rubric").joinpath("suspicious.txt").read_text("utf-8").splitlines()
    alternatives = [line for line in lines if line and not line.startswith("#")]
    return re.compile("|".join(f"(?:{line})" for line in alternatives), re.IGNORECASE)


def suspicions(delivered: Deliverable) -> list[str]:
    """A sentence for each document that holds such words or many hidden characters."""
    return [
        sentence
        for document in delivered.documents
        if document.state != "unchanged"
        for sentence in _about(document.path, document.text)
    ]


def from_judge(said: Iterable[str]) -> list[str]:
    """What the judge itself found suspicious, each once."""
    distinct = dict.fromkeys(text.strip() for text in said if text.strip())
    return [f"the judge suspects {quote_name(_shortened(text))}" for text in distinct]


def limited(sentences: Iterable[str]) -> tuple[str, ...]:
    """The first sentences, and how many more there are."""
    every = list(dict.fromkeys(sentences))
    more = len(every) - MOST_FINDINGS
    return tuple([*every[:MOST_FINDINGS], f"and {more} more findings"] if more > 0 else every)


def _about(path: str, text: str) -> Iterator[str]:
    for part in (path, text):
        if found := _phrases().search(part):
            around = part[max(0, found.start() - _AROUND) : found.end() + _AROUND]
            yield f"{quote_name(path)} may address the judge: {quote_name(_shortened(around))}"
    if hidden := len(_HIDDEN.findall(text)):
        yield f"{quote_name(path)} holds {hidden} invisible or direction-changing characters"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
