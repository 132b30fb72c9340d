"""What was agreed, another way: all sentences about an item together, the last word counts."""

import contextlib
import email.utils
import mailbox
import pathlib
import re
import time


def as_date(words, year):
    """The last date among some words, as ISO 8601."""
    found = ""
    for first, second in zip(words, words[1:] + [""]):
        first, second = first.strip(".,()"), second.strip(".,()")
        for form, text in (("%Y-%m-%d", first), ("%d %B %Y", "%s %s %d" % (first, second, year))):
            with contextlib.suppress(ValueError):
                found = time.strftime("%Y-%m-%d", time.strptime(text, form))
    return found


def read(path):
    """(who is there, {name: address}, [(speaker, sentence)])."""
    if path.endswith(".mbox"):
        people, said = {}, []
        for message in mailbox.mbox(path):
            people.update(email.utils.getaddresses([message["To"]]))
            speaker = email.utils.parseaddr(message["From"])[0]
            body = message.get_payload(decode=True).decode().split("\n\n")
            said.append((speaker, body[1].strip()))
        return list(people), people, said
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    if path.endswith(".log"):
        parts = [line.split("] ", 1)[1].split(": ", 1) for line in lines]
        return parts[0][1].partition(" are ")[2].split(", "), {}, [tuple(p) for p in parts[1:]]
    at = next(n for n, line in enumerate(lines) if line.startswith("Present:"))
    said = []
    for line in lines[at + 1 :]:
        said += [("", part) for part in re.findall(r"[^.?]+[.?]", line.lstrip("- "))]
    return lines[at][9:].split(", "), {}, said


def agreed(path, year):
    names, addresses, said = read(path)
    first = {name.split(" ")[0]: name for name in names}
    about = {}
    for speaker, sentence in said:
        for ref in re.findall(r"[A-Z][A-Z]-[0-9]+", sentence):
            about.setdefault(ref, []).append((speaker, sentence))
    items = []
    for ref, heard in about.items():
        text = " ".join(sentence for _, sentence in heard).lower()
        if "dropped" in text or "no longer needed" in text or "forget" in text:
            continue
        item = {"ref": ref, "owner": "", "due": "", "text": ""}
        if "decided" in text or "left open" in text or "still open" in text:
            item["kind"] = "decision" if "decided" in text else "open"
            item["text"] = next(s for _, s in heard if "ecided" in s or " open" in s).split(
                ": ", 1
            )[1]
            items.append(item)
            continue
        item["kind"] = "action"
        for speaker, sentence in heard:
            words = sentence.split()
            item["due"] = as_date(words, year) or item["due"]
            people = [first[w.strip(".,()")] for w in words if w.strip(".,()") in first]
            if "goes from" in sentence or "takes over" in sentence:
                item["owner"] = people[-1] if "goes from" in sentence else people[0]
            elif not item["owner"]:
                item["owner"] = speaker or people[0]
        items.append(item)
    return items, addresses
