"""From what a person types to an FTS5 query that is never a syntax error."""

import re
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[^\W_]+")
_MAX_WORDS = 32


def words(query: str) -> list[str]:
    """The words to search for: folded, without stop words unless there are no others."""
    every = _WORD.findall(query.casefold())[:_MAX_WORDS]
    return [word for word in every if word not in _stopwords()] or every


def match_expression(query: str) -> str:
    """Any of the words, longer ones also as a prefix; '' where there is no word."""
    terms = [f'"{word}"{"*" if len(word) >= 3 else ""}' for word in words(query)]
    return " OR ".join(terms)


def slug(query: str) -> str:
    """The query in the form of a skill name: `CSV analysis` is `csv-analysis`."""
    return "-".join(_WORD.findall(query.casefold()))


@cache
def _stopwords() -> frozenset[str]:
    text = files("clawgym_skills").joinpath("stopwords.txt").read_text("utf-8")
    return frozenset(text.split())
