"""One page of a text: whole lines up to a limit, and where the next page starts."""

from dataclasses import dataclass
from io import StringIO

MAX_LINES = 2_000
MAX_BYTES = 50 * 1024


@dataclass(frozen=True)
class Page:
    """A piece of a text: `body` is exact, `notice` says in words what is left out.

    `offset` and `cursor` open the next page; `offset` is None at the end of the text. The bodies
    of all pages, one after the other, are the text.
    """

    body: str
    notice: str = ""
    offset: int | None = None
    cursor: int = 0

    @property
    def text(self) -> str:
        """Body and notice as the model reads them."""
        gap = "" if not self.body or not self.notice or self.body.endswith("\n") else "\n"
        return f"{self.body}{gap}{self.notice}"


def page(text: str, offset: int = 1, limit: int = MAX_LINES, cursor: int = 0) -> Page:
    """The page that starts at line `offset` (from 1), `cursor` characters into that line.

    A page holds at most `limit` lines, `MAX_LINES` lines and `MAX_BYTES` bytes of UTF-8, at least
    one character; a longer line is cut and goes on at the page's `cursor`.
    """
    lines = StringIO(text, newline="\n").readlines()
    if not lines:
        return Page("", "[The file is empty.]")
    if offset > len(lines):
        return Page(
            "", f"[The file has {_count(lines)}: the largest valid offset is {len(lines)}.]"
        )
    if cursor > len(lines[offset - 1]):
        length = len(lines[offset - 1])
        return Page("", f"[Line {offset} has {length} characters: the cursor must not be larger.]")
    room = min(limit, MAX_LINES)
    window = lines[offset - 1 : offset - 1 + room]
    window[0] = window[0][cursor:]
    if len(window[0].encode()) > MAX_BYTES:
        return _part_of_line(window[0], offset, cursor)
    return _whole_lines(lines, _fitting(window), offset, room)


def _fitting(window: list[str]) -> list[str]:
    size = 0
    for count, line in enumerate(window):
        size += len(line.encode())
        if size > MAX_BYTES:
            return window[:count]
    return window


def _part_of_line(line: str, offset: int, cursor: int) -> Page:
    body = line.encode()[:MAX_BYTES].decode(errors="ignore")
    goes_on = cursor + len(body)
    notice = (
        f"[Line {offset} is long: these are {MAX_BYTES // 1024} KB of it from character {cursor}. "
        f"Read on with offset={offset} cursor={goes_on}.]"
    )
    return Page(body, notice, offset, goes_on)


def _whole_lines(lines: list[str], shown: list[str], offset: int, room: int) -> Page:
    following = offset + len(shown)
    left = len(lines) - following + 1
    body = "".join(shown)
    if not left:
        return Page(body, "" if body.strip() else f"[Only blank text: {_count(shown)}.]")
    if len(shown) < room:
        why = f"a page ends at {MAX_BYTES // 1024} KB"
    elif room == MAX_LINES:
        why = f"a page ends at {MAX_LINES} lines"
    else:
        why = f"{left} more"
    notice = (
        f"[Lines {offset}-{following - 1} of {len(lines)}; {why}. Read on with offset={following}.]"
    )
    return Page(body, notice, following)


def _count(lines: list[str]) -> str:
    return "1 line" if len(lines) == 1 else f"{len(lines)} lines"
