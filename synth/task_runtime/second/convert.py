"""convert: line by line."""

import json
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from second.exports import FORMS
from second.rows import native, read, write


def value(text):
    if text.lstrip("-").isdigit():
        return int(text)
    return {"yes": True, "no": False}.get(text, text)


def settings(lines):
    found, section = {}, {}
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif "=" in line and line[0] not in "#;":
            key, _, text = line.partition("=")
            section[key.strip()] = value(text.strip())
    return json.dumps(found)


def page(lines):
    body = Element("body")
    for line in lines:
        if line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            SubElement(body, "h%d" % level).text = line.lstrip("# ").strip()
            bullets = None
        elif line.startswith("- "):
            if bullets is None:
                bullets = SubElement(body, "ul")
            SubElement(bullets, "li").text = line[2:].strip()
    return "<html>%s</html>" % tostring(body, encoding="unicode")


def run(params, inputs, output):
    source = Path(inputs[0])
    if source.suffix in (".ini", ".md"):
        lines = source.read_text("utf-8").splitlines()
        made = settings(lines) if source.suffix == ".ini" else page(lines)
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        Path(output).write_text(made, "utf-8")
        return
    names, rows = read(inputs[0])
    if params:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        made = FORMS[params["form"]](params, names, rows)
        Path(output).write_bytes(made if isinstance(made, bytes) else made.encode())
        return
    write(output, names, [[native(cell) for cell in row] for row in rows])
