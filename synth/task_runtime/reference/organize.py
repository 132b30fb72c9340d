"""organize: the same files at other places."""

import os
import re

from reference.folders import load_folder, save_folder
from reference.mails import load_mails, save_mails, sent


def shelf(params, base):
    if params["rule"] == "month":
        found = re.search(r"(20\d\d)-(\d\d)-\d\d", base) or re.search(r"(20\d\d)(\d\d)\d\d", base)
        return "-".join(found.groups()) if found else params["rest"]
    ending = os.path.splitext(base)[1].lower()[1:]
    for name, endings in params["types"].items():
        if ending in endings:
            return name
    return params["rest"]


def target(params, path):
    folder, base = os.path.split(path)
    if params["only_loose"] and folder:
        return path
    if params["rule"] == "rename":
        base = base.replace("(", "").replace(")", "").lower().replace(" ", "_")
        return os.path.join(folder, base)
    if params["rule"] == "flat":
        return path.replace("/", "_")
    return shelf(params, base) + "/" + base


def file_mails(params, path, output):
    boxes = {}
    for text, mail in load_mails(path):
        month = params["rule"] == "mail-month"
        name = sent(mail).strftime("%Y-%m") if month else mail["From"].strip("<>")
        boxes.setdefault(name, []).append(text)
    for name, texts in boxes.items():
        save_mails(os.path.join(output, name + ".mbox"), texts)


def run(params, inputs, output):
    if params["rule"].startswith("mail"):
        file_mails(params, inputs[0], output)
        return
    found, placed = load_folder(inputs[0]), {}
    for path in sorted(found):
        stem, ending = os.path.splitext(target(params, path))
        place, number = stem + ending, 2
        while place in placed:
            place = "%s_%d%s" % (stem, number, ending)
            number += 1
        placed[place] = found[path]
    save_folder(output, placed)
