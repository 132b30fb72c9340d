"""Mailboxes: an mbox file, an .eml file, or a folder of them."""

import email
import re
import stat
from email.errors import MessageError
from email.header import decode_header, make_header

from checklib.case import MAX_BINARY, mode_of, read_bytes, suffix_of, walk
from checklib.prose import normal, says
from checklib.verdict import Mismatch, settle, some

FROM = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
MAX_MESSAGES = 5_000
MAX_PARTS = 200
BAD_HEADER = (MessageError, LookupError, ValueError, AttributeError, TypeError, AssertionError)


def load(case, path):
    """[(where, message)] of everything at a path."""
    if stat.S_ISDIR(mode_of(case, path)):
        files = [name for name, kind in walk(case, path).items() if kind == "file"]
        names = [name for name in files if suffix_of(name) == "eml"]
        return [
            (name, parse(read_bytes(case, name), name)) for name in sorted(names)[:MAX_MESSAGES]
        ]
    data = read_bytes(case, path, MAX_BINARY)
    if suffix_of(path) == "eml":
        return [(path, parse(data, path))]
    return split_mbox(data, path)


def split_mbox(data, path):
    starts = [match for match in FROM.finditer(data) if at_boundary(data, match.start())]
    if data.strip() and (not starts or data[: starts[0].start()].strip()):
        raise Mismatch("not an mbox file: it does not begin with a From line", path)
    if len(starts) > MAX_MESSAGES:
        raise Mismatch("more than %d messages" % MAX_MESSAGES, path)
    ends = [match.start() for match in starts[1:]] + [len(data)]
    found = []
    for number, (match, end) in enumerate(zip(starts, ends), 1):
        where = "%s message %d" % (path, number)
        found.append((where, parse(QUOTED_FROM.sub(rb"\1", data[match.end() : end]), where)))
    return found


def at_boundary(data, start):
    return start == 0 or data[max(0, start - 4) : start].endswith((b"\n\n", b"\r\n\r\n"))


def parse(data, where):
    try:
        return email.message_from_bytes(data)
    except BAD_HEADER as error:
        raise Mismatch("not a readable message: %s" % error, where) from None


def header(message, name):
    """A header as text, with encoded words decoded; "" without it."""
    try:
        return " ".join(str(make_header(decode_header(str(message.get(name, ""))))).split())
    except BAD_HEADER:
        return " ".join(str(message.get(name, "")).split())


def body(message):
    """The text parts of a message."""
    texts = []
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            break
        if part.get_content_maintype() == "text" and not part.is_multipart():
            texts.append(decoded(part))
    return "\n".join(texts)


def decoded(part):
    try:
        data = part.get_payload(decode=True) or b""
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    except BAD_HEADER:
        return str(part.get_payload())


def text(case, path):
    return "\n\n".join(
        "Subject: %s\n\n%s" % (header(message, "Subject"), body(message))
        for _, message in case.once(load, path)
    )


def message_differs(wanted, message):
    """What is wrong with a message, as words; the empty string for nothing."""
    for name, expected in wanted["headers"].items():
        said = header(message, name)
        if normal(said) != normal(expected):
            return "%s: %s" % (name, said)
    said = normal(body(message)) if wanted["says"] or wanted["facts"] or wanted["lacks"] else ""
    for phrase in wanted["says"]:
        if normal(phrase) not in said:
            return "the body does not say %r" % phrase
    for fact in wanted["facts"]:
        if not any(says(said, wording) for wording in fact):
            return "the body does not say %r" % fact[0]
    for phrase in wanted["lacks"]:
        if normal(phrase) in said:
            return "the body says %r" % phrase
    return ""


def check_messages(case, check):
    """These messages, each once, by headers and body; `exact` allows no others."""
    path, messages = check["path"], list(case.once(load, check["path"]))
    number, problems = len(messages), []
    for wanted in check["messages"]:
        said = [(message_differs(wanted, item[1]), item) for item in messages]
        right = [item for differs, item in said if not differs]
        if right:
            messages = [item for item in messages if item is not right[0]]
        else:
            subject = wanted["headers"].get("Subject", "")
            best = next((d for d, item in said if header(item[1], "Subject") == subject), "")
            problems.append((best or "no such message", "%s, message %r" % (path, subject)))
    if check["exact"] and messages and not problems:
        raise Mismatch("also: %s" % some(header(m, "Subject") for _, m in messages), path)
    if not check["messages"] and check["exact"] and number:
        raise Mismatch("%d messages" % number, path)
    total = len(check["messages"])
    return settle(problems, total, check["partial"], "%d messages" % total)


CHECKS = {"messages": check_messages}
