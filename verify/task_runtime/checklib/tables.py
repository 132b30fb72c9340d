"""Rows with a type and a tolerance for each column, from any file that holds a table."""

import importlib
from collections import Counter

from checklib.case import suffix_of
from checklib.cells import as_number, as_text, close
from checklib.rows import compare_counts
from checklib.verdict import Mismatch, settle

SOURCES = {
    "csv": "rows",
    "tsv": "rows",
    "json": "structured",
    "jsonl": "rows",
    "yaml": "structured",
    "yml": "structured",
    "toml": "structured",
    "md": "documents",
    "markdown": "documents",
    "html": "documents",
    "htm": "documents",
    "docx": "documents",
    "xlsx": "xlsx",
    "xml": "xmltree",
    "vcf": "cards",
    "db": "databases",
    "sqlite": "databases",
    "sqlite3": "databases",
}


def tables_of(case, check):
    """Every table of the file that may be meant, as [(where, header, rows)]."""
    path = check["path"]
    name = SOURCES.get(check["format"] or suffix_of(path))
    if not name:
        raise Mismatch("no known kind of table: .%s" % suffix_of(path), path)
    module = importlib.import_module("checklib." + name)
    if name == "rows":
        header, rows = case.once(module.load_rows, path)
        return [(path, header, rows)]
    return module.tables(case, check)


def dated(value, column):
    from checklib.moments import as_date  # noqa: PLC0415 - shipped only where it is needed

    day = as_date(value, column["day_first"])
    return day.isoformat() if day else None


def timed(value, column):
    from checklib.moments import as_moment  # noqa: PLC0415 - shipped only where it is needed

    moment = as_moment(value)
    return moment.isoformat() if moment else None


def measured(value, column):
    if column["type"] == "number":
        return as_number(value)
    from checklib.quantities import as_quantity  # noqa: PLC0415 - shipped only where it is needed

    return as_quantity(value, column["units"])


TRUTHS = {
    "true": True,
    "yes": True,
    "1": True,
    "y": True,
    "false": False,
    "no": False,
    "0": False,
    "n": False,
}


def truth(value, column):
    return value if isinstance(value, bool) else TRUTHS.get(as_text(value).lower())


def worded(value, column):
    text = " ".join(as_text(value).split())
    return text.casefold() if column["ignore_case"] else text


READINGS = {
    "text": worded,
    "number": measured,
    "quantity": measured,
    "date": dated,
    "datetime": timed,
    "boolean": truth,
}


def reading(value, column):
    """A cell by the type of its column: a number, an ISO date, a truth value, text; None if bad.

    An empty cell is the empty string in every type. A `typed` column takes no text for a number.
    """
    if as_text(value) == "":
        return ""
    if column.get("typed") and isinstance(value, str):
        return None
    return READINGS[column["type"]](value, column)


def alike(expected, found, column):
    """Two readings: numbers within the tolerance of the column."""
    if isinstance(expected, float) and isinstance(found, float):
        return close(expected, found, column["absolute"], column["relative"])
    return expected == found and type(expected) is type(found)


def readings(rows, columns):
    return [[reading(cell, column) for cell, column in zip(row, columns)] for row in rows]


def shown(value):
    """A key as text: numbers by their value, so that `1` and `1.0` are one key."""
    return "%.10g" % value if isinstance(value, float) else str(value)


def check_table(case, check):
    """The file holds these rows; where it holds several tables, one of them does."""
    problem = Mismatch("no table", check["path"])
    for where, header, rows in tables_of(case, check):
        try:
            return compare(check, where, header, rows)
        except Mismatch as mismatch:
            if problem.found == "no table" or (mismatch.value or 0) > (problem.value or 0):
                problem = mismatch
    raise problem


def compare(check, where, header, rows):
    columns = check["columns"]
    names = [column["name"] for column in columns]
    places = columns_in(header, names, check, where)
    if any(len(row) != len(header) for row in rows):
        raise Mismatch("rows of different length", where)
    found = readings([[row[place] for place in places] for row in rows], columns)
    wanted = readings(check["rows"], columns)
    keys = [names.index(name) for name in check["key"]]
    if check["ordered"]:
        return compare_ordered(check, where, wanted, found, names)
    return compare_by_key(check, where, wanted, found, names, keys)


def columns_in(header, names, check, where):
    """Where each column stands; their names may differ in case and blanks if the check says so."""
    header = [as_text(name) for name in header]
    if check["ignore_case"]:
        header = [" ".join(name.replace("_", " ").casefold().split()) for name in header]
        names = [" ".join(name.replace("_", " ").casefold().split()) for name in names]
    known = Counter(header)
    if any(known[name] != 1 for name in names) or (
        len(header) > len(names) and not check["extra_columns"]
    ):
        raise Mismatch("columns %s" % ", ".join(header), where)
    return [header.index(name) for name in names]


def row_differs(check, wanted, found, names):
    """The first cell that is wrong, as words; the empty string for none."""
    for name, column, left, right in zip(names, check["columns"], wanted, found):
        if not alike(left, right, column):
            said = "nothing that is a %s" % column["type"] if right is None else right
            return "%s = %s, not %s" % (name, said if right != "" else "empty", left)
    return ""


def compare_ordered(check, where, wanted, found, names):
    if len(wanted) != len(found):
        raise Mismatch("%d rows, not %d" % (len(found), len(wanted)), where)
    problems = []
    for number, (left, right) in enumerate(zip(wanted, found), 1):
        said = row_differs(check, left, right, names)
        if said:
            problems.append((said, "%s row %d" % (where, number)))
    return settle(problems, len(wanted), check["partial"], "%d rows in order" % len(wanted))


def compare_by_key(check, where, wanted, found, names, keys):
    """Each expected row against the rows of its key; extra rows take the place of right ones."""
    by_key = {}
    for row in found:
        by_key.setdefault(tuple(shown(row[key]) for key in keys), []).append(row)
    wanted_keys = Counter(tuple(shown(row[key]) for key in keys) for row in wanted)
    got_keys = Counter({key: len(rows) for key, rows in by_key.items()})
    problems = []
    for row in wanted:
        key = tuple(shown(row[key]) for key in keys)
        said = take(check, row, by_key.get(key, []), names)
        if said:
            problems.append((said, "%s (%s)" % (where, " / ".join(key))))
    extra = sum((got_keys - wanted_keys).values())
    if wanted_keys != got_keys and not (check["extra_rows"] and not wanted_keys - got_keys):
        share = max(0, len(wanted) - len(problems)) / max(1, len(wanted) + extra)
        try:
            compare_counts(wanted_keys, got_keys, where)
        except Mismatch as mismatch:
            raise Mismatch(mismatch.found, where, share if check["partial"] else None) from None
    return settle(problems, len(wanted), check["partial"], "%d rows, every cell" % len(wanted))


def take(check, wanted, rows, names):
    """Use up the row that is right, and say what is wrong where none is."""
    said = "missing"
    for number, row in enumerate(rows):
        said = row_differs(check, wanted, row, names)
        if not said:
            del rows[number]
            return ""
    return said


CHECKS = {"table": check_table}
