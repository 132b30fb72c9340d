"""Domains: the settings that tasks play in, as data in `data/domains/`, and pools of words.

A domain has a feed (events, one row each), a dimension (facts about what one column of the feed
refers to) and makers that fill the columns. It also says who would handle such data and where, so
that a task about it is one that somebody has.
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal, Self

from pydantic import Field, model_validator

from clawgym.artifact import ArtifactKind
from synth.taxonomy._toml import Data, read_toml, toml_names
from synth.taxonomy.purpose import Purpose
from synth.values.rows import Better, Scale

Make = Literal[
    "id",
    "date",
    "due",
    "time",
    "clock",
    "end",
    "minutes",
    "ref",
    "choice",
    "pool",
    "person",
    "email",
    "phone",
    "city",
    "note",
    "integer",
    "count",
    "percent",
    "number",
    "money",
]
"""How a column is filled.

id       `prefix` and a running number of `digits` digits; behind one of `values` in brackets,
         where there are any, as a title of what it counts
date     the day of the event; `due` is `low` to `high` days later
time     the day with a clock time, as in a log; `clock` and `end` are the ends of a session and
         `minutes` its length
ref      one of the world's links: what the dimension tells about
choice   one of `values`, by `weights` where they are given; `pool` one of the words of a pool
person   a name of the locale, likewise `email`, `phone` and `city`
note     one of the domain's notes, or of those that are `given`, and empty for most rows
integer  evenly from `low` to `high`; `count` and `money` log-normally, so that most are small;
         `percent` is an integer, `number` has `decimals` decimals

A column may depend on one to its left: `by` names it, and `ranges` (low and high) or `given` (the
values) say what goes with which of its cells. `times` names a column to multiply by, as an amount
is a price times a quantity; `step` is what the figures are multiples of. `per` names columns to the
left, or the link, for each combination of which the cell is always the same, as an animal has one
weight. `moves` are values in the order that an entry takes them in its life, such as `open` and
`done`. `scale` says how figures may be used, where `data/words/measures.toml` does not, `better`
which of them are the good ones.
"""


TECHNICAL_FUNCTIONS = frozenset({"engineering", "it"})
"""The kinds of work in which people hand files to programs."""

Cell = str | int | float
Bounds = tuple[float, float]


class ColumnMaker(Data):
    """How one column is filled; the fields that its kind of maker does not know are left alone."""

    name: str
    make: Make
    prefix: str = ""
    digits: int = 4
    values: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    pool: str = ""
    low: float = 0
    high: float = 0
    decimals: int = 1
    by: str = ""
    ranges: Mapping[str, tuple[float, float]] = Field(
        default_factory=dict[str, tuple[float, float]]
    )
    given: Mapping[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    times: str = ""
    step: float = 0
    per: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    scale: Scale | None = None
    better: Better = ""

    @property
    def measure(self) -> Scale:
        """How its figures may be used."""
        return self.scale or _scales().get(self.name, "amount")

    def bounds(self, row: Mapping[str, Cell]) -> Bounds:
        """The lowest and the highest figure beside the cells that a row already has."""
        return self.ranges.get(str(row.get(self.by)), (self.low, self.high))

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        if self.make == "choice" and len(self.values) < 2:
            raise ValueError(f"column {self.name!r}: a choice needs two values at least")
        if self.weights and len(self.weights) != len(self.values):
            raise ValueError(f"column {self.name!r}: as many weights as values are needed")
        if any(low > high for low, high in [(self.low, self.high), *self.ranges.values()]):
            raise ValueError(f"column {self.name!r}: low is above high")
        if bool(self.by) != bool(self.ranges or self.given):
            raise ValueError(f"column {self.name!r}: `by` goes with `ranges` or `given`")
        known = {*self.values, *(value for values in self.given.values() for value in values)}
        if not known.issuperset(self.moves):
            raise ValueError(f"column {self.name!r}: `moves` has what is no value of it")
        if self.make in ("count", "money") and self.low <= 0:
            raise ValueError(f"column {self.name!r}: a log-normal column needs low above 0")
        return self


class Dimension(Data):
    """Facts about the values of one column of the feed, of which there are `count`, as a range."""

    stem: str
    key: str
    pool: str
    count: tuple[int, int] = (5, 8)
    columns: tuple[ColumnMaker, ...]


class Domain(Data):
    """A setting with its feed of events.

    `entry` lists the kinds of file that the feed comes as. `subcategories` are the scenario
    subcategories that it serves, its own first. `industries` (any where empty) and `functions`
    say whose work it is. `sources` and `deliverables` are folders, `purposes` reasons why somebody
    wants work done on it, `repeats` such reasons that hold only where entries stand twice, `notes`
    what people write beside such rows. `synth.taxonomy.setting` fills the words in braces. Nothing
    happens at weekends with `weekdays`; `days` is on how many days of a month anything happens, if
    not on any; `busy` is how many times as many events a month has as elsewhere.
    """

    name: str
    feed: str
    singular: str
    plural: str
    entry: tuple[ArtifactKind, ...]
    subcategories: tuple[str, ...]
    industries: tuple[str, ...] = ()
    functions: tuple[str, ...]
    sources: str
    deliverables: str
    purposes: tuple[Purpose, ...]
    repeats: tuple[str, ...] = ()
    notes: tuple[str, ...]
    weekdays: bool = False
    days: int = 0
    busy: int = 1
    columns: tuple[ColumnMaker, ...]
    dimension: Dimension

    @property
    def technical(self) -> bool:
        """Whether those who work with it read and write files for programs."""
        return self.functions[0] in TECHNICAL_FUNCTIONS

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        made = [column.make for column in self.columns]
        if made.count("id") != 1 or made.count("ref") != 1:
            raise ValueError(f"domain {self.name!r}: exactly one id and one ref are needed")
        for place, column in enumerate(self.columns):
            left = {other.name for other in self.columns[:place]}
            unknown = {column.by, column.times, *column.per} - {"", self.dimension.key} - left
            if unknown:
                raise ValueError(f"domain {self.name!r}: {column.name!r} hangs on {unknown}")
        link = next(column.name for column in self.columns if column.make == "ref")
        if link != self.dimension.key:
            raise ValueError(f"domain {self.name!r}: the dimension must be keyed by {link!r}")
        return self


class _MeasureFile(Data):
    levels: tuple[str, ...]
    marks: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...]
    prices: tuple[str, ...]


@cache
def _measures() -> _MeasureFile:
    return read_toml(_MeasureFile, "words", "measures.toml")


def orders() -> tuple[tuple[str, ...], ...]:
    """Words that are more than others, such as `low`, `medium`, `high`: from the least up."""
    return _measures().orders


def prices() -> tuple[str, ...]:
    """The names of figures that somebody sets, and may raise or lower."""
    return _measures().prices


@cache
def _scales() -> dict[str, Scale]:
    names = _measures()
    levels: dict[str, Scale] = dict.fromkeys(names.levels, "level")
    marks: dict[str, Scale] = dict.fromkeys(names.marks, "mark")
    return levels | marks


class _DomainFile(Data):
    domain: tuple[Domain, ...]


@cache
def domains() -> tuple[Domain, ...]:
    """Every domain there is, in the order of the scenario categories' files."""
    names = toml_names("domains")
    return tuple(
        domain for name in names for domain in read_toml(_DomainFile, "domains", name).domain
    )


@cache
def domain_of(name: str) -> Domain | None:
    """The domain of that name; None where it is the name of something else."""
    return next((domain for domain in domains() if domain.name == name), None)


@cache
def domains_of(subcategory: str) -> tuple[Domain, ...]:
    """The domains that serve a scenario subcategory."""
    return tuple(domain for domain in domains() if subcategory in domain.subcategories)


class _PoolFile(Data):
    pools: dict[str, tuple[str, ...]]


@cache
def _pools() -> dict[str, tuple[str, ...]]:
    return {
        key: words
        for name in toml_names("pools")
        for key, words in read_toml(_PoolFile, "pools", name).pools.items()
    }


def pool(name: str) -> tuple[str, ...]:
    """The words of that pool; `KeyError` if there is none."""
    return _pools()[name]
