"""validate, another way: one pass a rule, each as its sentence says."""

import calendar
import decimal
import pathlib
import re

from second.table import read, texts, write

DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def is_day(text):
    found = DATE.fullmatch(text)
    if not found:
        return False
    year, month, day = map(int, found.groups())
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def is_whole(text):
    return text.lstrip("-").isdigit()


def missing(rows, rule):
    return [(n, c) for n, row in enumerate(rows) for c in rule["places"] if not row[c]]


def repeated(rows, rule):
    ids = [row["invoice"] for row in rows]
    return [(n, "invoice") for n, number in enumerate(ids) if ids.index(number) < n]


def status(rows, rule):
    fine = rule["allowed"] + [""]
    return [(n, "status") for n, row in enumerate(rows) if row["status"] not in fine]


def date(rows, rule):
    return [
        (n, c) for n, r in enumerate(rows) for c in ("issued", "due") if r[c] and not is_day(r[c])
    ]


def order(rows, rule):
    both = [(n, r) for n, r in enumerate(rows) if is_day(r["issued"]) and is_day(r["due"])]
    return [(n, "due") for n, row in both if row["due"] < row["issued"]]


def range_(rows, rule):
    fine = {str(number) for number in range(rule["low"], rule["high"] + 1)}
    return [(n, "quantity") for n, row in enumerate(rows) if row["quantity"] not in fine]


def total(rows, rule):
    known = [(n, r) for n, r in enumerate(rows) if is_whole(r["quantity"])]
    product = {
        n: decimal.Decimal(r["quantity"]) * decimal.Decimal(r["unit_price"]) for n, r in known
    }
    return [(n, "total") for n, r in known if product[n] != decimal.Decimal(r["total"])]


RULES = dict(missing=missing, repeated=repeated, status=status, date=date, order=order, total=total)
RULES["range"] = range_


def rows_findings(path, rules):
    rows = read(path) if path.endswith(("json", "jsonl")) else texts(path)
    return [(n + 1, c, rule["name"]) for rule in rules for n, c in RULES[rule["name"]](rows, rule)]


def settings_findings(path, rules):
    rule, section, found = {rule["name"]: rule for rule in rules}, None, []
    ranges, switches = rule["number"]["ranges"], rule["yes-no"]["places"]
    known = [*ranges, *switches, *rule["unknown"]["allowed"]]
    numbers = {k: {str(n) for n in range(least, most + 1)} for k, (least, most) in ranges.items()}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        if "=" not in line or line.startswith("#"):
            continue
        key, value = (part.strip() for part in line.split("=", 1))
        if not value:
            found.append((section, key, "empty"))
        elif key not in known:
            found.append((section, key, "unknown"))
        elif key in ranges and value not in numbers[key]:
            found.append((section, key, "number"))
        elif key in switches and value not in ("yes", "no"):
            found.append((section, key, "yes-no"))
    return found


def page_findings(path, rules):
    lines = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    heads = [
        (n, len(x) - len(x.lstrip("#")), x.lstrip("#").strip())
        for n, x in enumerate(lines, 1)
        if x.startswith("#")
    ]
    found = [
        (n, "todo") for n, line in enumerate(lines, 1) if "TODO" in line.replace(":", " ").split()
    ]
    for before, (number, depth, text) in zip([(0, 9, "")] + heads, heads):
        if depth - before[1] > 1:
            found.append((number, "skipped-level"))
        if text in [other for n, _, other in heads if n < number]:
            found.append((number, "same-heading"))
    anchors = ["-".join(text.lower().split(" ")) for _, _, text in heads]
    for number, line in enumerate(lines, 1):
        for piece in line.split("](#")[1:]:
            if piece.split(")")[0] not in anchors:
                found.append((number, "dead-anchor"))
    names = [rule["name"] for rule in rules]
    return [item for item in found if item[-1] in names]


WAYS = {
    "rows": (rows_findings, ["row", "column", "rule"]),
    "settings": (settings_findings, ["section", "key", "rule"]),
    "page": (page_findings, ["line", "rule"]),
}


def run(params, inputs, output):
    find, columns = WAYS[params["place"]]
    found = find(inputs[0], params["rules"])
    write(output, [dict(zip(columns, item)) for item in found], columns)
