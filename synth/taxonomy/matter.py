"""Matters: what people ask of results that are no events of a domain, as in `data/matters.toml`.

Dead links, changed files, tests that fail: such rows have few columns, which are always the same,
and few questions that somebody would ask of them.
"""

from collections.abc import Mapping
from functools import cache

from pydantic import RootModel

from synth.taxonomy._toml import read_toml
from synth.taxonomy.question import Questions, questions_of


class _MatterFile(RootModel[dict[str, Questions]]):
    pass


@cache
def matters() -> Mapping[str, Questions]:
    """The questions by matter."""
    return read_toml(_MatterFile, "matters.toml").root


@cache
def questions_about(subject: str) -> Questions | None:
    """What people ask of a domain or a matter; None where nobody has written that down."""
    return questions_of(subject) or matters().get(subject)


@cache
def asked_of_matter(name: str) -> frozenset[str]:
    """The operations that answer one of the questions of a matter."""
    asked = matters()[name]
    by_operation = {
        "filter": asked.picks,
        "aggregate": asked.overviews,
        "rank": asked.rankings,
        "split": asked.parts,
        "report": asked.pages,
    }
    return frozenset(operation for operation, found in by_operation.items() if found)


def is_matter(subject: str) -> bool:
    """Whether rows of that subject are no events of a domain."""
    return subject in matters()
