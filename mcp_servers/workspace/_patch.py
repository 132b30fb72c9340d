"""The patch format of `apply_patch`: what a patch says, before any file is looked at.

*** Begin Patch
*** Add File: path        then lines with +
*** Delete File: path
*** Update File: path     then, if wanted, *** Move to: path, and hunks
@@ context                then lines with a space, - or +; *** End of File anchors at the end
*** End Patch
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_servers.toolkit import ToolFailure

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_ADD, _DELETE, _UPDATE = "*** Add File: ", "*** Delete File: ", "*** Update File: "
_MOVE, _END_OF_FILE = "*** Move to: ", "*** End of File"
_HEREDOC = re.compile(r"<<\s*(['\"]?)(\w+)\1")


@dataclass(frozen=True)
class Hunk:
    """One change, after a line that reads like `context`.

    `lines` are marked: a space for one that is there and stays, - for one that goes, + for one that
    comes.
    """

    context: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    at_end: bool = False


@dataclass(frozen=True)
class Add:
    """A new file."""

    path: str
    text: str


@dataclass(frozen=True)
class Delete:
    """A file that goes away."""

    path: str


@dataclass(frozen=True)
class Update:
    """A file that changes, and may get another name."""

    path: str
    hunks: tuple[Hunk, ...]
    move_to: str | None = None


Change = Add | Delete | Update


def parse_patch(text: str) -> list[Change]:
    """The changes of a patch, in order.

    Raises:
        ToolFailure: a line is not what the format wants there; the message names it.
    """
    reader = _Reader(_envelope(text.replace("\r\n", "\n")))
    changes: list[Change] = []
    while reader.more():
        changes.append(_change(reader))
    if not changes:
        raise ToolFailure("the patch changes no file")
    return changes


def _envelope(text: str) -> list[str]:
    lines = text.strip().split("\n")
    wrapper = _HEREDOC.search(lines[0])
    if wrapper and len(lines) > 1 and lines[-1].strip() == wrapper[2]:
        lines = lines[1:-1]
    if lines[0].strip() != _BEGIN:
        raise ToolFailure(f"the first line of a patch is '{_BEGIN}', not {lines[0][:80]!r}")
    if lines[-1].strip() != _END:
        raise ToolFailure(f"the last line of a patch is '{_END}', not {lines[-1][:80]!r}")
    return lines[1:-1]


@dataclass
class _Reader:
    lines: Sequence[str]
    at: int = 0

    def more(self) -> bool:
        while self.at < len(self.lines) and not self.lines[self.at].strip():
            self.at += 1
        return self.at < len(self.lines)

    def peek(self) -> str | None:
        return self.lines[self.at] if self.at < len(self.lines) else None

    def take(self) -> str:
        self.at += 1
        return self.lines[self.at - 1]

    def wrong(self, wanted: str) -> ToolFailure:
        line = self.peek()
        return ToolFailure(f"line {self.at + 2} of the patch is {line!r}; expected {wanted}")


def _change(reader: _Reader) -> Change:
    header = (reader.peek() or "").strip()
    for start, read in ((_ADD, _add), (_DELETE, _delete), (_UPDATE, _update)):
        if header.startswith(start):
            reader.take()
            return read(reader, header.removeprefix(start).strip())
    raise reader.wrong("'*** Add File: ', '*** Delete File: ' or '*** Update File: ' and a path")


def _add(reader: _Reader, path: str) -> Add:
    lines: list[str] = []
    while (line := reader.peek()) is not None and line.startswith("+"):
        lines.append(reader.take()[1:])
    if (line := reader.peek()) is not None and line.strip() and not line.startswith("*** "):
        raise reader.wrong("a line of the new file, which starts with +")
    return Add(path, "".join(f"{line}\n" for line in lines))


def _delete(_reader: _Reader, path: str) -> Delete:
    return Delete(path)


def _update(reader: _Reader, path: str) -> Update:
    move_to = None
    if (line := reader.peek()) is not None and line.startswith(_MOVE):
        move_to = reader.take().removeprefix(_MOVE).strip()
    hunks: list[Hunk] = []
    while (line := reader.peek()) is not None and not line.startswith("*** "):
        if not line.strip() and _only_blank_before_next(reader):
            reader.take()
            continue
        hunks.append(_hunk(reader, first=not hunks))
    if not hunks and move_to is None:
        raise ToolFailure(f"the update of {path} holds no hunk")
    return Update(path, tuple(hunks), move_to)


def _only_blank_before_next(reader: _Reader) -> bool:
    rest = (line for line in reader.lines[reader.at :] if line.strip())
    return next(rest, "*** ").startswith("*** ")


def _hunk(reader: _Reader, *, first: bool) -> Hunk:
    context = ""
    line = reader.peek() or ""
    if line.rstrip() == "@@" or line.startswith("@@ "):
        context = reader.take()[3:]
    elif not first:
        raise reader.wrong("@@, which opens a hunk")
    lines: list[tuple[str, str]] = []
    at_end = False
    while (line := reader.peek()) is not None and not line.startswith(("@@", "*** ")):
        if line[:1] not in ("", " ", "-", "+"):
            raise reader.wrong("a line of a hunk, which starts with a space, - or +")
        text = reader.take()
        lines.append((text[:1] or " ", text[1:]))
    if not lines:
        raise reader.wrong("a line of a hunk, which starts with a space, - or +")
    if line is not None and line.strip() == _END_OF_FILE:
        reader.take()
        at_end = True
    return Hunk(context, tuple(lines), at_end)
