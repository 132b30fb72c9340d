"""Settings: who asks for what, about which data, when and why."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from pydantic import RootModel

from clawgym.errors import UsageError
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.domain import Domain, domains, domains_of
from synth.taxonomy.locale import Locale
from synth.taxonomy.opening import lines_of
from synth.taxonomy.period import Period, make_period
from synth.taxonomy.persona import Persona, draw_persona
from synth.taxonomy.purpose import Purpose
from synth.taxonomy.scenario import Category, category_of, subcategories

_DOMAIN_PURPOSE = 0.75


@dataclass(frozen=True)
class Setting:
    """A persona with a scenario, a domain, a month and a reason; coherent by construction.

    `about_repeats` is a reason that may be told only where the data hold entries twice, or empty.
    """

    persona: Persona
    subcategory: str
    domain: Domain
    period: Period
    purpose: Purpose
    about_repeats: str = ""

    @property
    def category(self) -> Category:
        """The scenario category."""
        return category_of(self.subcategory)

    @property
    def today(self) -> date:
        """The day on which the task is asked for, after everything that the data tell."""
        return self.period.today

    @property
    def locale(self) -> Locale:
        """Where it plays."""
        return self.persona.place

    @cached_property
    def source_folder(self) -> str:
        """Where the files lie that the task starts with."""
        return self._folder("input", self.domain.sources)

    @cached_property
    def result_folder(self) -> str:
        """Where the results are wanted."""
        return self._folder("output", self.domain.deliverables)

    def source_folder_of(self, place: str) -> str:
        """Where the files of a place in `data/places.toml` lie; those of the domain without one."""
        return self._folder("input", _places()[place].sources) if place else self.source_folder

    def result_folder_for(self, source: str) -> str:
        """Where the results are wanted of work that begins with the file of that path."""
        for place, folders in _places().items():
            here = self.source_folder_of(place)
            if source.startswith(f"{here}/") and here != self.source_folder:
                return self._folder("output", folders.results)
        return self.result_folder

    def _folder(self, usual: str, own: str) -> str:
        if self.persona.filing == "plain":
            return usual
        start = self.period.start
        return own.format(year=start.year, mm=f"{start.month:02d}", q=self.period.quarter)


class _Place(Data):
    """Folders of work that is not about a domain's feed."""

    sources: str
    results: str


class _PlaceFile(RootModel[dict[str, _Place]]):
    pass


@cache
def _places() -> dict[str, _Place]:
    return read_toml(_PlaceFile, "places.toml").root


def make_setting(
    rng: random.Random,
    *,
    subcategory: str | None = None,
    domain: Domain | None = None,
    persona: Persona | None = None,
) -> Setting:
    """Draw what is not given so that it fits what is.

    Args:
        rng: the only source of chance.
        subcategory: one of the 43; any that the domain serves where none is given.
        domain: the data; one that serves the subcategory and suits the persona where none is given.
        persona: who asks; somebody whose work it is where none is given. A given persona keeps its
            work even where no domain of the subcategory quite belongs to it: then one that comes
            nearest is taken.

    Raises:
        UsageError: there is no such subcategory.
    """
    if subcategory is not None and subcategory not in subcategories():
        raise UsageError(
            f"there is no scenario subcategory {subcategory!r}; the known ones are "
            f"{', '.join(subcategories())}"
        )
    if subcategory is None:
        subcategory = _subcategory(rng, domain, persona)
    if domain is None:
        domain = rng.choice(_nearest(domains_of(subcategory), persona))
    if persona is None:
        persona = draw_persona(rng, domain.industries, domain.functions)
    period = make_period(rng)
    purpose = _purpose(rng, subcategory, domain, period)
    repeats = rng.choice(domain.repeats or ("",))
    return Setting(persona, subcategory, domain, period, purpose, _filled(repeats, period))


def suits(domain: Domain, persona: Persona) -> bool:
    """Whether such data would be that person's work."""
    return _fit(domain, persona) == 2


def _subcategory(rng: random.Random, domain: Domain | None, persona: Persona | None) -> str:
    if domain is not None:
        return rng.choice(domain.subcategories)
    if persona is None:
        return rng.choice(list(subcategories()))
    found = {name for entry in _nearest(domains(), persona) for name in entry.subcategories}
    return rng.choice([name for name in subcategories() if name in found])


def _nearest(candidates: Sequence[Domain], persona: Persona | None) -> Sequence[Domain]:
    """The candidates that suit a persona best; all of them where there is no persona."""
    if persona is None:
        return candidates
    best = max(_fit(domain, persona) for domain in candidates)
    return [domain for domain in candidates if _fit(domain, persona) == best]


def _fit(domain: Domain, persona: Persona) -> int:
    industry = persona.industry in domain.industries or not domain.industries
    return industry + (persona.function in domain.functions)


def _purpose(rng: random.Random, subcategory: str, domain: Domain, period: Period) -> Purpose:
    own = rng.random() < _DOMAIN_PURPOSE
    reasons = domain.purposes if own else lines_of(subcategory).purposes
    return rng.choice(reasons).filled(period)


def _filled(text: str, period: Period) -> str:
    return text.format(period=period.label, next_period=period.following)
