"""The skills on offer under their public names, with what lists say about them already written.

A private SQLite file (on disk, gone with the process) holds a row per skill: its public name, its
revision and, once somebody asked, its list entries as JSON. So a listing of many thousand skills
takes no memory to speak of. Whole pages are kept there as well: the second listing takes no
thought.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from clawgym.errors import UsageError
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.search.ranking import Filters
from mcp_servers.public_names import public_names
from mcp_servers.skills.publication import SCHEME, SKILL_FILE, Published, publish
from mcp_servers.skills.statements import statement
from mcp_servers.skills.stock import Origin, Selection, Stock, Stocked

FIRST_PAGE = 100
LATER_PAGES = 1_000
PAGE_CHARACTERS = 1_000_000
"""Entries in the first page, so that it comes at once, and in the others; their JSON at most."""

RECENT = 128
"""How many skills that somebody asked for are kept at hand."""

Listing = Literal["entry", "resource", "prompt"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A skill on offer: what clients see, and what we know of its origin."""

    view: Published
    stocked: Stocked

    @property
    def origin(self) -> Origin:
        """Where the skill comes from."""
        return self.stocked.origin

    @property
    def resource(self) -> dict[str, JsonValue]:
        """Its SKILL.md in `resources/list`."""
        return {
            "uri": self.view.uri,
            "name": self.view.name,
            "description": self.view.description,
            "mimeType": "text/markdown",
            "size": self.view.files[SKILL_FILE].size,
            "_meta": {
                "io.modelcontextprotocol.skills/origin": self.origin.label,
                "io.modelcontextprotocol.skills/trusted": self.origin.trusted,
            },
        }

    @property
    def prompt(self) -> dict[str, JsonValue]:
        """Its entry in `prompts/list`."""
        request: JsonValue = {"name": "request", "description": "What to do with the skill."}
        return {
            "name": self.view.name,
            "description": self.view.description,
            "arguments": [request],
        }


class Library:
    """The selected skills of a catalogue, always as the catalogue is now.

    `version` grows whenever what is offered changes.

    Raises:
        UsageError: a wanted name or category is not in the catalogue.
    """

    def __init__(self, catalogue: Catalogue, selection: Selection | None = None) -> None:
        self.version = 0
        self._catalogue = catalogue
        self._selection = selection or Selection()
        self._stock = Stock(catalogue)
        self._shelf = sqlite3.connect("", isolation_level=None)
        self._shelf.executescript(statement("shelf"))
        self._state: tuple[int, int] | None = None
        self._vouched: list[str] = []
        self._recent: dict[str, Offer | None] = {}
        self._page_ends = {""}
        check_selection(self._stock, self._selection)
        self.refresh()

    def refresh(self) -> None:
        """Take notice of what was written to the catalogue since the last call."""
        state = self._stock.state()
        if state == self._state:
            return
        vouched = self._stock.vouched()
        self._shelf.execute("BEGIN")
        self._shelf.execute("DELETE FROM fresh")
        rows = _offered(self._stock, self._selection)
        self._shelf.executemany("INSERT INTO fresh VALUES (?, ?, ?)", rows)
        (differs,) = self._shelf.execute(statement("differs")).fetchone()
        if differs or vouched != self._vouched:
            self._shelf.execute(statement("carry_over"), {"all": vouched != self._vouched})
            self._shelf.execute("DELETE FROM shelf")
            self._shelf.execute("INSERT INTO shelf SELECT * FROM fresh")
            self._vouched = vouched
            self._shelf.execute("DELETE FROM pages")
            self._page_ends = {""}
            self._recent.clear()
            self.version += 1
        self._shelf.execute("COMMIT")
        self._state = state

    def __len__(self) -> int:
        return self._shelf.execute("SELECT count(*) FROM shelf").fetchone()[0]

    def names(self, prefix: str = "", limit: int = -1) -> list[str]:
        """The public names that begin so, sorted."""
        rows = self._shelf.execute(
            "SELECT name FROM shelf WHERE name >= ?1 AND name < ?1 || '~' ORDER BY name LIMIT ?2",
            (prefix, limit),
        )
        return [name for (name,) in rows]

    def page(self, listing: Listing, after: str = "") -> tuple[list[JsonValue], str | None]:
        """The list entries that follow the skill `after`, and the name to go on after."""
        self.refresh()
        place = (listing, after)
        stored = self._shelf.execute(statement("page"), place).fetchone()
        entries, following = stored or self._make_page(listing, after)
        if not stored and after in self._page_ends:  # else anybody's guess, and there is no end
            self._page_ends.add(following or "")
            self._shelf.execute(
                "INSERT INTO pages VALUES (?, ?, ?, ?)", (*place, entries, following)
            )
        return from_json(entries, cache_strings="keys"), following

    def _make_page(self, listing: Listing, after: str) -> tuple[str, str | None]:
        size = LATER_PAGES if after else FIRST_PAGE
        self._write_missing(after, size)
        rows = self._shelf.execute(_PAGES[listing], (after, size + 1)).fetchall()
        shown = rows[: _fitting([text for _, text in rows[:size]])]
        following = shown[-1][0] if len(shown) < len(rows) else None
        return f"[{','.join(text for _, text in shown if text)}]", following

    def find(self, name: str) -> Offer | None:
        """The skill with this public name."""
        self.refresh()
        if name not in self._recent:
            if len(self._recent) == RECENT:
                self._recent.clear()
            self._recent[name] = self._look_up(name)
        return self._recent[name]

    def _look_up(self, name: str) -> Offer | None:
        row = self._shelf.execute("SELECT key FROM shelf WHERE name = ?", (name,)).fetchone()
        stocked = next(self._stock.read([row[0]]), None) if row else None
        return Offer(publish(stocked.written, name), stocked) if stocked else None

    def of_uri(self, uri: str) -> Offer | None:
        """The skill whose directory holds this URI."""
        name = uri.removeprefix(SCHEME).partition("/")[0]
        return self.find(name) if uri.startswith(SCHEME) else None

    def read(self, offer: Offer, path: str) -> bytes:
        """The bytes of one of its files.

        Raises:
            DamagedSkillError: they are not those that the digest stands for.
        """
        if path == SKILL_FILE and offer.view.rendered is not None:
            return offer.view.rendered
        return self._stock.content(offer.view.files[path].sha256)

    def search(self, query: str, limit: int) -> list[Offer]:
        """The skills that fit the words and that a model may choose, best first."""
        self.refresh()
        chosen = self._selection
        filters = Filters(category=chosen.category, eligible=chosen.eligible_only)
        enough = limit if chosen.names is None else len(self._stock.ids())
        found = self._catalogue.search(query, enough, filters=filters)
        offers: list[Offer] = []
        for hit in found:
            row = self._shelf.execute("SELECT name FROM shelf WHERE key = ?", (hit.key,)).fetchone()
            offer = self.find(row[0]) if row else None
            if offer and offer.stocked.model_invocable:
                offers.append(offer)
            if len(offers) == limit:
                break
        return offers

    def _write_missing(self, after: str, size: int) -> None:
        """Write the list entries of the skills of a page that have none yet."""
        missing = dict(self._shelf.execute(statement("missing"), (after, size)))
        if not missing:
            return
        entries = {
            one.key: _entries(missing[one.key], one) for one in self._stock.read(list(missing))
        }
        rows = (entries.get(key, (name, None, None, None)) for key, name in missing.items())
        self._shelf.execute("BEGIN")
        self._shelf.executemany("INSERT INTO written VALUES (?, ?, ?, ?)", rows)
        self._shelf.execute("COMMIT")


def _entries(name: str, stocked: Stocked) -> tuple[str, str | None, str | None, str | None]:
    """The row of `written`: entries as JSON, NULL where a list leaves the skill out."""
    offer = Offer(publish(stocked.written, name), stocked)
    if not offer.view.conformant:
        logger.warning("skill %s is too large for skills/list; its tools still work", name)
    return (
        name,
        _json(offer.view.entry) if offer.view.conformant else None,
        _json(offer.resource),
        _json(offer.prompt) if stocked.user_invocable else None,
    )


def _json(value: dict[str, JsonValue]) -> str:
    return to_json(value).decode()


def _fitting(texts: Sequence[str | None]) -> int:
    """How many of the entries make a page; at least one."""
    room = PAGE_CHARACTERS
    for count, text in enumerate(texts):
        room -= len(text or "")
        if room < 0:
            return max(count, 1)
    return len(texts)


def similar(name: str, names: Sequence[str]) -> str:
    """`; did you mean …?`, or nothing if no name is close."""
    hits = get_close_matches(name, names)
    return f"; did you mean {', '.join(hits)}?" if hits else ""


def check_selection(stock: Stock, selection: Selection) -> None:
    """Refuse a selection of what is not there.

    Raises:
        UsageError: a wanted name or category is not in the catalogue.
    """
    if selection.names is not None:
        available = [skill_id for skill_id, _ in stock.ids()]
        for name in sorted(set(selection.names) - set(available)):
            near = similar(name, available)
            raise UsageError(
                f"there is no skill {name!r} in the catalogue"
                f"{near or '; `clawgym skills index DIR` adds some, without DIR the bundled ones'}"
            )
    category = selection.category
    if category is not None and not stock.selected(Selection(category=category)):
        known = ", ".join(stock.categories()) or "none; `clawgym skills annotate` finds some"
        raise UsageError(f"no skill is in the category {category!r}; the categories are: {known}")


def _offered(stock: Stock, selection: Selection) -> Iterator[tuple[str, int, str]]:
    """Public name, key and revision of what is selected; names do not depend on the selection."""
    digests = stock.digests()
    selected = stock.selected(selection)
    wanted = None if selection.names is None else frozenset(selection.names)
    keys = dict(stock.ids())
    for skill_id, name in public_names(keys):
        key = keys[skill_id]
        if (wanted is None or skill_id in wanted) and (selected is None or key in selected):
            yield name, key, digests[key]


_PAGES: dict[Listing, str] = {
    column: f"SELECT name, {column} FROM written "  # noqa: S608 - constants
    "WHERE name > ? ORDER BY name LIMIT ?"
    for column in ("entry", "resource", "prompt")
}
