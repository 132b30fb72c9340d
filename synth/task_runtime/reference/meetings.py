"""Who does what: statements of notes, chats and threads, applied one after the other."""

import datetime as dt
import re

REF = r"\b[A-Z]{2}-\d+\b"
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August"]
MONTHS += ["September", "October", "November", "December"]
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)|\b(\d{1,2}) (%s)" % "|".join(MONTHS))


def date_in(text, year):
    found = DAY.search(text)
    if not found:
        return ""
    if found.group(1):
        return found.group(0)
    month = MONTHS.index(found.group(5)) + 1
    return dt.date(year, month, int(found.group(4))).isoformat()


def statements(path):
    """([full names], {name: address}, [(speaker or "", sentence)]) of any of the three forms."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if path.endswith(".mbox"):
        people = dict(re.findall(r"([A-Z]\w+ [A-Z]\w+) <([^>]+)>", text))
        mails = re.findall(r"(?ms)^From: (.*?) <.*?\n\nHello all,\n\n(.*?)\n\n", text)
        return list(people), people, mails
    if path.endswith(".log"):
        names = re.search(r"in this room are (.*)", text).group(1).split(", ")
        return names, {}, re.findall(r"(?m)^\[.*?\] ([A-Z]\w+ [A-Z]\w+): (.*)", text)
    names, _, body = text.partition("Present: ")[2].partition("\n")
    sentences = re.split(r"(?<=[.?])\s+", body.replace("\n- ", "\n"))
    return names.split(", "), {}, [("", sentence) for sentence in sentences]


def agreed(path, year):
    """[{ref, kind, owner, due, text}] that hold at the end, as first named, and the addresses."""
    names, addresses, said = statements(path)
    full = {name.split()[0]: name for name in names}
    items = {}
    for speaker, sentence in said:
        found = re.search(REF, sentence)
        if not found:
            continue
        ref, named = (
            found.group(),
            re.findall("|".join(r"\b%s\b" % first for first in full), sentence),
        )
        named = [full[first] for first in named]
        if re.search(r"[Dd]ecided", sentence):
            items[ref] = dict(kind="decision", owner="", due="", text=sentence.split(": ", 1)[1])
        elif re.search(r"Left open|Still open", sentence):
            items[ref] = dict(kind="open", owner="", due="", text=sentence.split(": ", 1)[1])
        elif re.search(r"dropped|No longer needed|Forget", sentence):
            items.pop(ref)
        elif "goes from" in sentence:
            items[ref]["owner"] = named[1]
        elif "takes over" in sentence:
            items[ref]["owner"] = named[0]
        elif ref in items and date_in(sentence, year):
            items[ref]["due"] = date_in(sentence, year)
        elif date_in(sentence, year):
            owner = speaker or named[0]
            items[ref] = dict(kind="action", owner=owner, due=date_in(sentence, year), text="")
    return [dict(item, ref=ref) for ref, item in items.items()], addresses
