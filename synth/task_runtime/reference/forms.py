"""Rows that came as cards, a printed list, a folder of forms, or a workbook."""

import datetime
import os
import re
import zipfile
from xml.etree import ElementTree

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_cards(path, params):
    rows = []
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            fact = re.match(r"- ([^:]+): (.*)", line)
            if line.startswith("## "):
                rows.append({params["names"][params["fields"][0]]: line[3:].strip()})
            elif fact:
                rows[-1][fact[1]] = fact[2].strip()
    return rows


def read_forms(folder, params):
    for name in sorted(os.listdir(folder)):
        if name != "README.txt":
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                lines = [line.strip().partition(": ") for line in stream]
            yield {label: value for label, colon, value in lines if colon}


def read_listing(path, params):
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"-+(  -+)+", line):
            spans = [found.span() for found in re.finditer("-+", line)]
            heads = [lines[number - 1][start:end].strip() for start, end in spans]
            for row in lines[number + 1 :]:
                if not row.strip():
                    break
                yield dict(zip(heads, (row[start:end].strip() for start, end in spans)))


def read_book(path, params):
    with zipfile.ZipFile(path) as book:
        names = ElementTree.fromstring(book.read("xl/workbook.xml")).iter(SHEET + "sheet")
        number = [sheet.get("name") for sheet in names].index(params["sheet"]) + 1
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet%d.xml" % number))
    rows = [["".join(cell.itertext()) for cell in row] for row in sheet.iter(SHEET + "row")]
    for row in rows[1:]:
        made = dict(zip(rows[0], row))
        for name in params["dates"]:
            if made[name]:
                day = datetime.date(1899, 12, 30) + datetime.timedelta(days=int(made[name]))
                made[name] = day.isoformat()
        yield made


READERS = {
    "cards": read_cards,
    "forms": read_forms,
    "listing": read_listing,
    "book": read_book,
}


def tidy(cell, name, params):
    if cell and name in params["dates"] and params["form"] != "book":
        return datetime.datetime.strptime(cell, "%d %B %Y").date().isoformat()
    if cell and name in params["numbers"]:
        return float(cell.replace(",", "")) if "." in cell else int(cell.replace(",", ""))
    return cell


def read(path, params):
    rows = [
        {name: tidy(row.get(params["names"][name], ""), name, params) for name in params["fields"]}
        for row in READERS[params["form"]](path, params)
    ]
    if params["form"] == "forms":
        rows.sort(key=lambda row: row[params["fields"][0]])
    return rows
