#!/usr/bin/env python3
"""Read vCard contacts into rows, find people listed twice, and merge their cards."""

from __future__ import annotations

import argparse
import csv
import json
import os
import quopri
import re
import sys
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
COLUMNS = ["name", "emails", "phones", "organization", "birthday", "address", "note"]
SINGLE = ("VERSION", "N", "FN", "PHOTO", "UID", "REV", "PRODID", "BDAY")


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass(frozen=True)
class Field:
    """One property: its name, its parameters as written, its value still escaped."""

    name: str
    parameters: str
    value: str

    @property
    def text(self) -> str:
        return unescaped(self.value)


@dataclass(frozen=True)
class Card:
    """One contact with its fields in order, and the lines that it was written as."""

    fields: tuple[Field, ...]
    raw: str

    def values(self, name: str) -> list[str]:
        return [
            field.text.strip() for field in self.fields if field.name == name and field.text.strip()
        ]

    @property
    def name(self) -> str:
        if full := self.values("FN"):
            return full[0]
        for field in self.fields:
            if field.name == "N":
                parts = [unescaped(part).strip() for part in split_escaped(field.value)] + [""] * 5
                return " ".join(
                    part for part in (parts[3], parts[1], parts[2], parts[0], parts[4]) if part
                )
        return next(iter(self.values("ORG") + self.values("EMAIL")), "")

    @property
    def keys(self) -> set[str]:
        """What identifies the person: mail addresses, and phone numbers together with the name."""
        mails = {f"mail {mail.lower()}" for mail in self.values("EMAIL")}
        name = name_key(self.name)
        return mails | {
            f"phone {digits(phone)} {name}"
            for phone in self.values("TEL")
            if len(digits(phone)) >= 6 and name
        }


def name_key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(sorted(re.findall(r"\w+", letters)))


def digits(phone: str) -> str:
    plain = re.sub(r"[^\d+]", "", phone.removeprefix("tel:"))
    return f"+{plain[2:]}" if plain.startswith("00") else plain


# -- reading --------------------------------------------------------------------------------


def read_cards(paths: list[Path]) -> list[Card]:
    cards: list[Card] = []
    for path in paths:
        found = cards_in(read_text(path), path)
        if not found:
            raise InputError(f"{path} holds no contact: BEGIN:VCARD is missing")
        cards += found
    return cards


def cards_in(text: str, path: Path) -> list[Card]:
    cards: list[Card] = []
    fields: list[Field] | None = None
    raw: list[str] = []
    for number, line in logical_lines(text):
        word = line.strip().upper()
        if word == "BEGIN:VCARD":
            if fields is not None:
                raise InputError(f"{path}, line {number}: a contact begins inside another one")
            fields, raw = [], []
        elif word == "END:VCARD":
            if fields is None:
                raise InputError(f"{path}, line {number}: END:VCARD without a beginning")
            cards.append(Card(tuple(fields), "\n".join(raw)))
            fields = None
        elif fields is not None and line.strip():
            raw.append(line)
            if field := field_of(line):
                fields.append(field)
    if fields is not None:
        raise InputError(f"{path}: the last contact is cut short; END:VCARD is missing")
    return cards


def logical_lines(text: str) -> list[tuple[int, str]]:
    """Folded lines joined; so are the soft line breaks of quoted-printable values."""
    lines: list[tuple[int, str]] = []
    soft = False
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if soft and lines:
            lines[-1] = (lines[-1][0], lines[-1][1][:-1] + line)
        elif line[:1] in (" ", "\t") and lines:
            lines[-1] = (lines[-1][0], lines[-1][1] + line[1:])
        else:
            lines.append((number, line))
        current = lines[-1][1]
        soft = current.endswith("=") and "QUOTED-PRINTABLE" in current.partition(":")[0].upper()
    return lines


def field_of(line: str) -> Field | None:
    found = re.match(r"((?:[^\":]|\"[^\"]*\")*):(.*)", line, re.DOTALL)
    if not found:
        return None
    head, value = found[1], found[2]
    name, _, parameters = head.partition(";")
    name = name.rpartition(".")[2].upper()
    if "QUOTED-PRINTABLE" in parameters.upper():
        charset = re.search(r"CHARSET=([\w-]+)", parameters, re.IGNORECASE)
        data = quopri.decodestring(value.encode())
        try:
            value = data.decode(charset[1] if charset else "utf-8", errors="replace")
        except LookupError:
            value = data.decode("utf-8", errors="replace")
        value = value.replace("\r\n", "\n").replace("\n", "\\n")
        kept = [
            p
            for p in parameters.split(";")
            if not re.match(r"(?i)(?:ENCODING=|CHARSET=|QUOTED-PRINTABLE)", p)
        ]
        parameters = ";".join(kept)
    return Field(name, parameters, value)


def split_escaped(value: str) -> list[str]:
    return re.split(r"(?<!\\);", value)


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


# -- the same person ------------------------------------------------------------------------


def groups_of(cards: list[Card]) -> list[list[Card]]:
    """Cards that share a key, also by way of a third card; in order of the first of each."""
    leader = list(range(len(cards)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    first: dict[str, int] = {}
    for index, card in enumerate(cards):
        for key in card.keys:
            one, other = sorted((find(first.setdefault(key, index)), find(index)))
            leader[other] = one
    groups: dict[int, list[Card]] = {}
    for index, card in enumerate(cards):
        groups.setdefault(find(index), []).append(card)
    return list(groups.values())


def merged(cards: list[Card]) -> str:
    if len(cards) == 1:
        return f"BEGIN:VCARD\n{cards[0].raw}\nEND:VCARD\n"
    lines = ["BEGIN:VCARD", "VERSION:3.0"]
    full = max((card.name for card in cards), key=len)
    structured = [f for card in cards for f in card.fields if f.name == "N" and f.value.strip(";")]
    surname, _, given = full[::-1].partition(" ")
    lines.append(
        f"N:{structured[0].value}"
        if structured
        else f"N:{escaped(surname[::-1])};{escaped(given[::-1])};;;"
    )
    lines.append(f"FN:{escaped(full)}")
    seen: set[tuple[str, str]] = set()
    for field in (field for card in cards for field in card.fields):
        if field.name in ("VERSION", "N", "FN", "PRODID", "REV", "UID"):
            continue
        value = (
            field.text.strip().lower()
            if field.name == "EMAIL"
            else digits(field.text)
            if field.name == "TEL"
            else field.value.strip()
        )
        key = (field.name, "" if field.name in SINGLE else value)
        if value and key not in seen:
            seen.add(key)
            lines.append(
                f"{field.name}{';' if field.parameters else ''}{field.parameters}:{field.value}"
            )
    return "\n".join([*lines, "END:VCARD", ""])


def escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text).replace("\n", "\\n")


# -- commands -------------------------------------------------------------------------------


def run_extract(arguments: argparse.Namespace) -> int:
    cards = read_cards(arguments.contacts)
    rows: list[Row] = []
    for card in cards:
        places = [
            ", ".join(unescaped(part).strip() for part in split_escaped(f.value) if part.strip())
            for f in card.fields
            if f.name == "ADR"
        ]
        units = [
            " / ".join(unescaped(part).strip() for part in split_escaped(f.value) if part.strip())
            for f in card.fields
            if f.name == "ORG"
        ]
        values = [
            [card.name],
            card.values("EMAIL"),
            card.values("TEL"),
            units,
            card.values("BDAY"),
            places,
            card.values("NOTE"),
        ]
        rows.append(dict(zip(COLUMNS, ("; ".join(filter(None, each)) for each in values))))
    write_rows(arguments.output, Table(COLUMNS, rows, typed=True))
    print(f"wrote {arguments.output}: {len(rows)} contacts")
    return 0


def run_duplicates(arguments: argparse.Namespace) -> int:
    cards = read_cards(arguments.contacts)
    groups = [group for group in groups_of(cards) if len(group) > 1]
    rows: list[Row] = [
        {
            "group": number,
            "name": card.name,
            "emails": "; ".join(card.values("EMAIL")),
            "phones": "; ".join(card.values("TEL")),
        }
        for number, group in enumerate(groups, 1)
        for card in group
    ]
    for number, group in enumerate(groups, 1):
        print(f"{number}: " + " = ".join(card.name or "(no name)" for card in group))
    if arguments.output:
        write_rows(arguments.output, Table(["group", "name", "emails", "phones"], rows, typed=True))
    print(f"{len(cards)} contacts, {len(groups)} people listed more than once")
    return 1 if groups else 0


def run_merge(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, *arguments.contacts)
    cards = read_cards(arguments.contacts)
    groups = groups_of(cards)
    write_text(arguments.output, "".join(merged(group) for group in groups).replace("\n", "\r\n"))
    print(
        f"wrote {arguments.output}: {len(cards)} contacts read, {len(cards) - len(groups)} merged away, {len(groups)} written"
    )
    return 0


# -- files ----------------------------------------------------------------------------------


def as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_json_value(value: object) -> object:
    """A CSV text that is written like a plain number becomes that number."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return float(value)
    return value


def row_format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITERS, ".json", ".jsonl"):
        raise InputError(f"{path}: the file name must end in .csv, .tsv, .json or .jsonl")
    return suffix


def write_rows(path: Path, table: Table) -> None:
    suffix = row_format(path)
    if suffix in DELIMITERS:
        write_text(path, delimited(table, DELIMITERS[suffix]))
        return
    rows = table.rows
    if not table.typed:
        rows = [{key: as_json_value(value) for key, value in row.items()} for row in rows]
    try:
        if suffix == ".json":
            text = json.dumps(rows, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        else:
            lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
            text = "".join(line + "\n" for line in lines)
    except ValueError as error:
        raise InputError(f"cannot write {path}: {error}") from error
    write_text(path, text)


def delimited(table: Table, delimiter: str) -> str:
    # The writer quotes a lone carriage return only where line ends hold one: hence the cut.
    echo = SimpleNamespace(write=str)
    writer = csv.writer(echo, delimiter=delimiter, lineterminator="\r\n")
    cells = [[as_text(row.get(column)) for column in table.columns] for row in table.rows]
    return "".join(writer.writerow(line)[:-2] + "\n" for line in [table.columns, *cells])


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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, text, run in (
        ("extract", "Write one row for each contact.", run_extract),
        (
            "duplicates",
            "Name people listed more than once; exit status 1 if there are any.",
            run_duplicates,
        ),
        ("merge", "Write one card for each person.", run_merge),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("contacts", type=Path, nargs="+", metavar="CONTACTS.vcf")
        sub.add_argument("-o", "--output", type=Path, required=name != "duplicates", metavar="OUT")
        sub.set_defaults(run=run)
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
