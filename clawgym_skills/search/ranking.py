"""The tiers of search, strongest evidence first; nothing moves a skill out of its tier.

After ClawHub's search contract (openclaw/clawhub:specs/search-relevance.md): exact name, words in
the name, words that begin like those in the name, taxonomy, summary. Each of these asks for every
word. Then come the body, and, where still not enough is found, skills with some of the words only,
and last what an embedding model finds near.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from clawgym_skills.search.squatting import resembled
from clawgym_skills.search.terms import every, prefix, slug, some, token, words

Tier = Literal["exact", "name", "prefix", "taxonomy", "summary", "body", "some words", "meaning"]

_COLUMNS = ("name", "taxonomy", "description", "body")
_SHORT_TEXTS = "name taxonomy description"
_BUDGET = 3_000
_TOO_COMMON = 0.2
_FEW_SKILLS = 1_000


@dataclass(frozen=True)
class Filters:
    """What a hit has to be besides matching.

    `operation` is an operation (`filter`) or a capability (`filter:table`); `eligible` asks for
    skills that OpenClaw would load on this machine.
    """

    category: str | None = None
    operation: str | None = None
    owner: str | None = None
    tag: str | None = None
    eligible: bool = False


@dataclass(frozen=True)
class Match:
    """One skill that was found, by its key, and why.

    Attributes:
        key: the skill's key in the catalogue.
        tier: how strong the evidence is.
        score: BM25 over name, taxonomy, description and body, larger is better; in the tier
            `meaning` the cosine; 0 in the tier `exact`.
        uses: sessions and installs in this catalogue; its order of magnitude goes before `score`.
        note: what else counted, in words.
    """

    key: int
    tier: Tier
    score: float
    uses: int = 0
    note: str = ""


Semantic = Callable[[str, Sequence[int], int], Sequence[Match]]
"""Finds skills near a query, except those with the given keys, at most so many."""


@dataclass
class Ranking:
    """One search over one catalogue.

    Attributes:
        semantic: finds what is near in meaning; None leaves that tier out.
        vouched_below: a directory whose skills own their names.
    """

    connection: sqlite3.Connection
    query: str
    limit: int
    filters: Filters = Filters()
    semantic: Semantic | None = None
    vouched_below: str | None = None

    def __post_init__(self) -> None:
        self._words = words(self.query)
        self._slug = slug(self.query)
        self._found: dict[int, Match] = {}
        self._squatters: list[Match] = []

    def matches(self) -> list[Match]:
        """The best matches, best first, at most `limit`."""
        if not self._words or self.limit < 1:
            return []
        self._exact()
        # The next tiers all ask for the words in these columns: one look may spare four.
        if self._any(every(self._prefixes(), _SHORT_TEXTS)):
            self._names()
            self._texts("taxonomy", "name taxonomy")
            self._texts("summary", _SHORT_TEXTS)
        self._found |= {match.key: match for match in self._squatters}
        self._texts("body")
        self._some()
        self._near()
        return list(self._found.values())[: self.limit]

    def _exact(self) -> None:
        rows = self._run("exact.sql", id=self.query.strip().removeprefix("@"), slug=self._slug)
        for key, name, uses, vouched, path in rows.fetchall():
            popular = resembled(name)
            if popular is None or vouched or uses or self._is_ours(path):
                self._found[key] = Match(key, "exact", 0.0, uses)
            else:
                note = f"nothing shows that the well-known name {popular} is its own: demoted"
                self._squatters.append(Match(key, "prefix", 0.0, 0, note))

    def _is_ours(self, path: str) -> bool:
        return self.vouched_below is not None and path.startswith(self.vouched_below)

    def _names(self) -> None:
        held = {match.key for match in self._squatters}
        whole = every([token(word) for word in self._words], "name")
        self._collect("names.sql", "name", whole, held)
        self._collect("names.sql", "prefix", every(self._prefixes(), "name"), held)
        self._found |= {match.key: match for match in self._squatters}

    def _texts(self, tier: Tier, columns: str = "") -> None:
        self._collect("texts.sql", tier, every(self._prefixes(), columns))

    def _some(self) -> None:
        if len(self._words) == 1 or len(self._found) >= self.limit:
            return
        common = [word for word in self._words if self._is_common(word)]
        rare = [word for word in self._words if word not in common]
        note = f"too common to count: {', '.join(common)}" if rare and common else ""
        # Beginnings would let short words match too much, so they are the last resort.
        for form in (token, prefix):
            expression = some([form(word) for word in rare or self._words])
            self._collect("texts.sql", "some words", expression, note=note)
            if self._found:
                break

    def _near(self) -> None:
        left = self.limit - len(self._found)
        if self.semantic and left > 0:
            near = self.semantic(self.query, list(self._found), left)
            self._found |= {match.key: match for match in near}

    def _collect(
        self,
        script: str,
        tier: Tier,
        expression: str,
        held: Iterable[int] = (),
        note: str = "",
    ) -> None:
        left = self.limit - len(self._found)
        if left < 1:
            return
        found = json.dumps([*self._found, *held])
        rows = self._run(
            script,
            expression=expression,
            slug=self._slug,
            found=found,
            limit=left,
            budget=_BUDGET,
        )
        for key, uses, score, cut in rows.fetchall():
            notes = (note, f"of the very many like it only {_BUDGET:,} were ranked" if cut else "")
            self._found[key] = Match(key, tier, score, uses, "; ".join(filter(None, notes)))

    def _prefixes(self) -> list[str]:
        return [prefix(word) for word in self._words]

    def _any(self, expression: str) -> bool:
        query = "SELECT 1 FROM skills_fts WHERE skills_fts MATCH ? LIMIT 1"
        return self.connection.execute(query, (expression,)).fetchone() is not None

    def _is_common(self, word: str) -> bool:
        """Whether so many skills have a word that it tells them apart no longer."""
        return self._count(prefix(word)) > max(_FEW_SKILLS, _TOO_COMMON * self._total())

    def _count(self, expression: str) -> int:
        query = "SELECT count(*) FROM skills_fts WHERE skills_fts MATCH ?"
        return int(self.connection.execute(query, (expression,)).fetchone()[0])

    def _total(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM skills").fetchone()[0])

    def _run(self, script: str, **values: str | int | None) -> sqlite3.Cursor:
        chosen: Mapping[str, str | bool | None] = vars(self.filters)
        return self.connection.execute(_sql(script), {**chosen, **values})


def explain(connection: sqlite3.Connection, query: str, key: int) -> dict[str, tuple[str, ...]]:
    """Which words of a query are in which texts of a skill; texts without any are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for column in _COLUMNS:
        present = tuple(_present(connection, words(query), column, key))
        if present:
            found["summary" if column == "description" else column] = present
    return found


def _present(
    connection: sqlite3.Connection, wanted: Sequence[str], column: str, key: int
) -> Iterator[str]:
    question = "SELECT 1 FROM skills_fts WHERE skills_fts MATCH ? AND rowid = ?"
    for word in wanted:
        whole, beginning = every([token(word)], column), every([prefix(word)], column)
        if connection.execute(question, (whole, key)).fetchone():
            yield word
        elif connection.execute(question, (beginning, key)).fetchone():
            yield f"{word}…"


@cache
def _sql(name: str) -> str:
    folder = files("clawgym_skills.search")
    filters = folder.joinpath("filters.sql").read_text("utf-8")
    return folder.joinpath(name).read_text("utf-8").replace(":filters:", f"({filters})")
