"""Questions: what people really ask of a domain's data, and why, as data in `data/questions/`.

A file is named after a scenario category and has a table for each of its domains. Conditions and
figures are written as people say them, such as `status is one of open, overdue` or `sum amount`;
here they become terms, and every entry is held against the makers of the domain's columns. What
operations make of them is in `synth.operations.asking`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from pydantic import Field, RootModel

from clawgym.errors import UsageError
from synth.taxonomy._toml import Data, read_toml, toml_names
from synth.taxonomy.domain import ColumnMaker, Domain, domains

Verb = Literal["is", "is not", "is one of", "is not one of", ">=", "<=", "before", "from"]
Function = Literal["count", "sum", "mean", "median", "min", "max", "distinct"]
Bucket = Literal["", "month", "quarter", "weekday", "day", "hour"]

DAYS = ("{mid_period}", "{last_week}", "{today}")
"""What a date may be compared with."""

_CONDITION = re.compile(
    r"(\w+) (is not one of|is one of|is not|is|>=|<=|before|from) (\S.*)", re.ASCII
)
_STEM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WHY_WORDS = (5, 18)
_READERS = ("the ", "my ", "our ")


class Pick(Data):
    """Which rows somebody wants: all of `where` hold; of `keep` the columns, all where empty."""

    where: tuple[str, ...] = Field(min_length=1, max_length=3)
    name: str = ""
    keep: tuple[str, ...] = ()
    why: str


class Overview(Data):
    """By what somebody wants to see which figures."""

    by: tuple[str, ...] = Field(min_length=1, max_length=2)
    figures: tuple[str, ...] = Field(min_length=1, max_length=4)
    why: str


class Ranking(Data):
    """By what somebody wants rows in order; `top` is how many, 0 for all."""

    by: str
    first: Literal["largest", "smallest"]
    top: int = Field(default=0, ge=0)
    name: str = ""
    why: str


class Part(Data):
    """A column each value of which somebody wants a file of."""

    by: str
    why: str


class Lookup(Data):
    """The columns of the dimension that somebody wants beside the rows."""

    columns: tuple[str, ...] = Field(min_length=1)
    why: str


class Page(Data):
    """Who reads about the rows on a page, and by which figure.

    `by` names the columns that they look at it by, where the overviews say others too; `named` are
    two values of the only one of them, of which they want the numbers, such as `passed` and
    `failed`. `first` is what they want to be told besides, such as `which outage to look into
    first`: only of trouble that has to be worked off, as nobody asks that of takings or hours.
    """

    reader: str
    measure: str
    title: str
    why: str
    by: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    first: str = ""


class Questions(Data):
    """What people ask of one domain."""

    picks: tuple[Pick, ...] = ()
    overviews: tuple[Overview, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    parts: tuple[Part, ...] = ()
    joins: tuple[Lookup, ...] = ()
    pages: tuple[Page, ...] = ()

    def entries(self) -> Iterator[tuple[str, "Entry"]]:
        """Every question with its place, such as `picks[2]`."""
        for name in type(self).model_fields:
            for number, entry in enumerate(getattr(self, name), 1):
                yield f"{name}[{number}]", entry


Entry = Pick | Overview | Ranking | Part | Lookup | Page


class _QuestionFile(RootModel[dict[str, Questions]]):
    pass


@cache
def question_files() -> Mapping[str, Mapping[str, Questions]]:
    """The questions by domain, of each file by its name."""
    return {
        name: read_toml(_QuestionFile, "questions", name).root for name in toml_names("questions")
    }


@cache
def questions_of(domain: str) -> Questions | None:
    """What people ask of a domain; None where nobody has written that down yet."""
    found = (asked[domain] for asked in question_files().values() if domain in asked)
    return next(found, None)


# What is written becomes terms


@dataclass(frozen=True)
class Term:
    """One comparison of a column: its values are words, a number or one of `DAYS`."""

    column: str
    verb: Verb
    values: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A function of a column, or `count`, which has none."""

    function: Function
    column: str = ""


@dataclass(frozen=True)
class Grouping:
    """A column, or the months, say, of a column."""

    column: str
    bucket: Bucket = ""


@cache
def read_condition(text: str) -> Term:
    """`status is one of open, overdue` as a term.

    Raises:
        UsageError: it is not written like that.
    """
    match = _CONDITION.fullmatch(text.strip())
    if not match:
        raise UsageError(
            f"{text!r} is no condition: write `column is value`, `column is one of a, b`, "
            "`column >= 5`, `column before {mid_period}` or the like"
        )
    column, verb, rest = match.groups()
    values = re.split(r",\s*", rest) if verb in ("is one of", "is not one of") else [rest]
    known: dict[str, Verb] = {name: name for name in get_args(Verb)}
    return Term(column, known[verb], tuple(values))


@cache
def read_figure(text: str) -> Figure:
    """`count` or `sum amount` as a figure.

    Raises:
        UsageError: it is not written like that.
    """
    function, _, column = text.strip().partition(" ")
    known: dict[str, Function] = {name: name for name in get_args(Function)}
    if function not in known or (function == "count") is bool(column):
        raise UsageError(f"{text!r} is no figure: write `count`, `sum column` or the like")
    return Figure(known[function], column.strip())


@cache
def read_grouping(text: str) -> Grouping:
    """`customer` or `weekday due_on` as a grouping.

    Raises:
        UsageError: it is not written like that.
    """
    first, _, column = text.strip().partition(" ")
    known: dict[str, Bucket] = {name: name for name in get_args(Bucket)}
    if not column:
        return Grouping(first)
    if first not in known:
        raise UsageError(f"{text!r} is nothing to group by: write `column` or `weekday column`")
    return Grouping(column.strip(), known[first])


# Held against the domain


def problems(domain: Domain, asked: Questions) -> Iterator[str]:
    """What is wrong with the questions of a domain, each with its place."""
    columns = _Columns(domain)
    whys: dict[str, str] = {}
    for place, entry in asked.entries():
        try:
            found = [*_faults(columns, entry), *_about_why(entry.why)]
        except UsageError as error:
            found = [str(error)]
        if entry.why in whys:
            found.append(f"the why of {whys[entry.why]} once more")
        whys.setdefault(entry.why, place)
        yield from (f"{place}: {fault}" for fault in found)


def every_problem() -> Iterator[str]:
    """What is wrong in any file, with file, domain and place."""
    by_name = {domain.name: domain for domain in domains()}
    for name, found in question_files().items():
        for domain, asked in found.items():
            if domain not in by_name:
                yield f"{name}: {domain}: there is no such domain"
                continue
            yield from (f"{name}: {domain}: {fault}" for fault in problems(by_name[domain], asked))


class _Columns:
    """The makers of a domain's columns."""

    def __init__(self, domain: Domain) -> None:
        self.feed = {column.name: column for column in domain.columns}
        self.facts = {column.name: column for column in domain.dimension.columns}
        self.first = next(column.name for column in domain.columns if column.make == "id")

    def maker(self, name: str) -> ColumnMaker:
        """That of the feed or of the dimension.

        Raises:
            UsageError: neither has such a column.
        """
        if name not in self.feed | self.facts:
            raise UsageError(f"there is no column `{name}`: known are {', '.join(self.feed)}")
        return (self.feed | self.facts)[name]

    def bounds(self, maker: ColumnMaker) -> tuple[float, float]:
        """The lowest and the highest figure that a column may hold."""
        if maker.make == "minutes":
            return 30, 120
        lows, highs = [maker.low], [maker.high]
        if maker.ranges:
            lows, highs = map(list, zip(*maker.ranges.values(), strict=True))
        low, high = min(lows), max(highs)
        if maker.times:
            base = self.bounds(self.feed[maker.times])
            return low * base[0], high * base[1]
        return low, high


_NUMERIC = ("integer", "count", "percent", "number", "money", "minutes")
_TIMES = ("date", "due", "time")
_GROUPS = ("choice", "ref", "pool", "person", "city")


def _faults(columns: _Columns, entry: Entry) -> Iterator[str]:
    match entry:
        case Pick():
            yield from _about_pick(columns, entry)
        case Overview():
            yield from _about_overview(columns, entry)
        case Ranking():
            yield from _about_figure(columns, Figure("mean", entry.by))
            yield from _about_name(entry.name)
        case Part():
            if columns.maker(entry.by).make not in ("choice", "ref"):
                yield f"`{entry.by}` has no fixed values to make files of"
        case Lookup():
            unknown = [name for name in entry.columns if name not in columns.facts]
            if unknown:
                yield f"the dimension has no {', '.join(unknown)}: {', '.join(columns.facts)}"
        case Page():
            yield from _about_page(columns, entry)


def _about_page(columns: _Columns, page: Page) -> Iterator[str]:
    yield from _about_figure(columns, Figure("sum", page.measure))
    for name in page.by:
        columns.maker(name)
    if page.named and (len(page.by), len(page.named)) != (1, 2):
        yield "`named` are two values of the only column in `by`"
    if not page.reader.startswith(_READERS):
        yield f"the reader {page.reader!r} needs `the`, `my` or `our`"


def _about_pick(columns: _Columns, pick: Pick) -> Iterator[str]:
    for text in pick.where:
        yield from _about_term(columns, read_condition(text))
    yield from _about_keep(columns, pick.keep)
    yield from _about_name(pick.name)


def _about_overview(columns: _Columns, overview: Overview) -> Iterator[str]:
    for text in overview.by:
        yield from _about_grouping(columns, read_grouping(text))
    for text in overview.figures:
        yield from _about_figure(columns, read_figure(text))


def _about_why(why: str) -> Iterator[str]:
    least, most = _WHY_WORDS
    if not least <= len(why.split()) <= most:
        yield f"a why has {least} to {most} words: {why!r}"
    if why[-1:] not in (".", "!", "?") or not why[:1].isupper():
        yield f"a why is one sentence: {why!r}"
    if re.search("[`{}\u2013\u2014]", why):
        yield f"no back-ticks, braces or long dashes in a why: {why!r}"


def _about_name(name: str) -> Iterator[str]:
    if name and not _STEM.fullmatch(name):
        yield f"the name {name!r} is not in snake_case"


def _about_keep(columns: _Columns, keep: Sequence[str]) -> Iterator[str]:
    unknown = [name for name in keep if name not in columns.feed]
    if unknown:
        yield f"there are no columns {', '.join(unknown)} to keep"
    elif keep and columns.first not in keep:
        yield f"`keep` lacks the id, `{columns.first}`"
    elif list(keep) != [name for name in columns.feed if name in keep]:
        yield "`keep` is not in the order of the file"


def _about_term(columns: _Columns, term: Term) -> Iterator[str]:
    maker = columns.maker(term.column)
    if term.verb in (">=", "<="):
        yield from _about_threshold(columns, maker, term)
    elif term.verb in ("before", "from"):
        yield from _about_day(maker, term)
    elif maker.make in _NUMERIC:
        if not all(map(_is_number, term.values)):
            yield f"`{term.column}` holds numbers"
    elif maker.make != "choice":
        yield f"nobody can know a value of `{term.column}` beforehand"
    else:
        yield from _about_values(maker, term)


def _about_day(maker: ColumnMaker, term: Term) -> Iterator[str]:
    if maker.make not in _TIMES:
        yield f"`{term.column}` is no date"
    if term.values[0] not in DAYS:
        yield f"{term.values[0]} is none of {', '.join(DAYS)}"
    if term.values[0] == "{today}" and maker.make != "due":
        yield f"`{term.column}` never lies behind today"


def _about_values(maker: ColumnMaker, term: Term) -> Iterator[str]:
    known = {*maker.values, *(value for values in maker.given.values() for value in values)}
    for value in term.values:
        if value not in known:
            yield f"`{term.column}` is never {value!r}: {', '.join(sorted(known))}"
    if known <= set(term.values):
        yield f"`{term.column}` has no other values: this picks all or nothing"


def _about_threshold(columns: _Columns, maker: ColumnMaker, term: Term) -> Iterator[str]:
    if maker.make not in _NUMERIC or not _is_number(term.values[0]):
        yield f"`{term.column}` {term.verb} {term.values[0]} compares no numbers"
        return
    low, high = columns.bounds(maker)
    value = float(term.values[0])
    inside = low < value <= high if term.verb == ">=" else low <= value < high
    if not inside:
        yield f"`{term.column}` lies from {low:.10g} to {high:.10g}: {term.values[0]} parts nothing"


def _about_grouping(columns: _Columns, by: Grouping) -> Iterator[str]:
    make = columns.maker(by.column).make
    if by.bucket:
        fits = ("time",) if by.bucket in ("day", "hour") else _TIMES
        if make not in fits and not (make == "clock" and by.bucket == "hour"):
            yield f"`{by.column}` has no {by.bucket}"
        if by.bucket in ("month", "quarter") and make in ("date", "time"):
            yield f"the feed lies in one month: by the {by.bucket} there is one group"
    elif make not in _GROUPS:
        yield f"`{by.column}` has no fixed values to group by"


def _about_figure(columns: _Columns, figure: Figure) -> Iterator[str]:
    if not figure.column:
        return
    maker = columns.maker(figure.column)
    if figure.function == "distinct":
        return
    if maker.make not in _NUMERIC:
        yield f"`{figure.column}` holds no numbers"
    elif figure.function == "sum" and maker.measure != "amount":
        yield f"the {maker.measure}s of `{figure.column}` do not add up to anything"
    elif figure.function in ("mean", "median") and maker.measure == "mark":
        yield f"the mean of the marks of `{figure.column}` says nothing"


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text))
