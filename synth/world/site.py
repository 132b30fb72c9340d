"""A team's small web site about what a world is about: a register, cards, notices, dead links."""

import random
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from html import escape
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ColumnType
from clawgym.sandbox.site import BASE_URL
from synth.taxonomy.locale import locales
from synth.values import Cell, Field, Role, Row, RowSet
from synth.values.shown import heading, shown, spelled
from synth.values.site import Page, Site
from synth.world.world import World


class _Notice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str
    title: str
    text: str


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...]
    private_names: tuple[str, ...]
    welcome: tuple[str, ...]
    notice: tuple[_Notice, ...]


_GONE = {
    "forms/request.html": "Request form",
    "old/index.html": "The old pages",
    "map.html": "Map of these pages",
    "team/photo.html": "The team",
    "news/2019.html": "News of 2019",
}
"""Pages that were taken down while others still link to them."""


@cache
def _words() -> _Words:
    text = files("synth").joinpath("data", "site.toml").read_text(encoding="utf-8")
    return _Words.model_validate(tomllib.loads(text))


def make_site(world: World, *, one_page: bool = False) -> Site:
    """The site of a world, always the same; served below `BASE_URL`.

    `one_page` has the whole register on one page: who wants a page has no use for a part.
    """
    rng = world.rng("site")
    private = world.setting.persona.private
    name = rng.choice(_words().private_names if private else _words().names)
    cards, rows = _cards(rng, world), world.clean_feed
    decoy = _summary(rows)
    size = rng.randint(max(4, len(rows.rows) // 5), max(4, len(rows.rows) // 2))
    size = len(rows.rows) if one_page else size
    register = _register(rows, decoy, size)
    about = list(zip(_card_paths(cards), cards.rows, strict=True))
    notices = rng.sample(_words().notice, rng.randint(3, 6))
    title = f"{rows.topic.capitalize()} {name}"
    pages = [
        _front(rng, world, title, bool(about)),
        *register,
        _directory(cards, about),
        *(_card(cards, path, row, len(register)) for path, row in about),
        *_news(rng, world, notices),
    ]
    pages = _with_dead_links(rng, world, pages)
    pages.append(_forgotten(rows))
    nav = (("index.html", "Home"), ("register.html", "Register"), ("news/index.html", "News"))
    url = f"{BASE_URL}{name}/"
    return Site(name, url, tuple(pages), rows, size, decoy, cards, nav)


def _front(rng: random.Random, world: World, title: str, with_people: bool) -> Page:
    said = rng.choice(_words().welcome).format(feed=world.domain.plural)
    links = ["directory.html"] if with_people else []
    items = '<p>Looking for one of them? See the <a href="directory.html">directory</a>.</p>\n'
    day = spelled(world.today.isoformat())
    body = f"<p>{escape(said)}</p>\n{items if with_people else ''}<p>Last export: {day}.</p>\n"
    return Page("index.html", title, body, tuple(links))


def _register(rows: RowSet, decoy: RowSet, size: int) -> list[Page]:
    """The table, `size` rows a page; the first page counts its rows by category before it."""
    parts = [rows.rows[start : start + size] for start in range(0, len(rows.rows), size)]
    pages: list[Page] = []
    for number, part in enumerate(parts, 1):
        body, links = "", list[str]()
        if number == 1:
            body += f"<h2>At a glance</h2>\n{_table(decoy.fields, decoy.rows)}"
        body += f"<h2>Register</h2>\n{_table(rows.fields, part)}"
        for other, said in ((number - 1, "Previous page"), (number + 1, "Next page")):
            if 1 <= other <= len(parts):
                links.append(_register_path(other))
                body += f'<p><a href="{links[-1]}">{said}</a></p>\n'
        title = "Register" if number == 1 else f"Register, page {number} of {len(parts)}"
        pages.append(Page(_register_path(number), title, body, tuple(links)))
    return pages


def _register_path(number: int) -> str:
    return "register.html" if number == 1 else f"register-{number}.html"


def _table(fields: Sequence[Field], rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{escape(heading(field.name))}</th>" for field in fields)
    lines = [
        "".join(
            f"<td>{escape(shown(field, cell))}</td>"
            for field, cell in zip(fields, row, strict=True)
        )
        for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _summary(rows: RowSet) -> RowSet:
    """How many rows there are of each category, as the glance table says."""
    groupable = rows.of_role(Role.CATEGORY, Role.LINK)
    name = groupable[0].name
    counts: dict[Cell, int] = {}
    for value in rows.values(name):
        counts[value] = counts.get(value, 0) + 1
    fields = (rows.field(name), Field("count", ColumnType.INTEGER, Role.MEASURE))
    return RowSet(fields, tuple(counts.items()), (name,), grouped=True)


def _cards(rng: random.Random, world: World) -> RowSet:
    """The facts about the links, with a contact, a number and the day of the first contact."""
    facts = world.dimension
    since = "first_contact" if "since" in facts.names else "since"
    fields = (
        *facts.fields,
        Field("contact", ColumnType.TEXT, Role.TEXT),
        Field("phone", ColumnType.TEXT, Role.TEXT),
        Field(since, ColumnType.DATE, Role.DATE),
    )
    country = facts.index("country") if "country" in facts.names else -1
    places = {locale.country: locale for locale in locales().values()}
    rows = tuple(
        (
            *row,
            rng.choice(world.backdrop.staff),
            places.get(str(row[country]), world.locale).number(rng),
            (world.today - timedelta(days=rng.randint(40, 3000))).isoformat(),
        )
        for row in facts.rows
    )
    return RowSet(fields, rows, facts.key, topic=world.domain.dimension.stem)


def _directory(cards: RowSet, about: Sequence[tuple[str, Row]]) -> Page:
    items = "".join(f'<li><a href="{path}">{escape(str(row[0]))}</a></li>\n' for path, row in about)
    body = f"<p>{len(cards.rows)} entries.</p>\n<ul>\n{items}</ul>\n"
    return Page("directory.html", "Directory", body, tuple(path for path, _ in about))


def _card(cards: RowSet, path: str, row: Row, registers: int) -> Page:
    items = "".join(
        f"<dt>{escape(heading(field.name))}</dt><dd>{escape(shown(field, cell))}</dd>\n"
        for field, cell in zip(cards.fields[1:], row[1:], strict=True)
    )
    link = f"../{_register_path(registers)}#top"
    back = f'<p><a href="{link}">To the register</a> <a href="../directory.html">All</a></p>\n'
    return Page(path, str(row[0]), f"<dl>\n{items}</dl>\n{back}", (link, "../directory.html"))


def _news(rng: random.Random, world: World, notices: Sequence[_Notice]) -> list[Page]:
    items, pages, day = "", list[Page](), world.today
    for notice in notices:
        day -= timedelta(days=rng.randint(2, 30))
        said = spelled(day.isoformat())
        items += f'<li>{said}: <a href="{notice.slug}.html">{escape(notice.title)}</a></li>\n'
        body = (
            f"<p>{said}</p>\n<p>{escape(notice.text.format(feed=world.domain.plural))}</p>\n"
            '<p><a href="https://www.example.org/help">Help</a></p>\n'
        )
        path = f"news/{notice.slug}.html"
        pages.append(Page(path, notice.title, body, ("https://www.example.org/help",)))
    links = tuple(f"{notice.slug}.html" for notice in notices)
    return [Page("news/index.html", "News", f"<ul>\n{items}</ul>\n", links), *pages]


def _with_dead_links(rng: random.Random, world: World, pages: Sequence[Page]) -> list[Page]:
    """Some pages link to what is gone, at times twice to the same."""
    gone = rng.sample(tuple(_GONE), rng.randint(2, 2 + world.knobs.level // 2))
    chosen = rng.sample(range(len(pages)), min(len(pages), rng.randint(3, 4 + world.knobs.level)))
    result = list(pages)
    for place in chosen:
        page = result[place]
        target = rng.choice(gone)
        link = "../" * page.path.count("/") + target
        body = f'{page.body}<p>See also: <a href="{link}">{_GONE[target]}</a></p>\n'
        result[place] = Page(page.path, page.title, body, (*page.links, link))
    return result


def _forgotten(rows: RowSet) -> Page:
    """A page that nobody links to any more, with stale rows."""
    body = f"<h2>Register</h2>\n{_table(rows.fields, rows.rows[:3])}"
    return Page("register-old.html", "Register (old)", body, ())


def _card_paths(cards: RowSet) -> list[str]:
    """A path for each card, by its name; a number where two names come out alike."""
    paths: list[str] = []
    for number, row in enumerate(cards.rows, 1):
        path = f"entries/{_slug(str(row[0]))}.html"
        paths.append(f"entries/{number}.html" if path in paths else path)
    return paths


def _slug(text: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "entry"
