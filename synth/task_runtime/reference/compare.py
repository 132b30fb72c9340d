"""compare: what was added, removed or changed."""

import configparser
import os

from reference.folders import load_folder
from reference.rows import load, save


def status(before, now):
    return "added" if before is None else "removed" if now is None else "changed"


def compare_rows(params, old, new):
    key = params["key"]
    left = {str(row[key]): row for row in load(old)}
    right = {str(row[key]): row for row in load(new)}
    for name in list(left) + [name for name in right if name not in left]:
        before, now = left.get(name), right.get(name)
        changed = [c for c in before if before[c] != now[c]] if before and now else []
        if changed or not before or not now:
            yield {key: name, "change": status(before, now), "columns": "; ".join(changed)}


def compare_figures(params, old, new):
    key, column = params["key"], params["column"]
    now = {str(row[key]): row[column] for row in load(new)}
    for row in load(old):
        after = now.get(str(row[key]), row[column])
        if after != row[column]:
            yield {
                key: row[key],
                "old_" + column: row[column],
                "new_" + column: after,
                "difference": round(after - row[column], 2),
            }


def settings_of(path):
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    return {(s, key): value for s in parser.sections() for key, value in parser.items(s)}


def compare_settings(params, old, new):
    before, now = settings_of(old), settings_of(new)
    for place in list(before) + [place for place in now if place not in before]:
        left, right = before.get(place), now.get(place)
        if left != right:
            yield {
                "section": place[0],
                "key": place[1],
                "change": status(left, right),
                "old": left or "",
                "new": right or "",
            }


def compare_files(params, old, new):
    before, now = load_folder(old), load_folder(new)
    for path in sorted(set(before) | set(now)):
        left, right = before.get(path), now.get(path)
        if left != right:
            yield {
                "path": path,
                "change": status(left, right),
                "old_bytes": "" if left is None else len(left),
                "new_bytes": "" if right is None else len(right),
            }


def compare_lines(params, old, new):
    with open(old, encoding="utf-8") as stream:
        before = stream.read().splitlines()
    with open(new, encoding="utf-8") as stream:
        now = stream.read().splitlines()
    for change, lines, others in (("removed", before, set(now)), ("added", now, set(before))):
        for number, line in enumerate(lines, 1):
            if line.strip() and line not in others:
                yield {"change": change, "line": number, "text": line.strip()}


WAYS = {
    "rows": compare_rows,
    "figures": compare_figures,
    "settings": compare_settings,
    "files": compare_files,
    "lines": compare_lines,
}


def run(params, inputs, output):
    old, new = (os.fspath(path) for path in inputs)
    save(output, list(WAYS[params["way"]](params, old, new)))
