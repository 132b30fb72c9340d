"""The verifier of one task: compares a finished workspace with `checks.json` beside this file.

Runs on the standard library of Python 3.9+ alone and imports nothing from the workspace:

    python3 -I -S -B grade.py WORKSPACE LOGS

Writes LOGS/reward.json, `{"reward": x}` with x in [0, 1], and LOGS/reward-details.json with each
check's evidence. Gates earn nothing: a failed gate of a node voids that node, a failed gate of the
task voids everything. The reward is the weighted share of core checks that hold.
"""

import csv
import errno
import hashlib
import io
import json
import math
import os
import re
import stat
import sys
from collections import Counter
from functools import lru_cache

# Far more than any answer needs, and little enough to be compared within the verifier's time.
MAX_BYTES = 2 * 1024 * 1024
TOLERANCE = 0.0051
SHOWN = 3


class Mismatch(Exception):
    """A check does not hold: what was found, and where."""

    def __init__(self, found, where=""):
        super().__init__(found)
        self.found = evidence(found)
        self.where = evidence(where)


def evidence(text):
    """At most 500 characters that can be written as UTF-8: JSON may hold lone surrogates."""
    return str(text)[:500].encode("utf-8", "backslashreplace").decode("utf-8")


UNOPENED = {errno.ENOENT: "no such file", errno.ELOOP: "a symbolic link"}


def read_bytes(root, path):
    try:
        handle = os.open(os.path.join(root, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Mismatch(UNOPENED.get(error.errno, error.strerror), path) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Mismatch("not a regular file", path)
        with os.fdopen(handle, "rb", closefd=False) as stream:
            data = stream.read(MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(data) > MAX_BYTES:
        raise Mismatch("larger than %d MiB" % (MAX_BYTES // 1024**2), path)
    return data


def read_text(root, path):
    try:
        return read_bytes(root, path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Mismatch("not UTF-8 text: %s" % error, path) from None


def strict_json(text, where):
    def refuse(constant):
        raise Mismatch("%s is not valid JSON" % constant, where)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Mismatch("not valid JSON: %s" % error, where) from None


@lru_cache(maxsize=1)
def load_rows(root, path):
    """The column names and the rows (lists in that order) of a row file, by its extension."""
    text = read_text(root, path)
    if path.endswith((".csv", ".tsv")):
        return load_csv(text, "\t" if path.endswith(".tsv") else ",", path)
    if path.endswith(".jsonl"):
        lines = [line for line in text.split("\n") if line.strip()]
        objects = [strict_json(line, "%s line %d" % (path, n)) for n, line in enumerate(lines, 1)]
    else:
        objects = strict_json(text, path)
    if not isinstance(objects, list) or not all(isinstance(item, dict) for item in objects):
        raise Mismatch("not a list of objects", path)
    columns = list(objects[0]) if objects else []
    for number, item in enumerate(objects, 1):
        if set(item) != set(columns):
            raise Mismatch("keys %s" % sorted(item), "%s row %d" % (path, number))
        nested = [name for name in columns if isinstance(item[name], (dict, list))]
        if nested:
            raise Mismatch("a nested value under %s" % nested[0], "%s row %d" % (path, number))
    return columns, [[item[name] for name in columns] for item in objects]


def load_csv(text, delimiter, path):
    csv.field_size_limit(MAX_BYTES)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error as error:
        raise Mismatch("not valid CSV: %s" % error, path) from None
    if not lines:
        raise Mismatch("empty", path)
    header = [name.strip() for name in lines[0]]
    for number, row in enumerate(lines[1:], 1):
        if len(row) != len(header):
            raise Mismatch(
                "%d cells for %d columns" % (len(row), len(header)), "%s row %d" % (path, number)
            )
    return header, lines[1:]


NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


def as_number(value):
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if len(value) > 40 or not NUMBER.fullmatch(value):
            return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_text(value):
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)


def same(expected, found, numeric):
    if not numeric:
        return as_text(expected) == as_text(found)
    left, right = as_number(expected), as_number(found)
    if left is None or right is None:
        return as_text(expected) == as_text(found) == ""
    return abs(left - right) <= TOLERANCE


def project(check, header, rows):
    """The rows with their cells in the order of the check's columns."""
    places = [header.index(name) for name in check["columns"]]
    return [[row[place] for place in places] for row in rows]


def comparable(check, row):
    """The cells as text, numbers with two decimals: what rows are told apart and ordered by."""
    cells = []
    for numeric, cell in zip(check["numeric"], row):
        number = as_number(cell) if numeric else None
        cells.append(as_text(cell) if number is None else "%.2f" % number)
    return cells


def key_of(check, row):
    named = zip(check["columns"], comparable(check, row))
    return tuple(text for name, text in named if name in check["key"])


def compare_header(check, header, where):
    if sorted(header) != sorted(check["columns"]) or len(set(header)) != len(header):
        raise Mismatch("columns %s" % ", ".join(header), where)


def compare_keys(check, rows, where):
    wanted = Counter(key_of(check, row) for row in check["rows"])
    got = Counter(key_of(check, row) for row in rows)
    if wanted != got:
        missing, extra = wanted - got, got - wanted
        words = []
        for label, counter in (("missing", missing), ("extra", extra)):
            if counter:
                some = [" / ".join(key) for key in sorted(counter)[:SHOWN]]
                words.append("%d %s: %s" % (sum(counter.values()), label, "; ".join(some)))
        raise Mismatch(", ".join(words), where)


def compare_cells(check, rows, where):
    if len(rows) != len(check["rows"]):
        raise Mismatch("%d rows" % len(rows), where)
    wanted = check["rows"]
    if not check["ordered"]:

        def order(row):
            return key_of(check, row), comparable(check, row)

        wanted, rows = sorted(wanted, key=order), sorted(rows, key=order)
    for number, (wanted_row, row) in enumerate(zip(wanted, rows), 1):
        for name, numeric, expected, found in zip(
            check["columns"], check["numeric"], wanted_row, row
        ):
            if not same(expected, found, numeric):
                raise Mismatch(
                    "%s = %s" % (name, as_text(found)),
                    "%s row %d (%s)" % (where, number, " / ".join(key_of(check, wanted_row))),
                )


def load_answer(root, check):
    """The rows of a row file with their cells in the order of the check's columns."""
    header, rows = load_rows(root, check["path"])
    compare_header(check, header, check["path"])
    return project(check, header, rows)


def check_rows_parse(root, check):
    return "parses, %d rows" % len(load_answer(root, check))


def check_row_keys(root, check):
    rows = load_answer(root, check)
    compare_keys(check, rows, check["path"])
    return "%d rows" % len(rows)


def check_row_cells(root, check):
    rows = load_answer(root, check)
    compare_cells(check, rows, check["path"])
    return "%d rows, every cell" % len(rows)


def markdown_tables(text):
    """Every GitHub table of a document as (header, rows)."""
    lines, tables, at = text.split("\n"), [], 0
    while at + 1 < len(lines):
        if "|" in lines[at] and {"|", "-"} <= set(lines[at + 1]) <= set("|:- \t"):
            header, rows, at = split_row(lines[at]), [], at + 2
            while at < len(lines) and "|" in lines[at]:
                rows.append(split_row(lines[at]))
                at += 1
            tables.append((header, rows))
        else:
            at += 1
    return tables


def split_row(line):
    line = line.strip().removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    cells = re.split(r"(?<!\\)\|", line)
    return [cell.strip().strip("*`").replace("\\|", "|") for cell in cells]


def check_document_title(root, check):
    text = read_text(root, check["path"])
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if first.lstrip("#").strip().casefold() != check["title"].casefold() or not first.startswith(
        "# "
    ):
        raise Mismatch("first line %r" % first[:80], check["path"])
    return first


def check_document_table(root, check):
    problem = Mismatch("no table", check["path"])
    for header, rows in markdown_tables(read_text(root, check["path"])):
        where = "%s, table %s" % (check["path"], " | ".join(header))
        try:
            compare_header(check, header, where)
            if any(len(row) != len(header) for row in rows):
                raise Mismatch("rows of different length", where)
            ordered = project(check, header, rows)
            compare_keys(check, ordered, where)
            compare_cells(check, ordered, where)
        except Mismatch as mismatch:
            problem = mismatch
        else:
            return "table of %d rows" % len(rows)
    raise problem


def figures(text, label):
    """What stands behind `label:` on lines of their own, in order, each figure once."""
    label, found = label.casefold(), {}
    for line in (line.strip(">|#- \t") for line in text.split("\n")):
        head, rest = line[: len(label)].casefold(), line[len(label) :].strip()
        if head == label and rest[:1] in (":", "=", "|"):
            number = as_number(rest[1:].replace(",", ""))
            if number is not None:
                found["%.2f" % number] = number
    return found


def check_document_figure(root, check):
    """A line `Label: number`, as plain text, a list item or emphasised."""
    text = re.sub(r"[*_`]", "", read_text(root, check["path"]))
    found = figures(text, re.sub(r"[*_`]", "", check["label"]))
    if not found:
        raise Mismatch("no line %r with a number" % (check["label"] + ":"), check["path"])
    if len(found) > 1:
        raise Mismatch("several answers: %s" % ", ".join(list(found)[:SHOWN]), check["path"])
    [(said, number)] = found.items()
    if not same(check["value"], number, True):
        raise Mismatch("%s: %s" % (check["label"], said), check["path"])
    return "%s: %s" % (check["label"], said)


def load_config(text, path):
    """Sections with their keys; nothing may stand twice. Linear, unlike `configparser`."""
    sections, section = {}, None
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        where = "%s line %d" % (path, number)
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section in sections:
                raise Mismatch("section [%s] stands twice" % section, where)
            sections[section] = {}
            continue
        key, equals, value = line.partition("=")
        key = key.strip()
        if not equals or section is None:
            raise Mismatch("neither a section nor an entry of one: %r" % line[:80], where)
        if key in sections[section]:
            raise Mismatch("%s.%s stands twice" % (section, key), where)
        sections[section][key] = value.strip()
    return sections


def check_config_kept(root, check):
    """Everything outside the values to change is as it was, comments included."""
    text = read_text(root, check["path"])
    config = load_config(text, check["path"])
    for section, values in check["kept"].items():
        for key, value in values.items():
            found = config.get(section, {}).get(key)
            if found != value:
                raise Mismatch("%s.%s = %s" % (section, key, found), check["path"])
    lost = Counter(check["comments"]) - Counter(line.strip() for line in text.split("\n"))
    if lost:
        raise Mismatch("comment lost: %s" % next(iter(lost)), check["path"])
    known = [check["kept"], check["values"]]
    for section, values in config.items():
        if not any(section in part for part in known):
            raise Mismatch("unexpected section [%s]" % section, check["path"])
        for key in values:
            if not any(key in part.get(section, {}) for part in known):
                raise Mismatch("unexpected key %s.%s" % (section, key), check["path"])
    return "everything else unchanged"


def check_config_values(root, check):
    config = load_config(read_text(root, check["path"]), check["path"])
    for section, values in check["values"].items():
        for key, expected in values.items():
            found = config.get(section, {}).get(key)
            if not same(expected, found, as_number(expected) is not None):
                raise Mismatch("%s.%s = %s" % (section, key, found), check["path"])
    return "every value"


def check_unchanged(root, check):
    for path, digest in check["digests"].items():
        if hashlib.sha256(read_bytes(root, path)).hexdigest() != digest:
            raise Mismatch("edited", path)
    return "%d files as given" % len(check["digests"])


CHECKS = {
    "rows_parse": check_rows_parse,
    "row_keys": check_row_keys,
    "row_cells": check_row_cells,
    "document_title": check_document_title,
    "document_table": check_document_table,
    "document_figure": check_document_figure,
    "config_kept": check_config_kept,
    "config_values": check_config_values,
    "unchanged": check_unchanged,
}


SHARED = ("id", "node", "role", "weight", "requirement", "expected")


def run_check(root, check):
    result = {name: check[name] for name in SHARED}
    try:
        found = evidence(CHECKS[check["type"]](root, check))
    except Mismatch as mismatch:
        return dict(result, passed=False, found=mismatch.found, where=mismatch.where)
    return dict(result, passed=True, found=found, where=check.get("path", ""))


def void_behind_gates(results):
    """Core checks behind a failed gate do not hold, whatever they found."""
    closed = {result["node"] for result in results if gate_failed(result)}
    for result in results:
        if result["role"] == "core" and result["passed"] and closed & {None, result["node"]}:
            gate = "a gate of the task" if None in closed else "a gate of node %s" % result["node"]
            result.update(passed=False, found="void: %s failed" % gate)
    return results


def gate_failed(result):
    return result["role"] == "gate" and not result["passed"]


def reward_of(results):
    core = [result for result in results if result["role"] == "core"]
    total = math.fsum(result["weight"] for result in core)
    return math.fsum(result["weight"] for result in core if result["passed"]) / total


def main(workspace, logs):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "checks.json"), encoding="utf-8") as stream:
        checks = json.load(stream)["checks"]
    results = void_behind_gates([run_check(workspace, check) for check in checks])
    reward = round(reward_of(results), 9)
    for name, document in (
        ("reward-details.json", {"checks": results}),
        ("reward.json", {"reward": reward}),
    ):
        with open(os.path.join(logs, name), "w", encoding="utf-8") as stream:
            json.dump(document, stream, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
