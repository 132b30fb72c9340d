"""organize: decide all places first, number those that collide, then copy."""

import mailbox
import pathlib
import re
import tempfile
from email.utils import parseaddr, parsedate

from second.folders import below, rebuild, unpacked
from second.mails import copy_mails


def wish(params, path):
    rule = params["rule"]
    if params["only_loose"] and len(path.parts) > 1:
        return path
    if rule == "rename":
        return path.with_name(path.name.translate({40: None, 41: None, 32: "_"}).lower())
    if rule == "flat":
        return pathlib.PurePosixPath("_".join(path.parts))
    if rule == "month":
        digits = re.findall(r"(20\d\d)(-?)(\d\d)\2\d\d", path.name)
        folder = "%s-%s" % (digits[0][0], digits[0][2]) if digits else params["rest"]
    else:
        book = {ending: name for name, endings in params["types"].items() for ending in endings}
        folder = book.get(path.suffix.lower().lstrip("."), params["rest"])
    return pathlib.PurePosixPath(folder, path.name)


def mails(rule, source, output):
    box, shelves = mailbox.mbox(source), {}
    for key, message in box.iteritems():
        year, month = parsedate(message["date"])[:2]
        name = "%d-%02d" % (year, month) if rule == "mail-month" else parseaddr(message["from"])[1]
        shelves.setdefault(name, []).append(key)
    for name, keys in shelves.items():
        copy_mails(box, keys, "%s/%s.mbox" % (output, name))


def run(params, inputs, output):
    if params["rule"] in ("mail-month", "mail-sender"):
        mails(params["rule"], inputs[0], output)
        return
    with tempfile.TemporaryDirectory() as scratch:
        names = sorted(below(unpacked(inputs[0], scratch)))
    places = {}
    for name in names:
        wanted = wish(params, pathlib.PurePosixPath(name))
        tries = [wanted]
        while str(tries[-1]) in places:
            tries.append(wanted.with_name("%s_%d%s" % (wanted.stem, len(tries) + 1, wanted.suffix)))
        places[str(tries[-1])] = name
    rebuild(inputs[0], output, places)
