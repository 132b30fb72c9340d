#!/usr/bin/env python3
"""Draft a CHANGELOG section from an exported git log with conventional commits."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HEADINGS = {
    "feat": "Added",
    "fix": "Fixed",
    "perf": "Changed",
    "refactor": "Changed",
    "revert": "Changed",
    "deprecate": "Deprecated",
    "remove": "Removed",
    "security": "Security",
}
INTERNAL = ["build", "chore", "ci", "docs", "style", "test", "tests"]
ORDER = ["Breaking", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
TODAY = date.today().isoformat()  # noqa: DTZ011 - the day where the person is
FULL_LOG = re.compile(r"(?m)^commit (?P<id>[0-9a-f]{7,40})\b.*$")
ONE_LINE = re.compile(r"(?:[-*] )?(?:(?P<id>[0-9a-f]{7,40}) )?(?:\([^)]*\) )?(?P<subject>\S.*)")
CONVENTIONAL = re.compile(
    r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^)]+)\))?(?P<breaking>!)?:\s+(?P<text>\S.*)"
)
BREAKING = re.compile(r"(?ms)^BREAKING[ -]CHANGE:\s+(?P<text>.+?)(?=\n\n|\n[A-Z][\w-]+: |\Z)")


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Commit:
    """A commit's short id, subject and body."""

    id: str
    subject: str
    body: str = ""


@dataclass(frozen=True)
class Item:
    """One line of the changelog; no heading means that readers need not see it."""

    heading: str | None
    text: str


# -- commands -------------------------------------------------------------------------------


def run_draft(arguments: argparse.Namespace) -> int:
    if (arguments.output is None) is (arguments.into is None):
        raise InputError("name one place to write to: -o OUT.md or --into CHANGELOG.md")
    target = arguments.into or arguments.output
    refuse_overwrite(target, arguments.log)
    commits = read_commits(arguments.log)
    if not commits:
        raise InputError(f"{arguments.log} holds no commits; export them with `git log`")
    kept = [each for each in commits if not each.subject.startswith(("Merge ", "fixup! "))]
    items = [item for commit in kept for item in items_of(commit, arguments.all)]
    text = section(arguments.version, arguments.date, items)
    if arguments.into:
        text = inserted(arguments.into, text, arguments.version)
    write_text(target, text)
    shown = sum(item.heading is not None for item in items)
    print(
        f"wrote {target}: {len(commits)} commits, {shown} lines; left out "
        f"{len(commits) - len(kept)} merges and fixups and {len(items) - shown} internal changes"
    )
    return 0


def section(version: str, day: str, items: list[Item]) -> str:
    parts = [f"## [{version}] - {day}"]
    headings = {item.heading for item in items if item.heading}
    for heading in [*ORDER, *sorted(headings - set(ORDER))]:
        lines = dict.fromkeys(f"- {item.text}" for item in items if item.heading == heading)
        if lines:
            parts.append(f"### {heading}\n\n" + "\n".join(lines))
    if len(parts) == 1:
        parts.append("No changes that users will notice.")
    return "\n\n".join(parts) + "\n"


def inserted(path: Path, text: str, version: str) -> str:
    """The changelog with the section above the newest release, below Unreleased."""
    if not path.exists():
        return f"# Changelog\n\n{text}"
    old = read_text(path)
    if re.search(rf"(?m)^## \[?v?{re.escape(version)}\]?(?:\s|$)", old):
        raise InputError(f"{path} already has a section for {version}")
    for found in re.finditer(r"(?m)^## (?P<title>.*)$", old):
        if "unreleased" not in found["title"].lower():
            return old[: found.start()] + text + "\n" + old[found.start() :]
    return old.rstrip("\n") + "\n\n" + text


# -- commits --------------------------------------------------------------------------------


def items_of(commit: Commit, with_internal: bool) -> list[Item]:
    reference = f" ({commit.id[:7]})" if commit.id else ""
    found = CONVENTIONAL.fullmatch(commit.subject)
    if not found or found["type"].lower() not in (*HEADINGS, *INTERNAL):
        return [Item("Other", sentence(commit.subject) + reference)]
    scope = f"**{found['scope']}**: " if found["scope"] else ""
    line = scope + sentence(found["text"]) + reference
    heading = HEADINGS.get(found["type"].lower(), "Internal" if with_internal else None)
    footer = BREAKING.search(commit.body)
    if footer:
        broken = " ".join(footer["text"].split())
        return [Item("Breaking", scope + sentence(broken) + reference), Item(heading, line)]
    return [Item("Breaking" if found["breaking"] else heading, line)]


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(". ")


def read_commits(path: Path) -> list[Commit]:
    text = read_text(path).replace("\r\n", "\n")
    starts = list(FULL_LOG.finditer(text))
    if starts:
        ends = [found.start() for found in starts[1:]] + [len(text)]
        return [
            full_commit(found["id"], text[found.end() : end]) for found, end in zip(starts, ends)
        ]
    lines = (ONE_LINE.fullmatch(line.strip()) for line in text.split("\n"))
    return [Commit(found["id"] or "", found["subject"]) for found in lines if found]


def full_commit(identity: str, text: str) -> Commit:
    """A commit as `git log` prints it: headers, then a message that is indented by four."""
    message = "\n".join(line[4:] for line in text.split("\n") if line[:4] == "    " or not line)
    subject, _, body = message.strip().partition("\n")
    return Commit(identity, subject.strip() or "(no message)", body.strip())


# -- files ----------------------------------------------------------------------------------


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}); convert it first, "
            "for example with `iconv -f latin1 -t utf-8`"
        ) from error


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


def refuse_overwrite(output: Path, *inputs: Path) -> None:
    for source in inputs:
        if os.path.realpath(output) == os.path.realpath(source):
            raise InputError(f"{output} is the input; choose another output file")


# -- command line ---------------------------------------------------------------------------


def day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-03-01") from error


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    text = "Write one release section from LOG (git log, git log --oneline, or subjects)."
    sub = commands.add_parser("draft", help=text, description=text)
    sub.add_argument("log", type=Path, metavar="LOG")
    sub.add_argument("--version", required=True)
    sub.add_argument("--date", type=day, default=TODAY, metavar="YYYY-MM-DD")
    sub.add_argument("-o", "--output", type=Path, metavar="OUT.md", help="only the section")
    sub.add_argument("--into", type=Path, metavar="CHANGELOG.md", help="insert the section here")
    sub.add_argument("--all", action="store_true", help="list internal changes as well")
    sub.set_defaults(run=run_draft)
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
