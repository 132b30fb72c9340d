"""deduplicate: one of each."""

import os
import re

from reference.folders import load_folder, save_folder
from reference.mails import load_mails, save_mails, sent
from reference.rows import load, save


def rows_of(params, path):
    chosen, order = {}, {}
    keep, date = params["keep"], params["date"]
    for number, row in enumerate(load(path)):
        name = tuple(str(row[key]).strip().casefold() for key in params["keys"])
        if name not in chosen:
            chosen[name], order[name] = row, number
            continue
        before = chosen[name]
        if keep == "merge":
            chosen[name] = {
                key: cell if cell not in ("", None) else row[key] for key, cell in before.items()
            }
        elif (
            keep == "last"
            or (keep == "newest" and row[date] > before[date])
            or (keep == "oldest" and row[date] < before[date])
        ):
            chosen[name], order[name] = row, number
    return [chosen[name] for name in sorted(chosen, key=order.get)]


def points_of(text):
    seen, kept = set(), []
    for line in text.splitlines():
        name = " ".join(line.casefold().split())
        if line.startswith("- "):
            if name in seen:
                continue
            seen.add(name)
        kept.append(line)
    return "\n".join(kept) + "\n"


def mails_of(params, path, output):
    chosen = {}
    for number, (text, mail) in enumerate(load_mails(path)):
        if params["keep"] == "first":
            chosen.setdefault(mail["Message-ID"], (number, text, mail))
            continue
        name = mail["From"], re.sub("^re: ", "", mail["Subject"].lower())
        if name not in chosen or sent(mail) > sent(chosen[name][2]):
            chosen[name] = number, text, mail
    places = sorted(chosen.values(), key=lambda found: found[0])
    save_mails(output, [text for _, text, _ in places])


def run(params, inputs, output):
    path = inputs[0]
    if params["keys"]:
        save(output, rows_of(params, path))
    elif path.endswith(".mbox"):
        mails_of(params, path, output)
    elif os.path.isdir(path) or path.endswith(".zip"):
        found, chosen = load_folder(path), {}
        for name in sorted(found, key=lambda name: (len(name), name)):
            chosen.setdefault(found[name], name)
        save_folder(output, {name: data for data, name in chosen.items()})
    else:
        with open(path, encoding="utf-8") as stream:
            text = points_of(stream.read())
        os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
        with open(output, "w", encoding="utf-8") as stream:
            stream.write(text)
