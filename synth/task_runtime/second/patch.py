"""patch, another way: each hunk as one text in place of another."""

import pathlib
import re


def sides(hunk):
    """What a hunk takes away and what it puts there, context included."""
    lines = hunk.splitlines(keepends=True)[1:]
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    return old, new


def apply(diff, target, reverse=False):
    parts = re.split(r"(?m)^--- a/(.*)\n\+\+\+ b/.*\n", diff)[1:]
    ready = []
    for name, body in zip(parts[::2], parts[1::2]):
        path = target / name.strip() if target.is_dir() else target
        text = path.read_text(encoding="utf-8")
        for hunk in re.split(r"(?m)^(?=@@ )", body)[1:]:
            old, new = reversed(sides(hunk)) if reverse else sides(hunk)
            head, found, tail = ("\n" + text).partition("\n" + old)
            if not found:
                return False
            text = (head + "\n" + new + tail)[1:]
        ready.append((path, text))
    for path, text in ready:
        path.write_text(text, encoding="utf-8")
    return True


def run(params, inputs, output):
    target, patches = map(pathlib.Path, inputs)
    if params["mode"] != "series":
        apply(patches.read_text(encoding="utf-8"), target, params["mode"] == "reverse")
        return
    left = []
    for patch in sorted(patches.iterdir()):
        if not apply(patch.read_text(encoding="utf-8"), target):
            left.append(patch.name)
    if params["skipped"]:
        (target / params["skipped"]).write_text("\n".join(left) or "none", encoding="utf-8")
