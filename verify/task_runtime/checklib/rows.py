"""Row files: CSV, TSV, JSON, JSONL; the rows, their keys and their cells."""

import csv
import io
from collections import Counter

from checklib.case import MAX_BYTES, read_text, strict_json
from checklib.cells import DECIMAL, as_number, as_text, canonical, same
from checklib.verdict import SHOWN, Mismatch


def load_rows(case, path):
    """The column names and the rows (lists in that order) of a row file, by its extension."""
    text = read_text(case, path)
    if path.endswith((".csv", ".tsv")):
        return load_csv(text, "\t" if path.endswith(".tsv") else ",", path)
    if path.endswith(".jsonl"):
        return table_of(load_lines(text, path), path)
    return table_of(strict_json(text, path), path)


def load_lines(text, path):
    lines = [line for line in text.split("\n") if line.strip()]
    return [strict_json(line, "%s line %d" % (path, n)) for n, line in enumerate(lines, 1)]


def table_of(objects, path):
    """Header and rows of a list of flat objects that all have the same keys."""
    if not isinstance(objects, list) or not all(isinstance(item, dict) for item in objects):
        raise Mismatch("not a list of objects", path)
    columns = list(objects[0]) if objects else []
    for number, item in enumerate(objects, 1):
        if set(item) != set(columns):
            raise Mismatch("keys %s" % sorted(item, key=str), "%s row %d" % (path, number))
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


def project(check, header, rows):
    """The rows with their cells in the order of the check's columns.

    Texts that all are plain numbers, such as `8` and `0.4`, come back from many a tool as `8.0`.
    """
    places = [header.index(name) for name in check["columns"]]
    numbers = [is_of_numbers(column) for column in zip(*check["rows"])] or [False] * len(places)
    return [
        [canonical(row[place]) if number else row[place] for place, number in zip(places, numbers)]
        for row in rows
    ]


def is_of_numbers(column):
    """Whether cells are texts that say no more than a number does: not `007`, and not `2.10`."""
    texts = [cell for cell in column if cell != ""]
    return bool(texts) and all(
        isinstance(text, str) and DECIMAL.fullmatch(text) and canonical(text) == text
        for text in texts
    )


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
    compare_counts(
        Counter(key_of(check, row) for row in check["rows"]),
        Counter(key_of(check, row) for row in rows),
        where,
    )


def compare_counts(wanted, got, where):
    """Two multisets of keys, which are tuples of text."""
    if wanted != got:
        words = []
        for label, counter in (("missing", wanted - got), ("extra", got - wanted)):
            if counter:
                shown = [" / ".join(key) for key in sorted(counter)[:SHOWN]]
                words.append("%d %s: %s" % (sum(counter.values()), label, "; ".join(shown)))
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


def load_answer(case, check):
    """The rows of a row file with their cells in the order of the check's columns."""
    header, rows = case.once(load_rows, check["path"])
    compare_header(check, header, check["path"])
    return project(check, header, rows)


def check_rows_parse(case, check):
    return "parses, %d rows" % len(load_answer(case, check))


def check_row_keys(case, check):
    rows = load_answer(case, check)
    compare_keys(check, rows, check["path"])
    return "%d rows" % len(rows)


def check_row_cells(case, check):
    rows = load_answer(case, check)
    compare_cells(check, rows, check["path"])
    return "%d rows, every cell" % len(rows)


def check_row_layout(case, check):
    header, rows = case.once(load_rows, check["path"])
    missing = [name for name in check["columns"] if name not in header]
    if missing or (check["header"] and header != check["header"]):
        raise Mismatch("columns %s" % ", ".join(header), check["path"])
    found = [key_of(check, row) for row in project(check, header, rows)]
    wanted = [key_of(check, row) for row in check["rows"]]
    compare_counts(Counter(wanted), Counter(found), check["path"])
    if check["ordered"]:
        for number, (one, other) in enumerate(zip(wanted, found), 1):
            if one != other:
                raise Mismatch(
                    "%s, not %s" % (" / ".join(other), " / ".join(one)),
                    "%s row %d" % (check["path"], number),
                )
    return "%d rows in order" % len(found)


CHECKS = {
    "rows_parse": check_rows_parse,
    "row_keys": check_row_keys,
    "row_cells": check_row_cells,
    "row_layout": check_row_layout,
}
