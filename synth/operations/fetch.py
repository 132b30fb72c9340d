"""fetch: take a table or the facts out of the pages of a local site."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import (
    GroundedOperation,
    Params,
    ParamsModel,
    Slot,
    differing,
    listing,
    told_if,
)
from synth.values import Role, Row, RowSet, Value
from synth.values.shown import heading, with_commas
from synth.values.site import Site, SitePage
from synth.world import Source, World
from synth.world.site import make_site

_SERVED = 0.75


class FetchParams(ParamsModel):
    """What to take from where.

    `table` takes the table below `heading` of one page, `pages` that of a page and those that it
    goes on to, `cards` the facts on each page that the `start` page lists. `url` is the
    site's root, "" for a saved one; `start` is a path below it. `dates` are written out on the
    pages, `numbers` have thousands commas. `columns` go by the names that the page has for them.
    """

    mode: Literal["table", "pages", "cards"]
    url: str
    start: str
    heading: str = ""
    columns: dict[str, str]
    dates: tuple[str, ...]
    numbers: tuple[str, ...]


class Fetch(GroundedOperation):
    """The register of a site on one page or on several, or one row for each of its cards."""

    name = "fetch"
    kinds = (ArtifactKind.DOCUMENT, ArtifactKind.ARCHIVE)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Sites and their pages."""
        for slot in slots:
            if slot.kind is kind and isinstance(slot.value, Site | SitePage):
                yield (slot.id,)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The site, or its first register page; served, or saved in a folder."""
        return site_source(world, kind, served=rng.random() < _SERVED)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """The table of a page; of a whole site, its register or its cards."""
        first = inputs[0]
        if isinstance(first, SitePage):
            return _params("table", first.site, first.path, first.site.table)
        if not isinstance(first, Site):
            return None
        if rng.random() < 0.5:
            return _params("pages", first, "register.html", first.table)
        return _params("cards", first, "directory.html", first.cards)

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The rows as the site was made of them."""
        site = _site(inputs)
        return site.cards if params["mode"] == "cards" else site.table

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """A page too few or too many; dates and figures as they stand on the page."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        site, truth = _site(inputs), self.apply(params, inputs)
        yield truth.with_rows(list(truth.rows[:-1]))
        if params["mode"] == "pages":
            yield _first_page(site)
            yield truth.with_rows([*truth.rows, *truth.rows[:3]])
        if days := truth.of_role(Role.DATE):
            place = truth.index(days[0].name)
            yield truth.with_rows([_with(row, place, _american(row[place])) for row in truth.rows])

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """`{place}`, `{heading}`, `{columns}`, `{notes}`; `{input}` is the site's address."""
        wanted, site = FetchParams.model_validate(params), _site(inputs)
        said: list[str] = []
        if wanted.dates:
            said.append(f"{listing(_ticked(wanted.dates))} as YYYY-MM-DD")
        if grouped := with_commas(self.apply(params, inputs), wanted.numbers):
            said.append(f"{listing(_ticked(grouped))} without commas")
        words = {
            "variant": wanted.mode,
            "start": wanted.start,
            "heading": wanted.heading,
            "columns": listing(_ticked(wanted.columns)),
            "first": f"`{next(iter(wanted.columns))}`",
            "blanks": told_if("_" in "".join(list(wanted.columns)[1:])),
            "tidy": f" Write {', and '.join(said)}." if said else "",
        }
        if site.url:
            whole = wanted.mode != "table"
            words["input"] = f"{'the site ' if whole else ''}{site.url}{wanted.start}"
        elif isinstance(inputs[0], Site):
            words["entry"] = wanted.start
        return words

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed, or what the cards are about."""
        return f"{base}_cards" if params["mode"] == "cards" else f"{base}_online"


def site_source(world: World, kind: ArtifactKind, *, served: bool) -> Sequence[Source]:
    """The site as a whole, or the page with its register."""
    site = make_site(world, one_page=kind is ArtifactKind.DOCUMENT)
    if not served:
        site = site.saved()
    root = site.name if served else world.input_path(site.name, "", "web")
    if kind is ArtifactKind.DOCUMENT:
        path = f"{root}/register.html"
        return (Source(kind, path, SitePage(site, "register.html"), served=served),)
    return (Source(kind, root, site, served=served),)


def _params(
    mode: Literal["table", "pages", "cards"], site: Site, start: str, rows: RowSet
) -> Params:
    shown = "" if mode == "cards" else "Register"
    return FetchParams(
        mode=mode,
        url=site.url,
        start=start,
        heading=shown,
        columns={field.name: heading(field.name) for field in rows.fields},
        dates=tuple(field.name for field in rows.fields if field.type is ColumnType.DATE),
        numbers=tuple(field.name for field in rows.fields if field.numeric),
    ).model_dump(mode="json")


def _site(inputs: Sequence[Value]) -> Site:
    first = inputs[0]
    if isinstance(first, SitePage):
        return first.site
    assert isinstance(first, Site)
    return first


def _first_page(site: Site) -> RowSet:
    return replace(site.table, rows=site.table.rows[: site.first])


def _with(row: Row, place: int, text: str) -> Row:
    return (*row[:place], text, *row[place + 1 :])


def _american(day: object) -> str:
    """A date with day and month exchanged, where that is a date as well."""
    year, month, of_month = str(day)[:4], str(day)[5:7], str(day)[8:]
    return f"{year}-{of_month}-{month}" if of_month <= "12" else str(day)


def _ticked(names: "Sequence[str] | Mapping[str, str]") -> list[str]:
    return [f"`{name}`" for name in names]
