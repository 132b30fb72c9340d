"""search: by regular expressions over whole texts."""

import re
from pathlib import Path

from second.rows import write


def load(place):
    root = Path(place)
    if root.is_file():
        return {"": root.read_text("utf-8")}
    return {p.relative_to(root).as_posix(): p.read_text("utf-8") for p in root.rglob("*.*")}


def count(words, text):
    whole = r"(?<![^\W_])(?:%s)(?![^\W_])" % "|".join(map(re.escape, words))
    return len(re.findall(whole, text, re.IGNORECASE))


def run(params, inputs, output):
    found, words = load(inputs[0]), params["words"]
    if params["mode"] == "lines":
        rows = []
        for name in sorted(found):
            for number, line in enumerate(found[name].split("\n")):
                if all(re.search(re.escape(word), line, re.IGNORECASE) for word in words):
                    rows.append([name, number + 1, line.strip()])
        names = ["file", "line", "text"]
        if not params["many"]:
            names, rows = names[1:], [row[1:] for row in rows]
        write(output, names, rows)
        return
    if not params["many"]:
        parts = re.split(r"(?m)^## ", found[""])[1:]
        found = dict(part.split("\n", 1) for part in parts)
    best = [(name, count(words, found[name])) for name in sorted(found)]
    best = [pair for pair in sorted(best, key=lambda pair: -pair[1]) if pair[1]]
    rows = [[n + 1, name, hits] for n, (name, hits) in enumerate(best[: params["most"]])]
    write(output, ["rank", "file" if params["many"] else "section", "hits"], rows)
