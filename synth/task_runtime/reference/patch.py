"""patch: unified diffs, each applied wholly or not at all."""

import os
import re

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


def read_diff(path):
    """[(file, [(line, old lines, new lines)])]."""
    files = []
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            found = HUNK.match(line)
            if line.startswith("--- "):
                files.append((line[4:].split("\t")[0].strip().partition("/")[2], []))
            elif found:
                files[-1][1].append((int(found.group(1)) - 1, [], []))
            elif line[:1] in (" ", "-", "+") and not line.startswith("+++ "):
                _, old, new = files[-1][1][-1]
                if line[0] != "+":
                    old.append(line[1:])
                if line[0] != "-":
                    new.append(line[1:])
    return files


def patched(lines, hunks):
    """The new lines, or None where a hunk does not fit anywhere."""
    lines, shift = list(lines), 0
    for start, old, new in hunks:
        places = [at for at in range(len(lines) - len(old) + 1) if lines[at : at + len(old)] == old]
        if not places:
            return None
        at = min(places, key=lambda place: abs(place - start - shift))
        lines[at : at + len(old)] = new
        shift = at - start + len(new) - len(old)
    return lines


def apply(diff, target, reverse):
    """Whether the diff fits; all its files are written, or none."""
    changes = {}
    for name, hunks in read_diff(diff):
        path = os.path.join(target, name) if os.path.isdir(target) else target
        with open(path, encoding="utf-8") as stream:
            lines = stream.readlines()
        if reverse:
            hunks = [(start, new, old) for start, old, new in hunks]
        changes[path] = patched(lines, hunks)
    if None in changes.values():
        return False
    for path, lines in changes.items():
        with open(path, "w", encoding="utf-8") as stream:
            stream.writelines(lines)
    return True


def run(params, inputs, output):
    target, patches = inputs
    if params["mode"] != "series":
        if not apply(patches, target, params["mode"] == "reverse"):
            raise SystemExit("the patch does not fit")
        return
    skipped = [
        name
        for name in sorted(os.listdir(patches))
        if not apply(os.path.join(patches, name), target, False)
    ]
    if params["skipped"]:
        with open(os.path.join(target, params["skipped"]), "w", encoding="utf-8") as stream:
            stream.write("\n".join(skipped or ["none"]) + "\n")
