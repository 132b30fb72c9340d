"""What the skills server reads in a catalogue's SQLite file: what it needs, a batch at a time.

The tables are a documented contract (clawgym_skills/schema.sql). `Catalogue.get` would read every
file of a skill; a listing needs only digests and sizes, which the catalogue has.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pydantic_core import from_json

from clawgym.errors import ClawGymError, ExitCode
from clawgym.files import Files
from clawgym_skills.bundle import bundled_directory
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.search.eligibility import eligibility
from mcp_servers.skills.publication import Content, Written, skill_file
from mcp_servers.skills.statements import statement

logger = logging.getLogger(__name__)

_EXECUTABLE = 0o755


class DamagedSkillError(ClawGymError):
    """What the catalogue stores of a skill is not what its digest stands for."""

    exit_code = ExitCode.FINDINGS


@dataclass(frozen=True)
class Selection:
    """Which skills of a catalogue are offered; the default is all of them.

    `names` are ids in the catalogue, `category` one that an author or annotator put a skill into,
    `eligible_only` leaves out what OpenClaw would not load on this machine.
    """

    names: Sequence[str] | None = None
    category: str | None = None
    eligible_only: bool = False


@dataclass(frozen=True)
class Origin:
    """Where a skill comes from, in words; `trusted` where somebody vouches for it."""

    label: str
    trusted: bool


@dataclass(frozen=True)
class Stocked:
    """A skill in the catalogue, by its key there."""

    key: int
    written: Written
    origin: Origin
    user_invocable: bool

    @property
    def model_invocable(self) -> bool:
        """Whether a model may choose it; true unless `disable-model-invocation` is set."""
        frontmatter = self.written.frontmatter
        disabled = frontmatter.get(
            "disable-model-invocation", frontmatter.get("disable_model_invocation")
        )
        return disabled is not True and str(disabled).lower() not in ("true", "yes")


class Stock:
    """A catalogue's skills, read row by row."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._connection = catalogue.connection
        self._eligible = eligibility()
        self._connection.create_function("mcp_eligible", 2, self._eligible)

    def state(self) -> tuple[int, int]:
        """A value that changes whenever this or another process writes to the catalogue."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version, self._connection.total_changes

    def ids(self) -> list[tuple[str, int]]:
        """Id and key of every skill; bare names before qualified ones, each sorted."""
        return self._connection.execute(
            "SELECT id, key FROM skills ORDER BY instr(id, '/') > 0, id"
        ).fetchall()

    def digests(self) -> dict[int, str]:
        """The present revision of every skill, by key."""
        return dict(self._connection.execute("SELECT key, digest FROM skills"))

    def vouched(self) -> list[str]:
        """The publishers that somebody vouches for."""
        rows = self._connection.execute("SELECT handle FROM owners WHERE official ORDER BY 1")
        return [handle for (handle,) in rows]

    def selected(self, selection: Selection) -> set[int] | None:
        """The keys of what is selected; None for everything. Names are not looked at."""
        if selection.category is None and not selection.eligible_only:
            return None
        values = {"category": selection.category, "eligible": selection.eligible_only}
        return {key for (key,) in self._connection.execute(statement("selected"), values)}

    def categories(self) -> list[str]:
        """Every category that a skill of the catalogue is in, sorted."""
        rows = self._connection.execute(
            "SELECT DISTINCT category FROM categories JOIN skills USING (digest) ORDER BY category"
        )
        return [category for (category,) in rows]

    def read(self, keys: Sequence[int]) -> Iterator[Stocked]:
        """The skills with these keys; a damaged one is logged and left out."""
        wanted = (json.dumps(keys),)
        listings: dict[int, list[tuple[str, str, int, int]]] = {}
        for key, *listing in self._connection.execute(statement("files"), wanted):
            listings.setdefault(key, []).append((listing[0], listing[1], listing[2], listing[3]))
        for row in self._connection.execute(statement("skills"), wanted).fetchall():
            skill = _Row(*row)
            try:
                yield self._stocked(skill, listings.get(skill.key, []))
            except DamagedSkillError as error:
                logger.warning("%s", error)

    def content(self, sha256: str) -> bytes:
        """The bytes of a file.

        Raises:
            DamagedSkillError: they are not those that the digest stands for.
        """
        row = self._connection.execute(
            "SELECT content FROM blobs WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None or hashlib.sha256(row[0]).hexdigest() != sha256:
            raise DamagedSkillError(f"the stored file {sha256[:16]} {_DAMAGED}")
        return row[0]

    def _stocked(self, row: "_Row", listing: Sequence[tuple[str, str, int, int]]) -> Stocked:
        modes = ((path, mode == _EXECUTABLE, sha256) for path, sha256, _, mode in listing)
        if Files.digest_of(modes) != row.digest:
            raise DamagedSkillError(f"the stored skill {row.path} {_DAMAGED}")
        contents = {path: Content(sha256, size) for path, sha256, size, _ in listing}
        source = skill_file(contents)
        written = Written(
            frontmatter=from_json(row.frontmatter),
            description=row.description,
            body=row.body,
            files=contents,
            skill_file=source,
            text=self.content(contents[source].sha256) if source else None,
        )
        return Stocked(row.key, written, _origin(row), bool(row.user_invocable))


class _Row(NamedTuple):
    """What `skills.sql` answers."""

    key: int
    digest: str
    description: str
    body: str
    frontmatter: str
    user_invocable: int
    path: str
    owner: str | None
    official: int | None
    registry: str | None


_DAMAGED = (
    "was changed behind the catalogue's back and is not served; "
    "delete the catalogue and index the skills again"
)


def _origin(row: _Row) -> Origin:
    if row.path.startswith(_bundled()):
        return Origin("ClawGym, bundled", trusted=True)
    where = f" from {row.registry}" if row.registry else ""
    if row.owner:
        return Origin(f"publisher {row.owner}{where}", trusted=bool(row.official))
    return Origin(f"folder {row.path.split('/')[-2]}{where}", trusted=False)


@cache
def _bundled() -> str:
    return f"{bundled_directory()}/"
