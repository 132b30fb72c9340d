"""One finished workspace: its files, opened so that no link leads anywhere else."""

import errno
import json
import os
import stat
import sys

from checklib.verdict import Mismatch

# Far more than any answer needs, and little enough to be compared within the verifier's time.
MAX_BYTES = 2 * 1024 * 1024
MAX_BINARY = 32 * 1024 * 1024
MAX_ENTRIES = 20_000
KEPT = 8

UNOPENED = {
    errno.ENOENT: "no such file",
    errno.ELOOP: "a symbolic link",
    errno.ENOTDIR: "no such file: a part of the path is no directory",
}


class Case:
    """The workspace at `root`; `logs` is where the harness left what else there is to see."""

    def __init__(self, root, logs=""):
        self.root = root
        self.logs = logs
        self.parsed = {}

    def once(self, make, path, *more):
        """`make(self, path, *more)`, worked out once for all checks of a file."""
        key = (make.__module__, make.__name__, path, *more)
        if key not in self.parsed:
            while len(self.parsed) >= KEPT:
                self.parsed.pop(next(iter(self.parsed)))
            try:
                self.parsed[key] = (make(self, path, *more), None)
            except Mismatch as mismatch:
                self.parsed[key] = (None, mismatch)
        value, mismatch = self.parsed[key]
        if mismatch:
            raise Mismatch(mismatch.found, mismatch.where)
        return value


def open_path(root, path, flags=0):
    """A descriptor of what stands at `path`; no part of the path may be a link."""
    parts = path.split("/") if path else []
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for number, part in enumerate(parts, 1):
        more = os.O_DIRECTORY if number < len(parts) else flags | os.O_NONBLOCK
        try:
            inner = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | more, dir_fd=handle)
        except (OSError, ValueError) as error:
            found = UNOPENED.get(getattr(error, "errno", None)) or str(error)
            raise Mismatch(linked(handle, part) or found, path) from None
        finally:
            os.close(handle)
        handle = inner
    return handle


def linked(handle, part):
    """O_DIRECTORY calls a link no directory: say what it is."""
    try:
        link = stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode)
    except (OSError, ValueError):
        return ""
    return "a symbolic link" if link else ""


def read_bytes(case, path, limit=MAX_BYTES):
    handle = open_path(case.root, path)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Mismatch("not a regular file", path)
        with os.fdopen(handle, "rb", closefd=False) as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise Mismatch(error.strerror, path) from None
    finally:
        os.close(handle)
    if len(data) > limit:
        raise Mismatch("larger than %d MiB" % (limit // 1024**2), path)
    return data


def read_text(case, path):
    try:
        return read_bytes(case, path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Mismatch("not UTF-8 text: %s" % error, path) from None


def mode_of(case, path):
    handle = open_path(case.root, path)
    try:
        return os.fstat(handle).st_mode
    finally:
        os.close(handle)


def walk(case, folder):
    """Every entry below a folder as {path: kind}; directories only where they are empty."""
    os.close(open_path(case.root, folder, os.O_DIRECTORY))
    found, stack = {}, [folder]
    while stack:
        below = stack.pop()
        entries = sorted(os.scandir(os.path.join(case.root, below)), key=lambda entry: entry.name)
        if not entries and below != folder:
            found[below + "/"] = "directory"
        for entry in entries:
            path = "%s/%s" % (below, entry.name) if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                stack.append(path)
            else:
                found[path] = "file" if entry.is_file(follow_symlinks=False) else "other"
        if len(found) + len(stack) > MAX_ENTRIES:
            raise Mismatch("more than %d files" % MAX_ENTRIES, folder)
    return found


def suffix_of(path):
    """`md` of `a/b.MD`; the empty string where there is none."""
    name = path.rsplit("/", 1)[-1]
    return name.rpartition(".")[2].lower() if "." in name else ""


def strict_json(text, where):
    """JSON without NaN, repeated keys or numbers of thousands of digits."""

    def refuse(constant):
        raise Mismatch("%s is not valid JSON" % constant, where)

    def unique(pairs):
        members = dict(pairs)
        if len(members) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise Mismatch("the key %r stands twice" % twice, where)
        return members

    def integer(digits):
        if len(digits) > 4000:
            raise ValueError("an integer of %d digits" % len(digits))
        return int(digits)

    hooks = {"parse_constant": refuse, "object_pairs_hook": unique}
    if not hasattr(sys, "get_int_max_str_digits"):
        hooks["parse_int"] = integer
    try:
        return json.loads(text, **hooks)
    except (ValueError, RecursionError) as error:
        raise Mismatch("not valid JSON: %s" % error, where) from None
