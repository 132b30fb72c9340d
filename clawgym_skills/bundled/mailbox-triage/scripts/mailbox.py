#!/usr/bin/env python3
"""Turn an mbox file or a single .eml into rows, or summarise it."""

from __future__ import annotations

import argparse
import csv
import email
import json
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from decimal import getcontext
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

Row = dict[str, object]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,299})")
DECIMAL = re.compile(r"-?[0-9]{1,300}\.[0-9]{1,300}")
getcontext().prec = 700  # sums of any numbers that we accept are exact


@dataclass
class Table:
    """Rows with their columns in order; `typed` is false where every value is a CSV text."""

    columns: list[str]
    rows: list[Row]
    typed: bool


FIXED = ["date", "from", "to", "subject", "body"]
# A message starts at a `From ` line with a date or a sender that headers follow. The standard
# library's reader would also cut at a sentence that begins with "From ".
SEPARATOR = re.compile(
    rb"(?m)(?:\AFrom [^\n]*"
    rb"|^From (?:[^\n]*\d{4}(?: [+-]\d{4})?|[^\s@]+@\S+[^\n]*|(?:MAILER-DAEMON|-)[^\n]*))"
    rb"[ \t]*\r?\n(?=[!-9;-~]+:)"
)
FIELD_LINE = re.compile(r"(?m)^[ \t]*([^\W\d_][\w -]{0,30}?)[ \t]*:[ \t]*(?!//)(\S.*?)[ \t]*$")


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


@dataclass
class Mail:
    """One message with its headers decoded and its body as plain text."""

    date: str
    sender: str
    to: str
    subject: str
    body: str
    attachments: int

    def get(self, name: str) -> str | None:
        fixed = {"date": self.date, "from": self.sender, "to": self.to}
        fixed |= {"subject": self.subject, "body": self.body}
        return fixed[name] if name in fixed else self.lines().get(field_key(name))

    def lines(self) -> dict[str, str]:
        """The `Name: value` lines of the body; the first of a name counts."""
        found: dict[str, str] = {}
        for name, value in FIELD_LINE.findall(self.body):
            found.setdefault(field_key(name), value)
        return found


def field_key(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


# -- commands -------------------------------------------------------------------------------


def run_extract(arguments: argparse.Namespace) -> int:
    refuse_overwrite(arguments.output, arguments.mbox)
    row_format(arguments.output)
    mails = read_mails(arguments.mbox)
    columns = arguments.fields
    if mails:
        require_fields(arguments.mbox, mails, columns)
    rows: list[Row] = [{name: mail.get(name) for name in columns} for mail in mails]
    save_fields(arguments.output, columns, FIXED, rows)
    undated = sum(not mail.date for mail in mails)
    if undated:
        note(f"{undated} messages have no readable Date header; their date is empty")
    print(f"wrote {arguments.output}: {len(rows)} messages")
    return 0


def require_fields(path: Path, mails: list[Mail], wanted: list[str]) -> None:
    counts = Counter(name for mail in mails for name in mail.lines())
    for name in wanted:
        if name not in FIXED and field_key(name) not in counts:
            known = ", ".join([*FIXED, *(name for name, _ in counts.most_common(20))])
            raise InputError(f"{path} has no field {name!r}; its fields are: {known}")


def run_summary(arguments: argparse.Namespace) -> int:
    mails = read_mails(arguments.mbox)
    attached = sum(mail.attachments > 0 for mail in mails)
    print(f"{arguments.mbox}: {len(mails)} messages, {attached} with attachments")
    dates = [mail.date for mail in mails if mail.date]
    if dates:
        print(f"from {min(dates)} to {max(dates)}")
    show("senders", Counter(mail.sender for mail in mails))
    show("threads", Counter(thread(mail.subject) for mail in mails))
    show("fields in the bodies", Counter(name for mail in mails for name in mail.lines()))
    return 0


def thread(subject: str) -> str:
    return re.sub(r"(?i)^(?:(?:re|fwd?|aw|wg)(?:\[\d+\])?:\s*)+", "", subject)


def show(title: str, counts: Counter[str]) -> None:
    if not counts:
        return
    rest = f" (the 10 most frequent of {len(counts)})" if len(counts) > 10 else ""
    print(f"{title}{rest}:")
    for name, count in counts.most_common(10):
        print(f"  {count:6d}  {name or '(none)'}")


# -- reading --------------------------------------------------------------------------------


def read_mails(path: Path) -> list[Mail]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    data = data.lstrip()
    if not data:
        return []
    starts = list(SEPARATOR.finditer(data))
    if starts and starts[0].start() == 0:
        ends = [match.start() for match in starts[1:]] + [len(data)]
        return [
            parse_mail(data[match.end() : end], quoted=True) for match, end in zip(starts, ends)
        ]
    if not re.match(rb"[!-9;-~]+:", data):
        raise InputError(f"{path} is neither an mbox (it starts with `From `) nor an .eml message")
    return [parse_mail(data, quoted=False)]


def parse_mail(data: bytes, quoted: bool) -> Mail:
    message = email.message_from_bytes(data)
    body = body_text(message)
    if quoted:  # an mbox writes `>From ` for a body line that begins with `From `
        body = re.sub(r"(?m)^>(>*From )", r"\1", body)
    senders = addresses(message, "from")
    return Mail(
        date=date_of(message),
        sender=senders[0] if senders else "",
        to=", ".join(addresses(message, "to")),
        subject=header(message, "subject"),
        body=body,
        attachments=sum(part.get_content_disposition() == "attachment" for part in message.walk()),
    )


def header(message: Message, name: str) -> str:
    raw = unfolded(message, name)
    try:
        return str(make_header(decode_header(raw))).strip()
    except (HeaderParseError, LookupError, ValueError):
        return raw.strip()


def unfolded(message: Message, name: str) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", str(message.get(name, "")))


def addresses(message: Message, name: str) -> list[str]:
    return [found.lower() for _, found in getaddresses([unfolded(message, name)]) if found]


def date_of(message: Message) -> str:
    """The day in the zone that the sender wrote; empty when there is no readable date."""
    try:
        return parsedate_to_datetime(unfolded(message, "date")).date().isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""


def body_text(message: Message) -> str:
    """The first plain text part, or the first HTML part without its markup."""
    parts = [
        part
        for part in message.walk()
        if not part.is_multipart() and part.get_content_disposition() != "attachment"
    ]
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind:
                text = decoded(part)
                return visible(text) if kind == "text/html" else text
    return ""


def decoded(part: Message) -> str:
    data = part.get_payload(decode=True) or b""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = data.decode(charset, errors="replace")
    except (LookupError, ValueError):
        text = data.decode("utf-8", errors="replace")
    return text.replace("\r\n", "\n").strip("\n")


class VisibleText(HTMLParser):
    """Collects what a reader of an HTML mail sees, one line per block."""

    BLOCKS = frozenset(["br", "div", "p", "tr", "li", "h1", "h2", "h3", "table"])
    HIDDEN = frozenset(["script", "style", "head"])

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.hidden += tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in self.HIDDEN and self.hidden > 0

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(re.sub(r"\s+", " ", data))


def visible(markup: str) -> str:
    reader = VisibleText()
    reader.feed(markup)
    reader.close()
    lines = (line.strip() for line in "".join(reader.text).split("\n"))
    return "\n".join(line for line in lines if line)


def note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


# -- writing --------------------------------------------------------------------------------


def save_fields(output: Path, columns: list[str], fixed: list[str], rows: list[Row]) -> None:
    """JSON gets numbers where a free field is written like one; CSV keeps every text."""
    if row_format(output) not in DELIMITERS:
        rows = [
            {key: value if key in fixed else as_json_value(value) for key, value in row.items()}
            for row in rows
        ]
    write_rows(output, Table(columns, rows, typed=True))


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


def names(text: str) -> list[str]:
    """Split `a,b`; a name that holds a comma is written in double quotes."""
    return [name.strip() for name in next(csv.reader([text]), []) if name.strip()]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    text = "Write one row per message."
    sub = commands.add_parser("extract", help=text, description=text)
    sub.add_argument("mbox", type=Path, metavar="MBOX")
    sub.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    sub.add_argument(
        "--fields",
        type=names,
        default=["date", "from", "to", "subject"],
        metavar="date,from,to,subject,body,NAME",
        help="NAME is read from a line `Name: value` in the body",
    )
    sub.set_defaults(run=run_extract)

    text = "Print counts by sender and thread, and the fields found in the bodies."
    sub = commands.add_parser("summary", help=text, description=text)
    sub.add_argument("mbox", type=Path, metavar="MBOX")
    sub.set_defaults(run=run_summary)
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
