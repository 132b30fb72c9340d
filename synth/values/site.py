"""A small web site: its pages with what stands on them, and the links between them."""

from collections import deque
from dataclasses import dataclass, replace
from html import escape

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.rows import RowSet
from verify.checks import Check

_STYLE = "<style>body{font-family:sans-serif;max-width:60em}td,th{padding:.2em .6em}</style>"


@dataclass(frozen=True)
class Page:
    """One page: `path` below the site's root, `body` as HTML, `links` as they are written."""

    path: str
    title: str
    body: str
    links: tuple[str, ...]

    def html(self, nav: str) -> str:
        """The whole document."""
        return (
            f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{escape(self.title)}</title>\n{_STYLE}\n</head>\n<body>\n{nav}"
            f"<main>\n<h1>{escape(self.title)}</h1>\n{self.body}</main>\n</body>\n</html>\n"
        )


@dataclass(frozen=True)
class Site(Value):
    """Pages below one root; `url` is where that is served, "" for a site saved as a folder.

    `table` are the rows of the table that its register pages show, `first` those of its first
    page, `decoy` the other table there, `cards` the facts on one page each.
    """

    name: str
    url: str
    pages: tuple[Page, ...]
    table: RowSet
    first: int
    decoy: RowSet
    cards: RowSet
    links_of_nav: tuple[tuple[str, str], ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Every page below `path`."""
        return {f"{path}/{page.path}": self.html(page).encode() for page in self.pages}

    def checks(self, step: Step) -> list[Check]:
        """None: nobody is asked to make a site.

        Raises:
            TypeError: always.
        """
        raise TypeError("a site is no output")

    def html(self, page: Page) -> str:
        """A page as it is served."""
        up = "../" * page.path.count("/")
        items = "".join(
            f'<li><a href="{up}{to}">{escape(said)}</a></li>\n' for to, said in self.links_of_nav
        )
        return page.html(f"<nav>\n<ul>\n{items}</ul>\n</nav>\n")

    def targets(self, page: Page) -> list[str]:
        """Where the links of a page lead on this site: paths below the root, in their order."""
        nav = [path for path, _ in self.links_of_nav]
        own = [_resolved(page.path, link) for link in page.links if "://" not in link]
        return nav + own

    def clicks(self) -> dict[str, int]:
        """The pages that can be reached, with the fewest clicks from the first; breadth first."""
        known = {page.path: page for page in self.pages}
        found, waiting = {self.pages[0].path: 0}, deque([self.pages[0].path])
        while waiting:
            path = waiting.popleft()
            for target in self.targets(known[path]):
                if target in known and target not in found:
                    found[target] = found[path] + 1
                    waiting.append(target)
        return found

    def saved(self) -> "Site":
        """The same site as a folder."""
        return replace(self, url="")


@dataclass(frozen=True)
class SitePage(Value):
    """One page of a site; served with all the others, or saved alone."""

    site: Site
    path: str

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The page at `path`; where it is served, all others around it."""
        if self.site.url:
            return self.site.files(kind, path.removesuffix(f"/{self.path}"))
        page = next(page for page in self.site.pages if page.path == self.path)
        return {path: self.site.html(page).encode()}

    def checks(self, step: Step) -> list[Check]:
        """None: nobody is asked to make such a page.

        Raises:
            TypeError: always.
        """
        raise TypeError("a page of a site is no output")


def _resolved(path: str, link: str) -> str:
    """A link as it is written on a page, as a path below the root."""
    parts = path.split("/")[:-1]
    for part in link.partition("#")[0].split("/"):
        if part == "..":
            parts.pop()
        elif part:
            parts.append(part)
    return "/".join(parts) if link.partition("#")[0] else path
