"""Short Markdown reports: a title, one table, and lines `label: number`."""

import re

from checklib.case import read_text
from checklib.cells import as_number, same, ungrouped
from checklib.rows import compare_cells, compare_header, compare_keys, project
from checklib.verdict import SHOWN, Mismatch


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


def check_document_title(case, check):
    text = read_text(case, check["path"])
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    title = re.sub(r"\s+#+$", "", first.lstrip("#")).strip()  # `# Title #` is a heading as well
    if title.casefold() != check["title"].casefold() or not first.startswith("# "):
        raise Mismatch("first line %r" % first[:80], check["path"])
    return first


def check_document_table(case, check):
    return find_table(case, check, compare_cells)


def check_document_keys(case, check):
    return find_table(case, check)


def find_table(case, check, *comparisons):
    """A table of the page with the right rows, told apart by their keys, and whatever else."""
    problem = Mismatch("no table", check["path"])
    for header, rows in markdown_tables(read_text(case, check["path"])):
        where = "%s, table %s" % (check["path"], " | ".join(header))
        try:
            compare_header(check, header, where)
            if any(len(row) != len(header) for row in rows):
                raise Mismatch("rows of different length", where)
            ordered = [figured(check, row) for row in project(check, header, rows)]
            for compare in (compare_keys, *comparisons):
                compare(check, ordered, where)
        except Mismatch as mismatch:
            problem = mismatch
        else:
            return "table of %d rows" % len(rows)
    raise problem


def figured(check, row):
    """A row of a table with its figures as files write them."""
    return [ungrouped(cell) if numeric else cell for numeric, cell in zip(check["numeric"], row)]


def figures(text, label):
    """What stands behind `label:` on lines of their own, in order, each figure once."""
    label, found = label.casefold(), {}
    for line in (line.strip(">|#- \t") for line in text.split("\n")):
        head, rest = line[: len(label)].casefold(), line[len(label) :].strip()
        if head == label and rest[:1] in (":", "=", "|"):
            number = as_number(ungrouped(rest[1:]))
            if number is not None:
                found["%.2f" % number] = number
    return found


def check_document_figure(case, check):
    """A line `Label: number`, as plain text, a list item or emphasised."""
    text = re.sub(r"[*_`]", "", read_text(case, check["path"]))
    found = figures(text, re.sub(r"[*_`]", "", check["label"]))
    if not found:
        raise Mismatch("no line %r with a number" % (check["label"] + ":"), check["path"])
    if len(found) > 1:
        raise Mismatch("several answers: %s" % ", ".join(list(found)[:SHOWN]), check["path"])
    [(said, number)] = found.items()
    if not same(check["value"], number, True):
        raise Mismatch("%s: %s" % (check["label"], said), check["path"])
    return "%s: %s" % (check["label"], said)


CHECKS = {
    "document_title": check_document_title,
    "document_table": check_document_table,
    "document_keys": check_document_keys,
    "document_figure": check_document_figure,
}
