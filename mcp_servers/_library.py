"""The skills that a server offers: a selection of a catalogue, in the publication view."""

import logging
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Protocol

from clawgym.errors import UsageError
from mcp_servers._publication import SCHEME, Published, SourceSkill, publish, slug

logger = logging.getLogger(__name__)


class Hit(Protocol):
    """One search result."""

    @property
    def name(self) -> str:
        """The skill's id in the catalogue."""
        ...


class SkillSource(Protocol):
    """What a server needs of a catalogue: `clawgym_skills.catalogue.Catalogue` is one."""

    def names(self) -> Sequence[str]:
        """The id of every skill, in a stable order."""
        ...

    def get(self, name: str) -> SourceSkill:
        """One skill with its files."""
        ...

    def search(self, query: str, limit: int) -> Sequence[Hit]:
        """The skills that fit the words best, best first."""
        ...


class Library:
    """Published skills by name. A skill is read when it is first asked for, and then kept.

    Raises:
        UsageError: a wanted name is not in the catalogue.
    """

    def __init__(self, source: SkillSource, names: Sequence[str] | None = None) -> None:
        self._source = source
        available = source.names()
        self._everything = len(available)
        self._by_public_name = dict(sorted(_public_names(select_skills(available, names)).items()))
        self._public_name = {name: public for public, name in self._by_public_name.items()}
        self._published: dict[str, Published] = {}

    @property
    def names(self) -> list[str]:
        """The published names, sorted."""
        return list(self._by_public_name)

    def __getitem__(self, name: str) -> Published:
        if name not in self._published:
            self._published[name] = publish(self._source.get(self._by_public_name[name]), name)
        return self._published[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_public_name

    def __len__(self) -> int:
        return len(self._by_public_name)

    def of_uri(self, uri: str) -> Published | None:
        """The skill whose directory holds this URI."""
        name = uri.removeprefix(SCHEME).partition("/")[0]
        return self[name] if uri.startswith(SCHEME) and name in self else None

    def search(self, query: str, limit: int) -> list[Published]:
        """The skills on offer that fit the words best, best first."""
        wanted = limit if len(self) == self._everything else self._everything
        names = (self._public_name.get(hit.name) for hit in self._source.search(query, wanted))
        return [self[name] for name in names if name is not None][:limit]

    def conformant(self, names: Sequence[str]) -> Iterator[Published]:
        """Those of the named skills that SEP-2640 admits; the others are logged."""
        for name in names:
            if self[name].conformant:
                yield self[name]
            else:
                logger.warning("skill %s is too large for skills/list; its tools still work", name)


def similar(name: str, names: Sequence[str]) -> str:
    """`; did you mean …?`, or nothing if no name is close."""
    hits = get_close_matches(name, names)
    return f"; did you mean {', '.join(hits)}?" if hits else ""


def select_skills(available: Sequence[str], wanted: Sequence[str] | None) -> Sequence[str]:
    """The wanted names, or all that are available where none are named.

    Raises:
        UsageError: a wanted name is not available.
    """
    if wanted is None:
        return available
    for name in wanted:
        if name not in available:
            near = similar(name, available)
            raise UsageError(
                f"there is no skill {name!r} in the catalogue"
                f"{near or '; `clawgym skills index DIR` adds some, without DIR the bundled ones'}"
            )
    return wanted


def _public_names(names: Sequence[str]) -> dict[str, str]:
    """Slug to name; a second skill of the same slug gets `-2`, and so on."""
    public: dict[str, str] = {}
    for name in dict.fromkeys(names):
        base = candidate = slug(name)
        number = 1
        while candidate in public:
            number += 1
            candidate = f"{base[:60]}-{number}"
        public[candidate] = name
    return public
