"""redact, another way: looks for marks in the text (@, +, dots, capitals) and reads on from there."""

import pathlib

from second.table import read, write

WORD = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+")


def emails(text):
    at = text.find("@")
    while at >= 0:
        start, end = at, at + 1
        while start and text[start - 1] in WORD:
            start -= 1
        while end < len(text) and text[end] in WORD:
            end += 1
        while text[end - 1] in ".-":
            end -= 1
        if start < at < end - 1:
            yield start, end
        at = text.find("@", at + 1)


def phones(text):
    for start in range(len(text)):
        if text[start] == "+" and text[start + 1 : start + 3].isdigit():
            end = start + 1
            while end < len(text) and (
                text[end].isdigit() or (text[end] in " -" and text[end + 1 : end + 2].isdigit())
            ):
                end += 1
            yield start, end


def ibans(text):
    for start in range(len(text) - 23):
        groups = text[start : start + 24].split(" ")
        digits = groups[0][2:] + "".join(groups[1:])
        fits = [len(group) for group in groups] == [4] * 5 and groups[0][:2].isupper()
        if fits and digits.isdigit():
            yield start, start + 24


def addresses(text):
    start = 0
    while start < len(text):
        end = start
        while end < len(text) and (text[end].isdigit() or text[end] == "."):
            end += 1
        parts = text[start:end].rstrip(".").split(".")
        if len(parts) == 4 and all(part.isdigit() and len(part) < 4 for part in parts):
            yield start, start + len(".".join(parts))
        start = end + 1


def names(text, wanted):
    for name in wanted:
        start = text.find(name)
        while start >= 0:
            yield start, start + len(name)
            start = text.find(name, start + 1)


FINDERS = {"email": emails, "phone": phones, "iban": ibans, "ip": addresses}


class Counter:
    def __init__(self, params):
        self.params, self.seen = params, {}

    def clean(self, text):
        if not isinstance(text, str):
            return text
        found = [(s, e, kind) for kind in self.params["kinds"] for s, e in FINDERS[kind](text)]
        found += [(s, e, "name") for s, e in names(text, self.params["names"])]
        parts, last = [], 0
        for start, end, kind in sorted(found):
            if start < last:
                continue
            parts += [text[last:start], self.mark(kind, text[start:end])]
            last = end
        return "".join(parts + [text[last:]])

    def mark(self, kind, value):
        if not self.params["numbered"]:
            return "[" + kind.upper() + "]"
        of_kind = self.seen.setdefault(kind, [])
        if value not in of_kind:
            of_kind.append(value)
        return "[" + kind.upper() + "-" + str(of_kind.index(value) + 1) + "]"


def run(params, inputs, output):
    counter, target = Counter(params), pathlib.Path(output)
    if inputs[0].endswith(("csv", "tsv", "json", "jsonl")):
        rows = read(inputs[0])
        cleaned = [{key: counter.clean(cell) for key, cell in row.items()} for row in rows]
        write(output, cleaned, list(rows[0]))
        return
    text = counter.clean(pathlib.Path(inputs[0]).read_bytes().decode())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode())
