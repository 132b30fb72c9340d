"""From what a user says about skills to where they come from."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from clawgym.errors import UsageError
from clawgym_skills.catalogue import open_catalogue
from clawgym_skills.records import ActivationRecord
from clawgym_skills.skill import Skill
from graph_agents.skilled.offers import Offer, SkillSource
from graph_agents.skilled.sources import (
    CatalogueSource,
    bundled_source,
    folder_source,
    openclaw_source,
)

NONE, CATALOGUE, OPENCLAW = "none", "catalogue", "openclaw"


@contextmanager
def chosen_source(
    wanted: str | None, *, catalogue: Path, workspace: Path
) -> Generator[SkillSource | None]:
    """The skills that were asked for, until the block ends.

    Args:
        wanted: names of bundled skills, comma-separated; `none`; `catalogue`; `openclaw`, for the
            folders that an OpenClaw with this workspace has; a folder, with a slash in it; None
            for all bundled ones.
        catalogue: the user's catalogue.
        workspace: the agent's.

    Raises:
        UsageError: there is no skill of a name, with the nearest one; or no such place.
    """
    if wanted == NONE:
        yield None
    elif wanted == CATALOGUE:
        if not catalogue.is_file():
            raise UsageError(f"there is no catalogue {catalogue}; make one: clawgym skills index")
        with open_catalogue(catalogue) as opened:
            yield CatalogueSource(opened)
    elif wanted == OPENCLAW:
        yield openclaw_source(workspace)
    elif wanted and "/" in wanted:
        yield folder_source(Path(wanted).expanduser(), trusted=True)
    else:
        source = bundled_source()
        yield _Some(source, _names(wanted, source)) if wanted is not None else source


def _names(wanted: str, source: SkillSource) -> frozenset[str]:
    known = [offer.id for offer in source.offers()]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise UsageError(f"there is no bundled skill {name!r}; {hint}")
    return frozenset(names)


class _Some:
    """A source of which only some skills are offered."""

    def __init__(self, source: SkillSource, names: frozenset[str]) -> None:
        self._source = source
        self._names = names
        self._all: Sequence[Offer] = ()
        self._some: Sequence[Offer] = ()

    def offers(self) -> Sequence[Offer]:
        offers = self._source.offers()
        if offers is not self._all:
            self._all = offers
            self._some = [offer for offer in offers if offer.id in self._names]
        return self._some

    def load(self, offer: Offer) -> Skill:
        return self._source.load(offer)

    def search(self, query: str, limit: int) -> Sequence[str]:
        return [name for name in self._source.search(query, limit) if name in self._names]

    def used(self) -> Sequence[str]:
        return [name for name in self._source.used() if name in self._names]

    def log(self, activation: ActivationRecord) -> None:
        self._source.log(activation)
