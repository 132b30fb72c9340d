"""Row files as names and lists of cells; cells are text, or what JSON said, until they are needed."""

import csv
import io
import json
import os
from decimal import Decimal, InvalidOperation


def read(path):
    """The column names, and each row as a list of cells."""
    with open(path, "rb") as stream:
        text = stream.read().decode("utf-8-sig")
    if path.endswith((".csv", ".tsv")):
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(path)))
        return lines[0], [line for line in lines[1:] if line]
    if path.endswith(".jsonl"):
        objects = [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line]
    else:
        objects = json.loads(text, parse_float=Decimal)
    names = list(objects[0]) if objects else []
    return names, [[item[name] for name in names] for item in objects]


def write(path, names, rows):
    """Write cells; text that is a plain number becomes a number where the format has such."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        if path.endswith((".csv", ".tsv")):
            writer = csv.writer(stream, delimiter=delimiter(path), quoting=csv.QUOTE_ALL)
            writer.writerow(names)
            writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
            return
        objects = [dict(zip(names, map(native, row))) for row in rows]
        if path.endswith(".jsonl"):
            stream.write("\n".join(json.dumps(item) for item in objects) + "\n")
        else:
            stream.write(json.dumps(objects))


def delimiter(path):
    return "\t" if path.endswith(".tsv") else ","


def figure(cell):
    """A cell as an exact number; None where it is none."""
    if cell is None or isinstance(cell, bool):
        return None
    try:
        number = Decimal(str(cell).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def native(cell):
    """A cell as JSON has it: plain numbers as numbers, all else as it is."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if not isinstance(cell, str) or figure(cell) is None:
        return cell
    whole = cell.lstrip("-").isdigit() and str(int(cell)) == cell
    return int(cell) if whole else float(cell) if plain(cell) else cell


def plain(text):
    """Whether the text is a decimal number as figures are written, and no version or code."""
    before, point, after = text.lstrip("-").partition(".")
    return bool(point) and before.isdigit() and after.isdigit() and len(after) == 2


def text(cell):
    """A cell as text; the empty string where there is nothing."""
    return "" if cell is None else str(cell)


def column(names, rows, name):
    """One column, top to bottom."""
    place = names.index(name)
    return [row[place] for row in rows]
