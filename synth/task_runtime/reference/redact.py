"""redact: placeholders in place of what identifies people."""

import os
import re

from reference.rows import load, save

PATTERNS = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "phone": r"\+\d{2}(?:[ -]\d+)+",
    "iban": r"\b[A-Z]{2}\d{2}(?: \d{4}){4}\b",
    "ip": r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
}


def redactor(params):
    patterns = ["(?P<%s>%s)" % (kind, PATTERNS[kind]) for kind in params["kinds"]]
    if params["names"]:
        names = "|".join(re.escape(name) for name in params["names"])
        patterns.append(r"(?P<name>\b(?:%s)\b)" % names)
    pattern, numbers = re.compile("|".join(patterns)), {}

    def placeholder(found):
        kind = found.lastgroup
        if not params["numbered"]:
            return "[%s]" % kind.upper()
        known = numbers.setdefault(kind, {})
        return "[%s-%d]" % (kind.upper(), known.setdefault(found.group(), len(known) + 1))

    return lambda text: pattern.sub(placeholder, text) if isinstance(text, str) else text


def run(params, inputs, output):
    redact = redactor(params)
    if output.endswith((".csv", ".tsv", ".json", ".jsonl")):
        save(output, [{k: redact(v) for k, v in row.items()} for row in load(inputs[0])])
        return
    with open(inputs[0], encoding="utf-8", newline="") as stream:
        text = redact(stream.read())
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
