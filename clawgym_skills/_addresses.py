"""Under which key and address a skill stands in the catalogue: one that had them keeps them."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym_skills._rows import Addressed, Prepared


@dataclass(frozen=True)
class _Former:
    """The row that a source directory had before."""

    key: int
    name: str
    qualifier: str


def assign(connection: sqlite3.Connection, skills: Sequence[Prepared]) -> list[Addressed]:
    """Address skills, those that are already in the catalogue first.

    A skill takes the first free address of: its former one, its name, `owner/name`,
    `directory/name`, `directory-2/name`, and so on.
    """
    free = int(connection.execute("SELECT coalesce(max(key), 0) + 1 FROM skills").fetchone()[0])
    taken = _Taken(connection)
    former = {skill.path: _former(connection, skill.path) for skill in skills}
    for old in filter(None, former.values()):
        taken.release(old)
    addressed: list[Addressed] = []
    for skill in sorted(skills, key=lambda skill: former[skill.path] is None):
        old = former[skill.path]
        wanted = old.qualifier if old and old.name == skill.name else ""
        key = old.key if old else free
        free += 0 if old else 1
        qualifier = next(one for one in _qualifiers(skill, wanted) if taken.take(one, skill.name))
        addressed.append(Addressed(key, qualifier, skill, known=old is not None))
    return addressed


def _former(connection: sqlite3.Connection, path: str) -> _Former | None:
    row = connection.execute(
        "SELECT key, name, qualifier FROM skills WHERE path = ?", (path,)
    ).fetchone()
    return _Former(*row) if row else None


def _qualifiers(skill: Prepared, wanted: str) -> Iterator[str]:
    parent = Path(skill.path).parent.name or "root"
    yield from (wanted, "", skill.owner or parent, parent)
    number = 2
    while True:
        yield f"{parent}-{number}"
        number += 1


class _Taken:
    """The addresses that are in use: by rows that stay, and by skills of this batch."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._changed: dict[str, bool] = {}
        self._next: dict[tuple[str, str], int] = {}

    def release(self, former: _Former) -> None:
        self._changed[_id(former.qualifier, former.name)] = False

    def take(self, qualifier: str, name: str) -> bool:
        """Take an address; False if it is in use."""
        address = _id(qualifier, name)
        if address not in self._changed:
            row = self._connection.execute("SELECT 1 FROM skills WHERE id = ?", (address,))
            self._changed[address] = row.fetchone() is not None
        in_use = self._changed[address]
        self._changed[address] = True
        return not in_use


def _id(qualifier: str, name: str) -> str:
    return f"{qualifier}/{name}" if qualifier else name
