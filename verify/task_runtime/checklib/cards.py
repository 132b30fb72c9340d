"""vCard files: a row for each card, a column for each property."""

import re

from checklib.calendars import unescape, unfold
from checklib.case import read_text
from checklib.verdict import Mismatch

LINE = re.compile(
    r"(?:[\w-]{1,60}\.)?([A-Za-z][\w-]{0,59})((?:;(?:\"[^\"]*\"|[^\":])*)?):(.*)", re.DOTALL
)
MAX_PROPERTIES = 100
NOT_DIALLED = re.compile(r"[^\d+]")


def load(case, path):
    """The cards: [{name: text}]; what stands there several times is joined by commas."""
    cards, inside = [], False
    for number, line in enumerate(unfold(read_text(case, path)), 1):
        where = "%s entry %d" % (path, number)
        match = LINE.fullmatch(line.rstrip("\r"))
        if not match:
            raise Mismatch("no `name:value` line: %r" % line[:80], where)
        name, value = match[1].upper(), match[3].strip()
        if name in ("BEGIN", "END") and value.upper() == "VCARD":
            if inside == (name == "BEGIN"):
                raise Mismatch("%s:VCARD out of place" % name, where)
            inside = not inside
            cards += [{}] if inside else []
        elif not inside:
            raise Mismatch("outside of BEGIN:VCARD", where)
        else:
            texts = cards[-1].setdefault(name, [])
            texts.append(meant(name, value))
            if len(texts) > MAX_PROPERTIES:
                raise Mismatch("more than %d times %s" % (MAX_PROPERTIES, name), where)
    if inside:
        raise Mismatch("BEGIN:VCARD is never ended", path)
    return [{name: ", ".join(texts) for name, texts in card.items()} for card in cards]


def meant(name, value):
    """A text as it is meant: a number is what is dialled, an address has no `mailto:`."""
    if name == "TEL":
        return NOT_DIALLED.sub("", value[4:] if value[:4].lower() == "tel:" else value)
    if name == "EMAIL" and value[:7].lower() == "mailto:":
        return value[7:]
    return unescape(value.rstrip(";")) if name == "ORG" else unescape(value)


def tables(case, check):
    """The properties that the check asks for, "" where a card lacks one."""
    path = check["path"]
    cards = case.once(load, path)
    if not cards:
        raise Mismatch("no card", path)
    names = [column["name"] for column in check["columns"]]
    return [(path, names, [[card.get(name, "") for name in names] for card in cards])]
