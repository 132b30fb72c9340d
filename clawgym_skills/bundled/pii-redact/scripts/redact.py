#!/usr/bin/env python3
"""Replace e-mail addresses, phone numbers and payment card numbers in text and CSV files."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
# 13 to 19 digits, with single spaces or hyphens between them.
CARD = re.compile(r"(?<![\w.-])[2-6][0-9](?:[ -]?[0-9]){11,17}(?![\w-]|\.[0-9])")
# +351 912 345 678, (555) 123-4567, 555-123-4567: a bare run of digits is too often an id.
PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"(?:\+[1-9][0-9]{0,2}|00[1-9][0-9]{0,2}(?=[ .-]))(?:[ .-]?\(?[0-9]{1,4}\)?){2,6}"
    r"|\([0-9]{2,4}\)[ ]?[0-9]{3,4}[ .-]?[0-9]{3,4}"
    r"|[0-9]{3}([ .-])[0-9]{3}\1[0-9]{4}"
    r")(?![\w-]|\.[0-9])"
)


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


def is_card(text: str) -> bool:
    """The Luhn check that every payment card number passes."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_phone(text: str) -> bool:
    return 8 <= sum(character.isdigit() for character in text) <= 15


KINDS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "email": (EMAIL, lambda _: True),
    "card": (CARD, is_card),
    "phone": (PHONE, is_phone),
}


class Redactor:
    """Replaces what it finds and counts it; the same value always gets the same number."""

    def __init__(self, kinds: list[str], numbered: bool) -> None:
        self.kinds = [kind for kind in KINDS if kind in kinds]  # cards first, then phones
        self.numbered = numbered
        self.counts: Counter[str] = Counter()
        self.known: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
        self.lines: list[tuple[int, str]] = []

    def text(self, text: str) -> str:
        return "".join(
            self.line(number, line)
            for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), 1)
        )

    def line(self, number: int, line: str) -> str:
        for kind in self.kinds:
            pattern, is_real = KINDS[kind]

            def replace(found: re.Match[str], kind: str = kind, is_real: object = is_real) -> str:
                return self.placeholder(kind, found[0], number) if is_real(found[0]) else found[0]

            line = pattern.sub(replace, line)
        return line

    def placeholder(self, kind: str, value: str, line: int) -> str:
        same = value.casefold() if kind == "email" else re.sub(r"[^0-9+]", "", value)
        index = self.known[kind].setdefault(same, len(self.known[kind]) + 1)
        self.counts[kind] += 1
        self.lines.append((line, kind))
        return f"[{kind.upper()}-{index}]" if self.numbered else f"[{kind.upper()}]"

    def report(self, path: Path) -> dict[str, object]:
        kinds = {
            kind: {
                "found": self.counts[kind],
                "distinct": len(self.known[kind]),
                "lines": sorted({line for line, found in self.lines if found == kind}),
            }
            for kind in self.kinds
        }
        return {"file": str(path), "total": sum(self.counts.values()), "kinds": kinds}


# -- commands -------------------------------------------------------------------------------


def run_redact(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.input)
    redactor = Redactor(arguments.kinds, arguments.numbered)
    text = redactor.text(read_exactly(arguments.input))
    if arguments.report:
        refuse_overwrite(arguments.report, arguments.input, arguments.output)
        facts = json.dumps(redactor.report(arguments.input), ensure_ascii=False, indent=2)
        write_text(arguments.report, facts + "\n")
    write_text(arguments.output, text)
    print(f"wrote {arguments.output}: {counted(redactor)}")
    return 0


def run_scan(arguments: argparse.Namespace) -> int:
    redactor = Redactor(arguments.kinds, numbered=False)
    redactor.text(read_exactly(arguments.input))
    for line, kind in sorted(redactor.lines):
        print(f"{arguments.input}:{line}: {kind}")
    print(counted(redactor))
    return 1 if redactor.lines else 0


def counted(redactor: Redactor) -> str:
    return ", ".join(f"{redactor.counts[kind]} {kind}" for kind in redactor.kinds)


def read_exactly(path: Path) -> str:
    """The text with its byte order mark and line ends, so that nothing else changes."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}); a binary file such as a PDF or a "
            "spreadsheet has to be exported as text first"
        ) from error
    if "\0" in text:
        raise InputError(f"{path} holds NUL bytes: it is not a text file")
    return text


# -- files ----------------------------------------------------------------------------------


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


def kinds(text: str) -> list[str]:
    wanted = [kind.strip() for kind in text.split(",")]
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        known = ", ".join(KINDS)
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {known}")
    return wanted


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("input", type=Path, metavar="INPUT")
        sub.add_argument("--kinds", type=kinds, default=list(KINDS), metavar="email,card,phone")
        sub.set_defaults(run=run)
        return sub

    sub = command("redact", run_redact, "Write a copy with placeholders such as [EMAIL].")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument("--numbered", action="store_true", help="[EMAIL-1]: same value, same number")
    sub.add_argument("--report", type=Path, metavar="COUNTS.json")
    command("scan", run_scan, "Print where something was found; exit status 1 if anything was.")
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
