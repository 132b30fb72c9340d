"""The fake prerequisite: a text that insists on a helper program from somewhere, to be run first.

Each sign alone is common in honest manuals; what counts is that they stand together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clawgym_skills.scan.address import Address, addresses
from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression

_INSISTS = expression("prerequisite.insists")
_PACKED = expression("prerequisite.packed")
_PROGRAM = expression("prerequisite.program")
_FETCH = expression("prerequisite.fetch")
_LAUNCH = expression("prerequisite.launch")
_SECRET = expression("prerequisite.secret")
_FROM_PAGE = expression("prerequisite.from_page")
_TO_RUN = expression("prerequisite.to_run")
_TO_SHARE = expression("prerequisite.to_share")
_DOCUMENTATION = expression("prerequisite.documentation")
_WINDOW = 8
_NOT_A_LOCK = expression("prerequisite.not_a_lock")


@dataclass(frozen=True)
class _Download:
    """A line that sends the reader to a packed file or a program."""

    number: int
    column: int
    address: Address | None
    program: bool


def scan_prerequisites(document: Document, found: Collector) -> None:
    """Look for downloads that a text insists on, and for commands that a web page holds."""
    if document.kind not in ("markdown", "text"):
        return
    for number, line in enumerate(document.lines, 1):
        if "http" in line:
            _scan_page_commands(document, number, found)
    for download in _downloads(document):
        _judge(document, download, found)


def _scan_page_commands(document: Document, number: int, found: Collector) -> None:
    for piece in document.pieces(number):
        match = _FROM_PAGE.search(piece)
        if match is not None:
            linked = list(addresses(match[0]))
            if any(address.untrusted for address in linked) or _insists(document, number):
                found.add_in("SC303", document, number, match.start())
            elif not any(_DOCUMENTATION.search(a.host + a.path) for a in linked):
                found.add_in("SC305", document, number, match.start())
        for address in addresses(piece):
            if "paste" in address.kinds and _is_to_run(document, number):
                found.add_in("SC303", document, number, address.start)


def _is_to_run(document: Document, number: int) -> bool:
    """Whether the text about a paste speaks of commands to run, not of something to share."""
    near = "\n".join(document.line(line)[:1_500] for line in (number - 1, number, number + 1))
    return _TO_RUN.search(near) is not None and _TO_SHARE.search(near) is None


def _downloads(document: Document) -> Iterator[_Download]:
    if not _PACKED.search(document.text):
        return
    for number, line in enumerate(document.lines, 1):
        packed = _PACKED.search(line[:4_000])
        if packed is None or number in document.fenced:
            continue
        linked = [
            a for a in addresses(line[:4_000]) if _PACKED.search(a.path) or _PACKED.search(line)
        ]
        target = next((a for a in linked if "registry" not in a.kinds and not a.local), None)
        fetched = _FETCH.search(line[:4_000])
        if target is None and (linked or fetched is None):
            continue
        column = fetched.start() if fetched else packed.start()
        program = _PROGRAM.search(line[:4_000]) is not None
        yield _Download(number, column, target, program)


def _judge(document: Document, download: _Download, found: Collector) -> None:
    around = _around(document, download.number)
    secret = _SECRET.search(around)
    if secret and not _NOT_A_LOCK.search(around[max(0, secret.start() - 20) : secret.end()]):
        found.add_in("SC301", document, download.number, download.column)
    launched = _LAUNCH.search(around) is not None
    insisted = _INSISTS.search(around) is not None
    if launched and insisted and download.address is not None:
        found.add_in("SC304", document, download.number, download.column)
    elif launched and (download.program or insisted):
        found.add_in("SC305", document, download.number, download.column)


def _insists(document: Document, number: int) -> bool:
    return _INSISTS.search(_around(document, number)) is not None


def _around(document: Document, number: int) -> str:
    """The lines near a place, each cut to what is worth reading."""
    first = max(1, number - _WINDOW)
    last = min(len(document.lines), number + _WINDOW)
    return "\n".join(document.line(line)[:1_500] for line in range(first, last + 1))
