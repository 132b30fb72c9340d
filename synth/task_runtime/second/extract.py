"""extract: by plain string operations."""

import re
import zipfile
from datetime import date, datetime, timedelta
from email.utils import getaddresses, parsedate
from html import unescape
from pathlib import Path

from second.rows import native, write
from second.timeline import entries


def letters(path):
    for letter in re.split(r"(?m)^From \S+ \w{3} ", Path(path).read_text("utf-8"))[1:]:
        head, _, body = letter.partition("\n\n")
        row = {}
        for line in head.splitlines()[1:] + body.splitlines():
            name, colon, value = line.partition(": ")
            if colon:
                row.setdefault("_".join(name.lower().split()), value.strip())
        row["date"] = "%04d-%02d-%02d" % parsedate(row["date"])[:3]
        row["from"] = getaddresses([row["from"]])[0][1].lower()
        yield row


def facts(lines):
    for line in lines:
        name, colon, value = line.lstrip("- ").partition(": ")
        if colon:
            yield name, value.strip()


def cards(path, params):
    for part in Path(path).read_text("utf-8").split("\n## ")[1:]:
        head, _, rest = part.partition("\n")
        listed = [line for line in rest.splitlines() if line.startswith("- ")]
        yield {**dict(facts(listed)), params["names"][params["fields"][0]]: head.strip()}


def forms(path, params):
    first = params["names"][params["fields"][0]]
    found = (dict(facts(p.read_text("utf-8").splitlines())) for p in Path(path).glob("*.txt"))
    return sorted((form for form in found if first in form), key=lambda form: form[first])


def listing(path, params):
    spans, before = [], ""
    for line in Path(path).read_text("utf-8").split("\n"):
        if line and not line.strip("- "):
            widths = [len(dashes) for dashes in line.split("  ")]
            starts = [sum(widths[:n]) + 2 * n for n in range(len(widths))]
            spans = [slice(at, at + width) for at, width in zip(starts, widths)]
            heads = [before[span].strip() for span in spans]
        elif not line:
            spans = []
        elif spans:
            yield {head: line[span].strip() for head, span in zip(heads, spans)}
        before = line


def book(path, params):
    archive = zipfile.ZipFile(path)
    named = re.findall(
        r'<sheet name="([^"]*)" sheetId="(\d+)"', archive.read("xl/workbook.xml").decode()
    )
    number = next(n for name, n in named if unescape(name) == params["sheet"])
    text = archive.read("xl/worksheets/sheet%s.xml" % number).decode()
    rows = []
    for row in re.findall(r"<row .*?</row>", text, re.DOTALL):
        cells = re.findall(r"<c [^>]*>(.*?)</c>", row, re.DOTALL)
        rows.append([unescape(re.sub("<[^>]*>", "", cell)) for cell in cells])
    for row in rows[1:]:
        made = dict(zip(rows[0], row))
        for name in params["dates"]:
            if made[name]:
                made[name] = str(date(1899, 12, 30) + timedelta(int(made[name])))
        yield made


FORMS = {"cards": cards, "forms": forms, "listing": listing, "book": book}


def tidy(cell, name, params):
    if not cell:
        return ""
    if name in params["numbers"]:
        plain = cell.replace(",", "")
        return int(plain) if plain.lstrip("-").isdigit() else float(plain)
    if name in params["dates"] and params["form"] != "book":
        return datetime.strptime(cell, "%d %B %Y").strftime("%Y-%m-%d")
    return cell


def run(params, inputs, output):
    fields = params["fields"]
    if params["form"]:
        found = FORMS[params["form"]](inputs[0], params)
        rows = [[tidy(e.get(params["names"][n], ""), n, params) for n in fields] for e in found]
    else:
        found = letters(inputs[0]) if inputs[0].endswith(".mbox") else entries(inputs[0])
        rows = [[native(entry[name]) for name in fields] for entry in found]
    write(output, fields, rows)
