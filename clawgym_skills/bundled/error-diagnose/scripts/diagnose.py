#!/usr/bin/env python3
"""Group the errors in the output of builds, tests and programs."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<where>.+))?')
RAISED = re.compile(
    r"(?P<error>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Failure|Timeout|[A-Z]\w+))(?:: (?P<message>.*))?"
)
COMPILER = re.compile(
    r"(?P<file>(?:[A-Za-z]:)?[^\s:()]+\.\w{1,5})[:(](?P<line>\d+)(?:[:,]\d+)?\)?:? (?:fatal )?error(?: (?P<code>[\w-]+))?: (?P<message>.+)"
)
RUSTC = re.compile(r"error(?:\[(?P<code>E\d+)\])?: (?P<message>.+)")
ARROW = re.compile(r"\s*--> (?P<file>[^:]+):(?P<line>\d+)")
PYTEST = re.compile(
    r"(?:FAILED|ERROR) (?P<file>[^\s:]+\.py)(?:::(?P<where>\S+))?(?: - (?P<message>.+))?"
)
UNITTEST = re.compile(r"(?:FAIL|ERROR): (?P<where>\w+) \((?P<file>[\w.]+)\)")
LOGGED = re.compile(
    r"(?:^|[\s\[|])(?P<error>ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b[\]:|]*\s+(?P<message>\S.*)"
)
LIBRARY = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python\d|<frozen|node_modules")
VARYING = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b|\d+")
MOST_FRAMES = 50
MOST_LINE = 20_000


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass
class Cause:
    """One distinct error; `first` is its line in the log."""

    kind: str
    error: str
    message: str
    file: str
    line: int | None
    first: int
    count: int = 1
    frames: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str, str]:
        place = f"{self.file}:{self.line}" if self.kind == "exception" else self.file
        return self.kind, self.error, VARYING.sub("#", self.message), place


# -- finding --------------------------------------------------------------------------------


def causes_in(path: Path, root: str | None) -> list[Cause]:
    found: dict[tuple[str, str, str, str], Cause] = {}
    for cause in every_error(path, root):
        known = found.setdefault(cause.key, cause)
        if known is not cause:
            known.count += 1
    return list(found.values())


def every_error(path: Path, root: str | None) -> Iterator[Cause]:
    frames: list[tuple[str, int, str]] | None = None
    pending: Cause | None = None
    for number, line in lines_of(path):
        if pending:
            if arrow := ARROW.match(line):
                pending.file, pending.line = arrow["file"], int(arrow["line"])
            yield pending
            pending = None
            if arrow:
                continue
        if line.strip() == "Traceback (most recent call last):" or line.strip().endswith(
            "Traceback (most recent call last):"
        ):
            frames = []
        elif frames is not None and (frame := FRAME.match(line)):
            frames.append((frame["file"], int(frame["line"]), frame["where"] or ""))
            del frames[: -2 * MOST_FRAMES]
        elif frames is not None and (not line.strip() or line.startswith((" ", "\t", "  "))):
            continue
        elif frames is not None:
            if raised := RAISED.fullmatch(line.strip()):
                yield exception(raised, frames, number, root)
            frames = None
        elif rust := RUSTC.fullmatch(line.strip()):
            if not rust["message"].startswith(("could not compile", "aborting due")):
                pending = Cause(
                    "compiler", rust["code"] or "error", rust["message"], "", None, number
                )
        elif single := one_line(line.rstrip(), number):
            yield single
    if pending:
        yield pending


def one_line(line: str, number: int) -> Cause | None:
    if found := COMPILER.match(line.strip()):
        return Cause(
            "compiler",
            found["code"] or "error",
            found["message"],
            found["file"],
            int(found["line"]),
            number,
        )
    if found := PYTEST.fullmatch(line):
        return Cause(
            "test", found["where"] or "", found["message"] or "", found["file"], None, number
        )
    if found := UNITTEST.fullmatch(line):
        return Cause("test", found["where"], "", found["file"], None, number)
    if found := LOGGED.search(line):
        return Cause("log", found["error"], found["message"], "", None, number)
    return None


def exception(
    raised: re.Match[str], frames: list[tuple[str, int, str]], number: int, root: str | None
) -> Cause:
    mine = [frame for frame in frames if is_mine(frame[0], root)] or frames
    file, line = (mine[-1][0], mine[-1][1]) if mine else ("", None)
    shown = [
        f"{name}:{at} in {where}".removesuffix(" in ") for name, at, where in frames[-MOST_FRAMES:]
    ]
    return Cause(
        "exception", raised["error"], raised["message"] or "", file, line, number, 1, shown
    )


def is_mine(file: str, root: str | None) -> bool:
    if LIBRARY.search(file):
        return False
    return (
        root is None
        or not os.path.isabs(file)
        or os.path.realpath(file).startswith(os.path.realpath(root) + os.sep)
    )


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Lines without colours; one without end is cut, so that memory stays bounded."""
    try:
        with path.open("rb") as stream:
            number, fresh = 0, True
            while data := stream.readline(MOST_LINE):
                if fresh:
                    number += 1
                    yield (
                        number,
                        ANSI.sub("", data.decode("utf-8", errors="replace")).rstrip("\r\n"),
                    )
                fresh = data.endswith(b"\n")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


# -- commands -------------------------------------------------------------------------------


def run_causes(arguments: argparse.Namespace) -> int:
    if os.path.realpath(arguments.output) == os.path.realpath(arguments.log):
        raise InputError(f"{arguments.output} is the input; choose another output file")
    found = causes_in(arguments.log, arguments.root)
    facts = [vars(cause) for cause in found]
    write_text(
        arguments.output, json.dumps(facts, ensure_ascii=False, indent=2) + "\n", errors="replace"
    )
    for cause in found[:20]:
        place = (
            f"{cause.file}:{cause.line}: "
            if cause.line
            else f"{cause.file}: "
            if cause.file
            else ""
        )
        print(
            f"line {cause.first}: {place}{cause.error}: {cause.message}"[:200]
            + (f"  ({cause.count} times)" if cause.count > 1 else "")
        )
    total = sum(cause.count for cause in found)
    print(f"wrote {arguments.output}: {total} errors, {len(found)} distinct")
    return 1 if found else 0


def run_context(arguments: argparse.Namespace) -> int:
    shown = 0
    for number, line in lines_of(arguments.log):
        if number > arguments.line + arguments.around:
            break
        if number >= arguments.line - arguments.around:
            shown += 1
            print(f"{'>' if number == arguments.line else ' '} {number}  {line[:500]}")
    if not shown:
        raise InputError(f"{arguments.log} has no line {arguments.line}")
    return 0


def write_text(path: Path, text: str, errors: str = "strict") -> None:
    """Write through a temporary file: a crash leaves the old file or the new one."""
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors=errors, newline="") as stream:
                stream.write(text)
            os.chmod(temporary, mode)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    except UnicodeEncodeError as error:
        raise InputError(f"cannot write {path}: the text is not valid Unicode") from error


# -- command line ---------------------------------------------------------------------------


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Write the distinct errors in order of their first appearance."
    sub = commands.add_parser("causes", help=text, description=text)
    sub.add_argument("log", type=Path, metavar="LOG")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.json")
    sub.add_argument("--root", metavar="PROJECT", help="whose frames are looked at first")
    sub.set_defaults(run=run_causes)

    text = "Print the lines around one line of the log."
    sub = commands.add_parser("context", help=text, description=text)
    sub.add_argument("log", type=Path, metavar="LOG")
    sub.add_argument("--line", type=positive, required=True, metavar="N")
    sub.add_argument("--around", type=positive, default=10, metavar="N")
    sub.set_defaults(run=run_context)
    return top


def main() -> int:
    arguments = parser().parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return arguments.run(arguments)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
