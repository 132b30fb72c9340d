"""Reading and writing row files."""

import csv
import json
import os
import re

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def number(text):
    """A cell as a number where it is one and was meant as one."""
    if isinstance(text, str) and NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def load(path):
    with open(path, encoding="utf-8", newline="") as stream:
        if path.endswith((".csv", ".tsv")):
            reader = csv.DictReader(stream, delimiter=comma(path))
            return [{k: number(v) for k, v in row.items()} for row in reader]
        if path.endswith(".jsonl"):
            return [json.loads(line) for line in stream if line.strip()]
        return json.load(stream)


def comma(path):
    return "\t" if path.endswith(".tsv") else ","


def save(path, rows, names=None):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        if path.endswith((".csv", ".tsv")):
            writer = csv.DictWriter(
                stream, names or list(rows[0]), delimiter=comma(path), lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)
        elif path.endswith(".jsonl"):
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            json.dump(rows, stream, ensure_ascii=False, indent=2)
