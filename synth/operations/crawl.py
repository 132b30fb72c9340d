"""crawl: follow the links of a local site, and list its pages or its dead links."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot, differing
from synth.operations.fetch import site_source
from synth.values import Field, Role, RowSet, Use, Value, matter
from synth.values.site import Page, Site
from synth.world import Source, World

_SERVED = 0.6
_PATH = Field("path", ColumnType.TEXT, Role.ID)
_TITLE = Field("title", ColumnType.TEXT, Role.TEXT)


class CrawlParams(ParamsModel):
    """What to list: pages with their clicks, with their referrers, or links that lead nowhere.

    `url` is the site's root, "" for a saved one; `start` is a path below it.
    """

    mode: Literal["pages", "referrers", "broken"]
    url: str
    start: str


class Crawl(GroundedOperation):
    """What a visitor meets who follows every link from the first page on."""

    name = "crawl"
    kinds = (ArtifactKind.ARCHIVE,)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Sites."""
        return ((slot.id,) for slot in slots if isinstance(slot.value, Site))

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The site, served or saved in a folder."""
        return site_source(world, kind, served=rng.random() < _SERVED)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Referrers are for the harder tasks."""
        site = inputs[0]
        if not isinstance(site, Site):
            return None
        modes: tuple[Literal["pages", "referrers", "broken"], ...] = ("pages", "broken")
        mode = rng.choice((*modes, "referrers") if knobs.level > 2 else modes)
        params = CrawlParams(mode=mode, url=site.url, start=site.pages[0].path)
        return params.model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """Pages by path, or dead links by page and target."""
        site = inputs[0]
        assert isinstance(site, Site)
        clicks = site.clicks()
        reached = [page for page in site.pages if page.path in clicks]
        if params["mode"] == "broken":
            return _broken(site, reached)
        if params["mode"] == "referrers":
            count = Field("linked_from", ColumnType.INTEGER, Role.MEASURE, "level")
            return _pages(reached, count, _referrers(site, reached))
        return _pages(reached, Field("clicks", ColumnType.INTEGER, Role.MEASURE, "level"), clicks)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Every file there is; only the first level; links counted one by one."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        site, truth = inputs[0], self.apply(params, inputs)
        assert isinstance(site, Site)
        yield truth.with_rows(list(truth.rows[1:]))
        if params["mode"] == "broken":
            everything = _broken(site, site.pages[:1])
            if everything != truth:
                yield everything
            return
        figures = {str(row[0]): int(row[2]) for row in truth.rows}
        field = truth.fields[2]
        yield _pages(site.pages, field, {"register-old.html": 0} | figures)
        yield _pages(
            [page for page in site.pages if page.path in figures],
            field,
            {path: figure + 1 for path, figure in figures.items()},
        )

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """`{site}` and `{root}`, and an example of a path."""
        wanted, site = CrawlParams.model_validate(params), inputs[0]
        assert isinstance(site, Site)
        words = {"variant": wanted.mode, "start": wanted.start}
        if site.url:
            return words | {"input": site.url, "root": site.url}
        return words | {"root": "that folder"}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """What is listed."""
        return {"pages": "pages", "referrers": "page_links", "broken": "broken_links"}[
            str(params["mode"])
        ]


def _pages(pages: Sequence[Page], field: Field, figures: Mapping[str, int]) -> RowSet:
    rows = sorted((page.path, page.title, figures[page.path]) for page in pages)
    fields = (_PATH, _TITLE, field)
    about = "pages of a site" if field.name == "clicks" else "links between pages"
    return RowSet(
        fields,
        tuple(rows),
        ("path",),
        topic="pages",
        sorted_rows=True,
        use=Use.LISTING,
        subject=matter(about),
    )


def _referrers(site: Site, reached: Sequence[Page]) -> dict[str, int]:
    """How many other pages that can be reached link to each."""
    targets = {page.path: set(site.targets(page)) - {page.path} for page in reached}
    return {page.path: sum(page.path in others for others in targets.values()) for page in reached}


def _broken(site: Site, reached: Sequence[Page]) -> RowSet:
    known = {page.path for page in site.pages}
    found = {
        (page.path, target)
        for page in reached
        for target in site.targets(page)
        if target not in known
    }
    fields = (
        Field("page", ColumnType.TEXT, Role.LINK),
        Field("target", ColumnType.TEXT, Role.CATEGORY),
    )
    return RowSet(
        fields,
        tuple(sorted(found)),
        ("page", "target"),
        topic="dead links",
        sorted_rows=True,
        use=Use.LISTING,
        subject=matter("dead links"),
    )
