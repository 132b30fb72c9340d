"""From what a person types to FTS5 expressions that are never a syntax error."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 32
_SHORTEST_PREFIX = 3


def words(query: str) -> list[str]:
    """The words to search for, each once: folded, without stop words unless there are no others."""
    every = list(dict.fromkeys(_WORD.findall(query.casefold())[:_MOST_WORDS]))
    return [word for word in every if word not in _stopwords()] or every


def slug(text: str) -> str:
    """A text in the form of a skill name: `CSV analysis` is `csv-analysis`."""
    return "-".join(_WORD.findall(text.casefold()))


def token(word: str) -> str:
    """The word itself, in any of its grammatical forms."""
    return f'"{word}"'


def prefix(word: str) -> str:
    """The word or, where it is long enough to mean something, one that begins with it."""
    return f"{token(word)}*" if len(word) >= _SHORTEST_PREFIX else token(word)


def every(terms: Sequence[str], columns: str = "") -> str:
    """All of the terms, each in any of the columns; '' for all columns."""
    return _within(columns, " AND ".join(terms))


def some(terms: Sequence[str], columns: str = "") -> str:
    """At least one of the terms."""
    return _within(columns, " OR ".join(terms))


def _within(columns: str, expression: str) -> str:
    return f"{{{columns}}} : ({expression})" if columns else expression


@cache
def _stopwords() -> frozenset[str]:
    text = files("clawgym_skills.search").joinpath("stopwords.txt").read_text("utf-8")
    return frozenset(text.split())
