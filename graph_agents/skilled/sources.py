"""Where skills come from: a catalogue, the bundled ones, or the folders of an OpenClaw."""

import logging
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from pydantic_core import from_json

from clawgym.errors import ClawGymError, UsageError
from clawgym_skills.bundle import bundled_directory
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.diagnostic import SkillRefusedError
from clawgym_skills.openclaw import Machine, OpenClawConfig, gate
from clawgym_skills.openclaw.config import load_config
from clawgym_skills.openclaw.sources import Root, load_sources, standard_roots
from clawgym_skills.reading import read_skill
from clawgym_skills.records import ActivationRecord
from clawgym_skills.search.eligibility import eligibility
from clawgym_skills.search.ranking import Filters
from clawgym_skills.skill import Skill
from graph_agents.skilled.offers import Offer
from mcp_servers.public_names import public_names

_ENOUGH_USED = 200
_LOG_MILLISECONDS = 50
_SEARCHED = 3
"""How many hits are looked at for each one wanted: some may not be used."""

_log = logging.getLogger(__name__)

_ROWS = """
SELECT skills.id, skills.name, skills.digest, skills.description, skills.frontmatter,
       skills.user_invocable, skills.path, coalesce(owners.official, 0)
FROM skills LEFT JOIN owners ON owners.handle = skills.owner
ORDER BY instr(skills.id, '/') > 0, skills.id
"""
_BLOCKED = "SELECT digest, min(rule) FROM findings WHERE severity = 'block' GROUP BY digest"
_NOTICED = """
SELECT digest, group_concat(DISTINCT rule) FROM findings WHERE severity = 'warn' GROUP BY digest
"""
_USED = "SELECT skill FROM activations GROUP BY skill ORDER BY max(key) DESC LIMIT ?"


class CatalogueSource:
    """The skills of a catalogue that OpenClaw would load on this machine.

    The bundled ones and those of publishers whom somebody vouches for are trusted; what a scanner
    blocks is refused.

    Args:
        catalogue: is not closed here.
        trust_all: trust every skill, for runs at which nobody can be asked.
    """

    def __init__(self, catalogue: Catalogue, *, trust_all: bool = False) -> None:
        self._catalogue = catalogue
        self._trust_all = trust_all
        self._state: tuple[int, int] | None = None
        self._offers: list[Offer] = []

    def offers(self) -> Sequence[Offer]:
        """Every eligible skill; read anew only where the catalogue was written to."""
        state = self._now()
        if state != self._state:
            self._offers, self._state = self._read(), state
        return self._offers

    def _now(self) -> tuple[int, int]:
        """Changes whenever this or another process writes to the catalogue."""
        connection = self._catalogue.connection
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        return int(version), connection.total_changes

    def _read(self) -> list[Offer]:
        connection = self._catalogue.connection
        rows = connection.execute(_ROWS).fetchall()
        names = dict(public_names(row[0] for row in rows))
        refused = dict(connection.execute(_BLOCKED))
        noticed = dict(connection.execute(_NOTICED))
        is_eligible, ours = eligibility(), f"{bundled_directory()}/"
        offers = [
            Offer(
                id=row[0],
                public=names[row[0]],
                digest=row[2],
                description=row[3],
                model_invocable=_model_may(row[4]),
                user_invocable=bool(row[5]),
                trusted=self._trust_all or bool(row[7]) or row[6].startswith(ours),
                refused=_refusal(refused.get(row[2])),
                findings=noticed.get(row[2], ""),
            )
            for row in rows
            if is_eligible(row[1], row[4])
        ]
        return sorted(offers, key=lambda offer: offer.id)

    def load(self, offer: Offer) -> Skill:
        """A skill with its files; see `SkillSource`."""
        return _unchanged(self._catalogue.get(offer.id), offer)

    def search(self, query: str, limit: int) -> Sequence[str]:
        """By the catalogue's own ranking."""
        eligible = Filters(eligible=True)
        found = self._catalogue.search(query, limit * _SEARCHED, filters=eligible)
        return [hit.name for hit in found]

    def used(self) -> Sequence[str]:
        """By the activations that the catalogue keeps."""
        rows = self._catalogue.connection.execute(_USED, (_ENOUGH_USED,))
        return [str(row[0]) for row in rows]

    def log(self, activation: ActivationRecord) -> None:
        """Kept in the catalogue; where that cannot be written at once, only reported.

        The event loop waits for this: another process may write to the catalogue for minutes.
        """
        unchanged = self._state == self._now()
        try:
            with self._in_haste():
                self._catalogue.record_activation(activation)
        except ClawGymError as error:
            _log.warning("that %s was used is not kept: %s", activation.skill, error)
        if unchanged:
            self._state = self._now()

    @contextmanager
    def _in_haste(self) -> Generator[None]:
        """Do not wait for other writers as long as usual."""
        connection = self._catalogue.connection
        patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
        connection.execute(f"PRAGMA busy_timeout = {_LOG_MILLISECONDS}")
        try:
            yield
        finally:
            connection.execute(f"PRAGMA busy_timeout = {patience}")


def bundled_source() -> CatalogueSource:
    """The skills that come with ClawGym, in a catalogue in memory."""
    catalogue = Catalogue()
    catalogue.index([bundled_directory()], workers=0)
    return CatalogueSource(catalogue)


class FolderSource:
    """The skills below folders, by OpenClaw's rules of precedence, limits, links and gating.

    Args:
        roots: highest precedence first.
        config: what `openclaw.json` says.
        trusted: whether all of them may be used without asking. An agent can write into the
            `skills` folder of its own workspace, so the default is to ask once for each revision.
    """

    def __init__(
        self, roots: Sequence[Root], config: OpenClawConfig | None = None, *, trusted: bool = False
    ) -> None:
        self._roots = roots
        self._config = config or OpenClawConfig()
        self._trusted = trusted
        self._skills: dict[str, Skill] = {}
        self._used: dict[str, None] = {}
        self._index: tuple[Catalogue, dict[str, str]] | None = None

    def offers(self) -> Sequence[Offer]:
        """What the folders hold now."""
        self._skills = {skill.name: skill for skill in self._found()}
        self._index = None
        names = dict(public_names(self._skills))
        return [
            Offer(
                id=name,
                public=names[name],
                digest=skill.digest,
                description=skill.description,
                model_invocable=skill.model_invocable,
                user_invocable=skill.user_invocable,
                trusted=self._trusted,
            )
            for name, skill in sorted(self._skills.items())
        ]

    def _found(self) -> Iterable[Skill]:
        machine = Machine.current()
        sources = load_sources(self._roots, self._config)
        for diagnostic in sources.diagnostics:
            _log.info("%s", diagnostic)
        for found in sources.skills:
            name, manifest = found.skill.name, found.skill.manifest
            verdict = gate(name, manifest, machine, self._config, bundled=found.root.bundled)
            if not verdict.eligible:
                _log.info("the skill %s is not offered: %s", name, "; ".join(verdict.reasons))
                continue
            try:
                skill = read_skill(found.skill.directory)
            except SkillRefusedError as error:
                _log.warning("the skill %s is not offered: %s", name, error)
                continue
            yield replace(skill, name=name, qualifier="")

    def load(self, offer: Offer) -> Skill:
        """A skill as it was when it was offered; the folder is not read again."""
        if offer.id not in self._skills:
            raise UsageError(f"the skill {offer.id!r} is gone")
        return _unchanged(self._skills[offer.id], offer)

    def search(self, query: str, limit: int) -> Sequence[str]:
        """As a catalogue of these folders would."""
        if self._index is None:
            catalogue = Catalogue()
            catalogue.index([skill.path for skill in self._skills.values()], workers=0)
            by_path = {str(skill.path.resolve()): name for name, skill in self._skills.items()}
            ids = {one.name: by_path.get(str(one.path), "") for one in catalogue.summaries()}
            self._index = catalogue, ids
        catalogue, ids = self._index
        return [ids[hit.name] for hit in catalogue.search(query, limit * _SEARCHED)]

    def used(self) -> Sequence[str]:
        """What was used since this source was made."""
        return list(islice(reversed(self._used), _ENOUGH_USED))

    def log(self, activation: ActivationRecord) -> None:
        """Kept in memory: a folder has no log."""
        self._used.pop(activation.skill, None)
        self._used[activation.skill] = None


def openclaw_source(
    workspace: Path, *, home: Path | None = None, state: Path | None = None, trusted: bool = False
) -> FolderSource:
    """The skills that an OpenClaw with this workspace would have.

    `state` is its state directory, by default `~/.openclaw`, where `openclaw.json` is looked for.

    Raises:
        UsageError: the configuration cannot be read.
    """
    folder = state or (home or Path.home()) / ".openclaw"
    config = load_config(folder / "openclaw.json")
    roots = standard_roots(workspace, config, home=home, state=state)
    return FolderSource(roots, config, trusted=trusted)


def folder_source(*folders: Path, trusted: bool = False) -> FolderSource:
    """The skills below plain folders, the first having precedence.

    Raises:
        UsageError: one is no folder.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a directory; name a folder that holds skills")
    return FolderSource([Root("folder", folder) for folder in folders], trusted=trusted)


def _unchanged(skill: Skill, offer: Offer) -> Skill:
    if skill.digest != offer.digest:
        raise UsageError(f"the skill {offer.id!r} has changed since it was offered")
    return skill


def _model_may(frontmatter: str) -> bool:
    written: dict[str, object] = from_json(frontmatter)
    disabled = written.get("disable-model-invocation", written.get("disable_model_invocation"))
    return disabled is not True and str(disabled).lower() not in ("true", "yes")


def _refusal(rule: str | None) -> str:
    return f"a scanner blocks it (rule {rule})" if rule else ""
