"""Mail: whole messages, and in each of them its addresses, its subject, its figures and dates.

The words of a message are its writer's: that a line of them is lost or comes twice is no mistake,
unless it tells a fact.
"""

import re
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from random import Random

from verify.mutants.cells import off_by_one_in, wrong_date
from verify.mutants.mutant import Site, Surroundings

_BEGIN = re.compile(r"^From .*\d{4}$")
_HEADERS = ("to:", "subject:")
_BODY_FACT = re.compile(r"\d")
_Mistake = tuple[str, str, Callable[[], list[str]]]


class MailFormat:
    """An mbox file, or a single message."""

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """The lines without blank ones."""
        del ordered
        text = data.decode("utf-8-sig")
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """A message lost or there twice; an address or a subject lost; a fact lost or wrong."""
        del around, rng
        lines = data.decode("utf-8-sig").splitlines()

        def site(operator: str, where: str, spoil: Callable[[], list[str]]) -> Site:
            def make() -> bytes:
                return ("\n".join(spoil()) + "\n").encode()

            return Site(operator, where, make)

        return [site(*mistake) for mistake in _mistakes(lines)]


def _mistakes(lines: list[str]) -> Iterator[_Mistake]:
    starts = [at for at, line in enumerate(lines) if _BEGIN.match(line)] or [0]
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        message, where = lines[start:end], f"message {number + 1}"
        if len(starts) > 1:
            yield "drop-message", where, partial(_put, lines, start, end)
            again = [*message, "", *message]
            yield "duplicate-message", where, partial(_put, lines, start, end, *again)
        blank = next((at for at in range(start, end) if not lines[at]), end)
        for at in range(start, end):
            yield from _in_line(lines, at, is_header=at < blank)


def _in_line(lines: list[str], at: int, *, is_header: bool) -> Iterator[_Mistake]:
    line, where = lines[at], f"line {at + 1}"
    if is_header and not line.lower().startswith(_HEADERS):
        return
    if is_header or _BODY_FACT.search(line):
        yield "drop-line", where, partial(_put, lines, at, at + 1)
    if (more := off_by_one_in(line)) is not None:
        yield "off-by-one", where, partial(_put, lines, at, at + 1, more)
    if (dated := wrong_date(line)) is not None:
        yield "wrong-date", where, partial(_put, lines, at, at + 1, dated)


def _put(lines: list[str], start: int, end: int, *instead: str) -> list[str]:
    return [*lines[:start], *instead, *lines[end:]]
