"""Edits of rows and notes that leave the rest as it is."""

import csv
import json
from decimal import ROUND_HALF_UP, Decimal

from reference.rows import comma


def new_value(params, row):
    """The cell as it is to be, or None where it stays."""
    if params["mode"] == "mark":
        return params["value"] if str(row[params["key_column"]]) in params["keys"] else None
    if str(row[params["where"]]) != params["value"]:
        return None
    raised = Decimal(str(row[params["column"]])) * (100 + params["percent"]) / 100
    return raised.quantize(Decimal("0.01"), ROUND_HALF_UP)


def edit(row, params):
    value = new_value(params, row)
    if value is not None:
        native = isinstance(row[params["column"]], (int, float))
        row[params["column"]] = float(value) if native else str(value)
    return row


def edit_rows(path, params):
    with open(path, encoding="utf-8", newline="") as stream:
        if path.endswith((".csv", ".tsv")):
            reader = csv.DictReader(stream, delimiter=comma(path))
            rows = [edit(row, params) for row in reader]
        elif path.endswith(".jsonl"):
            rows = [edit(json.loads(line), params) for line in stream if line.strip()]
        else:
            rows = [edit(row, params) for row in json.load(stream)]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        if path.endswith((".csv", ".tsv")):
            writer = csv.DictWriter(
                stream, list(rows[0]), delimiter=comma(path), lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)
        elif path.endswith(".jsonl"):
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            json.dump(rows, stream, ensure_ascii=False, indent=2)


def tick(path, params):
    term = params["term"].casefold()
    with open(path, encoding="utf-8") as stream:
        lines = stream.readlines()
    with open(path, "w", encoding="utf-8") as stream:
        for line in lines:
            hit = line.startswith("- ") and term in line.casefold()
            stream.write("- [x] " + line[2:] if hit else line)
