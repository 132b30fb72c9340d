"""Documents that people read: Markdown, HTML, Word."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from clawgym.paths import WorkspacePath
from verify.checks.base import BaseCheck, Count, Part, PartialCheck
from verify.checks.tables import kind_of

_READERS = {"html": ("pages",), "docx": ("docx",)}


class _DocumentCheck(BaseCheck):
    modules: ClassVar = ("documents",)
    path: WorkspacePath

    def needed_modules(self) -> tuple[str, ...]:
        """What reads this kind of document."""
        return self.modules + _READERS.get(kind_of(self.path), ())


class Heading(Part):
    """A heading; without a `level` it may stand at any."""

    level: Annotated[int, Field(ge=1, le=6)] | None = None
    text: str


class HeadingsCheck(_DocumentCheck, PartialCheck):
    """Headings in this order at these levels; `exact` allows no others."""

    type: Literal["headings"] = "headings"
    headings: tuple[Heading, ...] = Field(min_length=1)
    exact: bool = False


class Labelled(Part):
    """A figure and the word that it belongs to, each in one of its wordings."""

    label: tuple[str, ...] = Field(min_length=1)
    figure: tuple[str, ...] = Field(min_length=1)


class SectionCheck(_DocumentCheck, PartialCheck):
    """A section that says each of `facts` in one of its wordings, and none of `lacks`.

    Words are compared without case, emphasis and line ends, figures as a whole: `15` is not said by
    `15.99`, `-15` or `15,000`. The section ends at the next heading of its level, or at `until`.

    A section may not pass by saying everything: `most_characters` is a limit, and so are, where
    they are given, `most_words`, `most_figures` (different ones) and `most_others`, of the names in
    `others` that might have been a fact and are none. Of two `apart`, neither figure may be said of
    the other's label.
    """

    type: Literal["section"] = "section"
    heading: str
    facts: tuple[tuple[str, ...], ...]
    lacks: tuple[str, ...] = ()
    until: str = ""
    most_characters: Count = 4000
    least_words: Count = 1
    most_words: Count | None = None
    most_figures: Count | None = None
    others: tuple[str, ...] = ()
    most_others: Count = 0
    apart: tuple[Labelled, ...] = Field(default=(), max_length=2)


class Link(Part):
    """A link, or an image, to `target`; `text` is what it says, None for anything."""

    target: str
    text: str | None = None
    image: bool = False


class LinksCheck(_DocumentCheck, PartialCheck):
    """Links and images of a Markdown or HTML file; `resolve` wants a file at relative targets."""

    type: Literal["links"] = "links"
    links: tuple[Link, ...]
    resolve: bool = False


class CodeCheck(_DocumentCheck):
    """At least so many fenced code blocks in a language, one of which has all of `contains`."""

    type: Literal["code"] = "code"
    language: str = ""
    contains: tuple[str, ...] = ()
    least: Annotated[int, Field(ge=1)] = 1


class Element(Part):
    """An HTML element; a `class` attribute is met by any one of the element's classes."""

    tag: str
    attributes: dict[str, str] = Field(default_factory=dict[str, str])
    text: str | None = None
    least: Count = 1
    most: Count | None = None


class HtmlElementsCheck(PartialCheck):
    """So many HTML elements of each kind."""

    modules: ClassVar = ("pages",)
    type: Literal["html_elements"] = "html_elements"
    path: WorkspacePath
    elements: tuple[Element, ...] = Field(min_length=1)
