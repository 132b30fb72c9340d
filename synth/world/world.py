"""A world: one domain filled with data, lazily, each part by a chance of its own."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from clawgym.artifact import ArtifactKind
from clawgym.seeds import derive_random
from synth.knobs import Knobs
from synth.taxonomy.domain import TECHNICAL_FUNCTIONS
from synth.taxonomy.locale import Locale
from synth.taxonomy.period import Period
from synth.taxonomy.setting import Setting, make_setting
from synth.values import Config, RowSet
from synth.world.columns import Backdrop, make_links, make_names
from synth.world.config import Service, make_config, services_at
from synth.world.domain import Domain
from synth.world.feed import add_duplicates, make_dimension, make_feed
from synth.world.source import Source

_STAFF, _CANDIDATES = 6, 24
"""How many colleagues there are, of how many from whom those are taken that nobody mixes up."""

_BUSIEST = 240
"""The most events of a month, however busy it is."""

_WHOLE = 0.5
"""How often facts are on file about every link: only then can all rows be grouped by them."""


@dataclass(frozen=True)
class World:
    """Everything that the sources of one task are taken from; `seed` names it.

    `form` is the kind of file that the feed comes as, one of the domain's `entry`; `given` is the
    setting, where one is given.
    """

    domain: Domain
    form: ArtifactKind
    knobs: Knobs
    seed: int
    given: Setting | None = None

    @classmethod
    def of(cls, setting: Setting, form: ArtifactKind, knobs: Knobs, seed: int) -> "World":
        """The world of a setting."""
        return cls(setting.domain, form, knobs, seed, setting)

    @cached_property
    def setting(self) -> Setting:
        """Who asks for what, when and why; one that fits the domain where none was given."""
        return self.given or make_setting(self.rng("setting"), domain=self.domain)

    def rng(self, part: str) -> random.Random:
        """The chance that one part of the world is made by, the same whenever it is asked for."""
        return derive_random(self.seed, "world", part)

    @cached_property
    def today(self) -> date:
        """The day on which the task is asked for: after everything that the feed tells."""
        return self.period.today

    @cached_property
    def period(self) -> Period:
        """The month in which everything happens that the feed tells."""
        return self.setting.period

    @cached_property
    def locale(self) -> Locale:
        """Where it plays."""
        return self.setting.locale

    @property
    def house(self) -> str:
        """The organisation that files are titled by; "" for people who ask for themselves."""
        persona = self.setting.persona
        return "" if persona.private else persona.organisation

    @cached_property
    def backdrop(self) -> Backdrop:
        """What all rows share."""
        names = make_names(self.rng("staff"), self.locale, _CANDIDATES)
        known = {word for name in (*self.links, self.setting.persona.name) for word in name.split()}
        staff: list[str] = []
        for name in names:
            if len(staff) < _STAFF and known.isdisjoint(name.split()):
                staff.append(name)
                known |= {*name.split()}
        if self.setting.persona.private:
            staff = [name.split()[0] for name in staff]  # friends and family, by their first names
        return Backdrop(self.domain, self.locale, self.links, staff, self.seed)

    @cached_property
    def links(self) -> list[str]:
        """The people, companies or places that the feed refers to."""
        return make_links(self.rng("links"), self.domain, self.locale)

    @property
    def size(self) -> tuple[int, int]:
        """The fewest and the most events of a month."""
        low, high = self.knobs.rows
        busy = self.domain.busy
        return min(low * busy, _BUSIEST // 2), min(high * busy, _BUSIEST)

    @cached_property
    def clean_feed(self) -> RowSet:
        """The events, each once."""
        return make_feed(self.rng("feed"), self.backdrop, self.period, self.size)

    @cached_property
    def messy_feed(self) -> RowSet:
        """The events, some of them twice: with a corrected cell and a sloppily typed id."""
        return add_duplicates(self.rng("duplicates"), self.clean_feed, self.domain.columns)

    @cached_property
    def dimension(self) -> RowSet:
        """Facts about the links; often the one that the feed speaks of least is not on file."""
        place = self.clean_feed.index(self.domain.dimension.key)
        times = Counter(row[place] for row in self.clean_feed.rows)
        absent = min((link for link in self.links if times[link]), key=lambda link: times[link])
        whole = self.rng("gap").random() < _WHOLE
        return self.whole_dimension if whole else self._facts(absent)

    @cached_property
    def whole_dimension(self) -> RowSet:
        """Facts about every link, for whoever joins nothing with them."""
        return self._facts("")

    def _facts(self, absent: str) -> RowSet:
        return make_dimension(self.rng("dimension"), self.backdrop, absent)

    @cached_property
    def service(self) -> Service:
        """A program that is run there."""
        return self.rng("service").choice(services_at(self.setting.subcategory))

    @cached_property
    def config(self) -> Config:
        """The settings file of that service."""
        return make_config(self.rng("config"), self.service, self.domain, self.clean_feed)

    def feed_source(self, kind: ArtifactKind, *, messy: bool = False) -> tuple[Source, ...] | None:
        """The events as a file of that kind, or None where they come as another."""
        if kind is not self.form:
            return None
        path = self.input_path(self.domain.feed, self.extension(kind))
        return (Source(kind, path, self.messy_feed if messy else self.clean_feed),)

    def dimension_source(self) -> Source:
        """The facts about the links: a table, or records where people have such about them."""
        kinds = [ArtifactKind.TABLE]
        if self._technical or self.form is ArtifactKind.RECORDS:
            kinds.append(ArtifactKind.RECORDS)
        kind = self.rng("dimension-kind").choice(kinds)
        path = self.input_path(self.domain.dimension.stem, self.extension(kind))
        return Source(kind, path, self.dimension)

    def config_source(self) -> Source:
        """The settings file."""
        path = self.input_path(self.service.name, "ini", "config")
        return Source(ArtifactKind.CONFIG, path, self.config)

    def input_path(self, stem: str, extension: str, place: str = "") -> str:
        """Where a file that the task starts with lies in this world.

        Args:
            stem: its name.
            extension: empty for a tree.
            place: a name in `data/places.toml` for what does not lie with the domain's feed.
        """
        return _named(self.setting.source_folder_of(place), stem, extension)

    def output_path(self, stem: str, extension: str, source: str = "") -> str:
        """Where a result is wanted in this world; `source` is what the work begins with."""
        return _named(self.setting.result_folder_for(source), stem, extension)

    def extension(self, kind: ArtifactKind) -> str:
        """What a file of that kind is called here: most kinds have one choice."""
        if kind is ArtifactKind.RECORDS and not self._technical:
            return "json"  # an export; JSON lines are what programs write
        return self.rng(f"extension-{kind}").choice(_EXTENSIONS[kind])

    @property
    def _technical(self) -> bool:
        return self.setting.persona.function in TECHNICAL_FUNCTIONS


def _named(folder: str, stem: str, extension: str) -> str:
    return f"{folder}/{stem}.{extension}" if extension else f"{folder}/{stem}"


_EXTENSIONS = {
    ArtifactKind.TABLE: ("csv", "csv", "tsv"),
    ArtifactKind.RECORDS: ("json", "jsonl"),
    ArtifactKind.LOG: ("log",),
    ArtifactKind.MAILBOX: ("mbox",),
    ArtifactKind.CALENDAR: ("ics",),
    ArtifactKind.CONFIG: ("ini",),
    ArtifactKind.DOCUMENT: ("md",),
}
