"""Files of other programs: calendars, mailboxes, workbooks, archives."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from clawgym.paths import WorkspacePath
from verify.checks.base import Digest, Part, PartialCheck, Scalar, Tolerance


def _is_moment(text: str) -> str:
    datetime.fromisoformat(text.removesuffix("Z"))
    return text


IsoMoment = Annotated[
    str,
    Field(pattern=r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z?)?)?$"),
    AfterValidator(lambda text: _is_moment(text) if text else text),
]
"""A date for a whole day, a local time, or one in UTC (`Z`); "" for any."""


class Event(Part):
    """An event by its summary; `start` and `end` in `timezone` (an IANA name, "" for any).

    `end` is compared whether the file says DTEND or DURATION. `rule` is an RRULE, "" for none.
    `properties` are other texts by name, such as `LOCATION`.
    """

    summary: str
    start: IsoMoment = ""
    end: IsoMoment = ""
    timezone: str = ""
    rule: str | None = None
    properties: dict[str, str] = Field(default_factory=dict[str, str])


class EventsCheck(PartialCheck):
    """The events of an iCalendar file; `exact` allows no others."""

    modules: ClassVar = ("calendars",)
    type: Literal["events"] = "events"
    path: WorkspacePath
    events: tuple[Event, ...]
    exact: bool = True
    unique_ids: bool = True


class MailMessage(Part):
    """A message by its headers, what its text says and what it does not.

    Of each of `facts` the text has one wording, as whole words and whole figures.
    """

    headers: dict[str, str] = Field(min_length=1)
    says: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    lacks: tuple[str, ...] = ()


class MessagesCheck(PartialCheck):
    """The messages of an mbox file, of an .eml file, or of the .eml files in a folder."""

    modules: ClassVar = ("mailboxes",)
    type: Literal["messages"] = "messages"
    path: WorkspacePath
    messages: tuple[MailMessage, ...]
    exact: bool = True


class SheetCell(Part):
    """One cell, such as `B2`; numbers within either tolerance."""

    cell: Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9]\d{0,6}$")]
    equals: Scalar
    type: Literal["text", "number", "date", "datetime", "boolean"] = "text"
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0


class CellsCheck(PartialCheck):
    """Single cells of an Excel sheet, the first one unless `sheet` names another."""

    modules: ClassVar = ("xlsx", "moments")
    type: Literal["cells"] = "cells"
    path: WorkspacePath
    sheet: str = ""
    cells: tuple[SheetCell, ...] = Field(min_length=1)


class ArchiveCheck(PartialCheck):
    """The members of a ZIP or tar archive, with digests where given; `exact` allows no others."""

    modules: ClassVar = ("archives",)
    type: Literal["archive"] = "archive"
    path: WorkspacePath
    members: dict[str, Digest | None] = Field(min_length=1)
    exact: bool = True
