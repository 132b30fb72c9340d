"""Files and trees: what is there, what is gone, what moved, what was left alone."""

import hashlib
import stat
from fnmatch import fnmatchcase

from checklib.case import MAX_BINARY, mode_of, read_bytes, read_text, walk
from checklib.verdict import Mismatch, settle, some


def digest_of(case, path):
    return hashlib.sha256(read_bytes(case, path, MAX_BINARY)).hexdigest()


def check_unchanged(case, check):
    for path, digest in check["digests"].items():
        if digest_of(case, path) != digest:
            raise Mismatch("edited", path)
    return "%d files as given" % len(check["digests"])


def check_exists(case, check):
    mode = mode_of(case, check["path"])
    directory = check["kind"] == "directory"
    if not (stat.S_ISDIR(mode) if directory else stat.S_ISREG(mode)):
        raise Mismatch("not a directory" if directory else "not a regular file", check["path"])
    return "a %s" % check["kind"]


def stands(case, path):
    try:
        mode_of(case, path)
    except Mismatch as mismatch:
        return not mismatch.found.startswith("no such file")
    return True


def check_absent(case, check):
    left = [path for path in check["paths"] if stands(case, path)]
    return settle(
        [("still there", path) for path in left], len(check["paths"]), check["partial"], "gone"
    )


def check_moved(case, check):
    problems = []
    for move in check["moves"]:
        try:
            if digest_of(case, move["target"]) != move["sha256"]:
                raise Mismatch("another content than %s had" % move["source"], move["target"])
            if stands(case, move["source"]):
                raise Mismatch("still there", move["source"])
        except Mismatch as mismatch:
            problems.append((mismatch.found, mismatch.where))
    total = len(check["moves"])
    return settle(problems, total, check["partial"], "%d files moved, content kept" % total)


def check_tree(case, check):
    """Exactly these files below a folder, with these contents where they are given."""
    root, wanted = check["root"], check["files"]
    prefix = root + "/" if root else ""
    found = {path[len(prefix) :]: kind for path, kind in walk(case, root).items()}
    found = {
        path: kind
        for path, kind in found.items()
        if not any(fnmatchcase(path, pattern) for pattern in check["ignore"])
        and (kind != "directory" or check["empty_folders"])
    }
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if extra:
        raise Mismatch("unexpected: %s" % some(extra), root or ".")
    problems = [("missing", prefix + path) for path in missing]
    problems += [
        ("another content", prefix + path)
        for path in sorted(set(wanted) & set(found))
        if found[path] != "file"
        or (wanted[path] and digest_of(case, prefix + path) != wanted[path])
    ]
    return settle(problems, len(wanted), check["partial"], "exactly %d files" % len(wanted))


def check_mode(case, check):
    mode = mode_of(case, check["path"])
    if not stat.S_ISREG(mode):
        raise Mismatch("not a regular file", check["path"])
    if bool(mode & 0o100) != check["executable"]:
        raise Mismatch("mode %o" % stat.S_IMODE(mode), check["path"])
    return "mode %o" % stat.S_IMODE(mode)


def blanks(text, handling):
    if handling == "collapse":
        return " ".join(text.split()).split(" ")
    lines = text.split("\n")
    if handling == "trim":
        lines = "\n".join(line.rstrip() for line in lines).strip("\n").split("\n")
    return lines


def check_text(case, check):
    """A text file line for line; with collapsed blanks word for word."""
    wanted = blanks(check["text"], check["blanks"])
    found = blanks(read_text(case, check["path"]), check["blanks"])
    unit = "word" if check["blanks"] == "collapse" else "line"
    for number, (left, right) in enumerate(zip(wanted, found), 1):
        if left != right:
            raise Mismatch("%r, not %r" % (right[:160], left[:160]), place(check, unit, number))
    if len(wanted) != len(found):
        number = min(len(wanted), len(found)) + 1
        raise Mismatch(
            "%d %ss, not %d" % (len(found), unit, len(wanted)), place(check, unit, number)
        )
    return "%d %ss, all the same" % (len(found), unit)


def place(check, unit, number):
    return "%s %s %d" % (check["path"], unit, number)


CHECKS = {
    "unchanged": check_unchanged,
    "exists": check_exists,
    "absent": check_absent,
    "moved": check_moved,
    "tree": check_tree,
    "mode": check_mode,
    "text": check_text,
}
