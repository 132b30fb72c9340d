"""compare: both sides as mappings, then the keys of either."""

import difflib
import re

from second.folders import contents
from second.rows import figure, read, text, write


def run(params, inputs, output):
    header, lines = {
        "rows": rows,
        "figures": figures,
        "settings": settings,
        "files": files,
        "lines": reworded,
    }[params["way"]](params, *inputs)
    write(output, header, lines)


def keyed(path, key):
    names, lines = read(path)
    return names, {text(line[names.index(key)]): line for line in lines}


def alike(one, other):
    left, right = figure(one), figure(other)
    if left is not None and right is not None:
        return left == right
    return text(one) == text(other)


def word(before, now):
    return {(False, True): "added", (True, False): "removed"}.get((before, now), "changed")


def rows(params, old, new):
    names, before = keyed(old, params["key"])
    others, now = keyed(new, params["key"])
    made = []
    for key in {**before, **now}:
        changed = []
        if key in before and key in now:
            pairs = zip(names, before[key], (now[key][others.index(n)] for n in names))
            changed = [name for name, left, right in pairs if not alike(left, right)]
            if not changed:
                continue
        made.append([key, word(key in before, key in now), "; ".join(changed)])
    return [params["key"], "change", "columns"], made


def figures(params, old, new):
    column = params["column"]
    names, before = keyed(old, params["key"])
    others, now = keyed(new, params["key"])
    made = []
    for key in filter(now.__contains__, before):
        left = figure(before[key][names.index(column)])
        right = figure(now[key][others.index(column)])
        if left != right:
            made.append([key, left, right, right - left])
    return [params["key"], "old_" + column, "new_" + column, "difference"], made


def ini(path):
    section, found = "", {}
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            if re.match(r"\s*[#;]", line):
                continue
            head = re.match(r"\[(.*)\]", line)
            entry = re.match(r"([^=]+)=(.*)", line)
            if head:
                section = head[1]
            elif entry:
                found[section, entry[1].strip()] = entry[2].strip()
    return found


def settings(params, old, new):
    before, now = ini(old), ini(new)
    made = [
        [*place, word(place in before, place in now), before.get(place, ""), now.get(place, "")]
        for place in {**before, **now}
        if before.get(place) != now.get(place)
    ]
    return ["section", "key", "change", "old", "new"], made


def files(params, old, new):
    before, now = contents(old), contents(new)
    made = []
    for path in sorted({**before, **now}):
        if before.get(path) != now.get(path):
            sizes = [len(side[path]) if path in side else None for side in (before, now)]
            made.append([path, word(path in before, path in now), *sizes])
    return ["path", "change", "old_bytes", "new_bytes"], made


def numbered(path):
    with open(path, encoding="utf-8") as stream:
        lines = enumerate(stream.read().split("\n"), 1)
    return [(number, line) for number, line in lines if line.strip()]


def reworded(params, old, new):
    left, right = numbered(old), numbered(new)
    texts = [[line for _, line in side] for side in (left, right)]
    made = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if kind != "equal":
            made += [["removed", number, line.strip()] for number, line in left[a:b]]
            made += [["added", number, line.strip()] for number, line in right[c:d]]
    return ["change", "line", "text"], made
