"""deduplicate: mark what has to go, then leave it out."""

import hashlib
import mailbox
import pathlib
from email.utils import mktime_tz, parsedate_tz
from itertools import groupby

from second.folders import contents, rebuild
from second.mails import copy_mails
from second.rows import read, text, write


def run(params, inputs, output):
    path = pathlib.Path(inputs[0])
    if params["keys"]:
        rows(params, inputs[0], output)
    elif path.suffix == ".mbox":
        mails(params, inputs[0], output)
    elif path.is_dir() or path.suffix == ".zip":
        files(inputs[0], output)
    else:
        points(path, pathlib.Path(output))


def rows(params, source, output):
    names, lines = read(source)
    places = [names.index(key) for key in params["keys"]]
    day = names.index(params["date"]) if params["date"] else None

    def mark(number):
        return [text(lines[number][at]).strip().lower() for at in places]

    kept = []
    for _, same in groupby(sorted(range(len(lines)), key=lambda n: (mark(n), n)), key=mark):
        same = list(same)
        if params["keep"] == "merge":
            columns = zip(*(lines[n] for n in same))
            kept.append((same[0], [next((c for c in cells if text(c)), "") for cells in columns]))
            continue
        if day is not None:
            same.sort(key=lambda n: lines[n][day])
        stays = same[0 if params["keep"] in ("first", "oldest") else -1]
        kept.append((stays, lines[stays]))
    write(output, names, [line for _, line in sorted(kept, key=lambda pair: pair[0])])


def points(source, output):
    kept, known = [], []
    for line in source.read_text(encoding="utf-8").split("\n"):
        point = line[:2] == "- " and "".join(line.lower().split())
        if point and point in known:
            continue
        known.append(point)
        kept.append(line)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(kept), encoding="utf-8")


def mails(params, source, output):
    kept = {}
    for key, message in mailbox.mbox(source).iteritems():
        if params["keep"] == "first":
            kept.setdefault(message["message-id"], key)
            continue
        subject = message["subject"].casefold()
        matter = message["from"].strip("<>"), subject[4:] if subject[:4] == "re: " else subject
        moment = mktime_tz(parsedate_tz(message["date"]))
        kept[matter] = max(kept.get(matter, (0, 0)), (moment, -key))
    box = mailbox.mbox(source)
    keys = [key if isinstance(key, int) else -key[1] for key in kept.values()]
    copy_mails(box, sorted(keys), output)


def files(source, output):
    best = {}
    for name, data in contents(source).items():
        mark = hashlib.blake2b(data).hexdigest()
        if mark not in best or (len(name), name) < (len(best[mark]), best[mark]):
            best[mark] = name
    rebuild(source, output, {name: name for name in best.values()})
