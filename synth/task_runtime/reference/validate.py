"""validate: every place at which a rule is broken."""

import configparser
import csv
import datetime as dt
import json
import re

from reference.rows import save


def load_texts(path):
    """Rows with all cells as texts."""
    with open(path, encoding="utf-8", newline="") as stream:
        if path.endswith((".csv", ".tsv")):
            return list(csv.DictReader(stream, delimiter="\t" if path.endswith(".tsv") else ","))
        return [json.loads(line) for line in stream] if path.endswith("l") else json.load(stream)


def day(text):
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def whole(text):
    return int(text) if re.fullmatch(r"-?\d+", text) else None


def disordered(row, text):
    days = day(row["issued"]), day(text)
    return None not in days and days[1] < days[0]


def out_of_range(row, rule):
    quantity = whole(row["quantity"])
    return quantity is None or not rule["low"] <= quantity <= rule["high"]


def miscalculated(row, text):
    quantity = whole(row["quantity"])
    return quantity is not None and abs(quantity * float(row["unit_price"]) - float(text)) > 0.004


def broken(rule, row, column, seen):
    """Whether a cell breaks a rule."""
    text = row[column]
    return {
        "missing": lambda: text == "",
        "repeated": lambda: text in seen,
        "status": lambda: text != "" and text not in rule["allowed"],
        "date": lambda: text != "" and day(text) is None,
        "order": lambda: disordered(row, text),
        "range": lambda: out_of_range(row, rule),
        "total": lambda: miscalculated(row, text),
    }[rule["name"]]()


def check_rows(path, rules):
    seen, found = set(), []
    for number, row in enumerate(load_texts(path), 1):
        found += [
            {"row": number, "column": column, "rule": rule["name"]}
            for rule in rules
            for column in rule["places"]
            if broken(rule, row, column, seen)
        ]
        seen.add(row["invoice"])
    return found


def check_settings(path, rules):
    by_name = {rule["name"]: rule for rule in rules}
    numbers, switches = by_name["number"], by_name["yes-no"]
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.read(path, encoding="utf-8")
    found = []
    for section in parser.sections():
        for key, text in parser.items(section):
            value, rule = whole(text), None
            if text == "":
                rule = "empty"
            elif key in numbers["ranges"]:
                low, high = numbers["ranges"][key]
                if value is None or not low <= value <= high:
                    rule = "number"
            elif key in switches["places"]:
                rule = None if text in switches["allowed"] else "yes-no"
            elif key not in by_name["unknown"]["allowed"]:
                rule = "unknown"
            if rule:
                found.append({"section": section, "key": key, "rule": rule})
    return found


def check_page(path, rules):
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    anchors = {line.lstrip("# ").lower().replace(" ", "-") for line in lines if line[:1] == "#"}
    names, found, level, seen = {rule["name"] for rule in rules}, [], 0, set()
    for number, line in enumerate(lines, 1):
        broken = set()
        heading = re.match(r"(#+) (.*)", line)
        if re.search(r"\bTODO\b", line):
            broken.add("todo")
        if any(anchor not in anchors for anchor in re.findall(r"\]\(#([^)]+)\)", line)):
            broken.add("dead-anchor")
        if heading:
            depth, text = len(heading.group(1)), heading.group(2)
            if level and depth > level + 1:
                broken.add("skipped-level")
            if text in seen:
                broken.add("same-heading")
            level = depth
            seen.add(text)
        found += [{"line": number, "rule": rule} for rule in sorted(broken & names)]
    return found


CHECKS = {"rows": check_rows, "settings": check_settings, "page": check_page}


def run(params, inputs, output):
    save(output, CHECKS[params["place"]](inputs[0], params["rules"]))
