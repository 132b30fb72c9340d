"""convert: the same content in another format."""

import configparser
import html
import json
import os
import re

from reference.exports import FORMS
from reference.rows import load, save


def typed(text):
    if text in ("yes", "no"):
        return text == "yes"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def settings(path):
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    found = {name: {k: typed(v) for k, v in parser.items(name)} for name in parser.sections()}
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def page(path):
    parts, open_list = ["<!doctype html>"], False
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            mark, _, text = line.strip().partition(" ")
            if open_list and mark != "-":
                parts.append("</ul>")
                open_list = False
            if mark == "-" and not open_list:
                parts.append("<ul>")
                open_list = True
            tag = {"#": "h1", "##": "h2", "-": "li"}.get(mark)
            if tag:
                parts.append("<%s>%s</%s>" % (tag, html.escape(text), tag))
    return "\n".join(parts + ["</ul>" if open_list else "", ""])


def run(params, inputs, output):
    if params:
        os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
        FORMS[params["form"]](params, load(inputs[0]), output)
        return
    made = {".ini": settings, ".md": page}.get(os.path.splitext(inputs[0])[1])
    if not made:
        rows = load(inputs[0])
        save(output, rows)
        return
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "w", encoding="utf-8") as stream:
        stream.write(made(inputs[0]))
