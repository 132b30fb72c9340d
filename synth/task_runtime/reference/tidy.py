"""Rows that were written carelessly, as they are meant."""

import re

from reference.rows import load, number

GAPS = ("", "n/a", "-")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def iso(text):
    found = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text)
    if found:
        return "-".join(reversed(found.groups()))
    found = re.fullmatch(r"(\d+) (\w{3}) (\d{4})", text)
    if found:
        return "%s-%02d-%02d" % (found[3], MONTHS.index(found[2]) + 1, int(found[1]))
    return text


def tidy(row, how):
    for name in how["gaps"]:
        if str(row[name]).strip() in GAPS:
            row[name] = ""
    for name in how["dates"]:
        row[name] = iso(row[name])
    for name in how["numbers"]:
        row[name] = number(str(row[name]).replace("EUR", "").replace(",", "").strip())
    for name in how["texts"]:
        row[name] = row[name].strip().lower()
    return row


def load_tidy(path, how):
    """Rows as they are meant; `how` is the `tidy` of the parameters, None for tidy rows."""
    return [tidy(row, how) if how else row for row in load(path)]
