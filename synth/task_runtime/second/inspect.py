"""inspect: an inventory, by other means."""

import io
import os
import tempfile
import tokenize

from second.folders import below, contents, unpacked
from second.rows import figure, read, text, write


def run(params, inputs, output):
    header, rows = {
        "files": files,
        "kinds": kinds,
        "copies": copies,
        "functions": functions,
        "todos": todos,
        "settings": settings,
        "columns": columns,
    }[params["view"]](inputs[0], params["least"])
    write(output, header, rows)


def sizes(path):
    with tempfile.TemporaryDirectory() as scratch:
        return {
            name: os.stat(file).st_size for name, file in below(unpacked(path, scratch)).items()
        }


def ending(name):
    return os.path.splitext(name)[1].lower()[1:]


def files(path, least):
    rows = [[name, ending(name), size] for name, size in sizes(path).items() if size >= least]
    return ["path", "extension", "bytes"], sorted(rows)


def kinds(path, least):
    found = sizes(path)
    rows = []
    for kind in sorted(set(map(ending, found))):
        own = [size for name, size in found.items() if ending(name) == kind]
        rows.append([kind, len(own), sum(own)])
    return ["extension", "files", "bytes"], rows


def copies(path, least):
    found = {name: data for name, data in contents(path).items() if data}
    rows, number, done = [], 0, set()
    for name in sorted(found):
        twins = sorted(other for other in found if found[other] == found[name])
        if len(twins) > 1 and name not in done:
            number += 1
            done.update(twins)
            rows += [[number, twin, len(found[twin])] for twin in twins]
    return ["group", "path", "bytes"], rows


def functions(path, least):
    rows = []
    for name, data in sorted(contents(path).items()):
        tokens = list(tokenize.tokenize(io.BytesIO(data).readline))
        for at, token in enumerate(tokens):
            if token.type == tokenize.NAME and token.string == "def":
                rows.append([name, tokens[at + 1].string, token.start[0], *told(tokens[at + 2 :])])
    return ["file", "function", "line", "arguments", "documented"], rows


def told(tokens):
    """How many arguments there are, and whether the body begins with a string."""
    close = next(n for n, token in enumerate(tokens) if token.string == ")")
    arguments = sum(token.type == tokenize.NAME for token in tokens[:close])
    body = next(n for n, token in enumerate(tokens) if token.type == tokenize.INDENT)
    return arguments, "yes" if tokens[body + 1].type == tokenize.STRING else "no"


def todos(path, least):
    rows = []
    for name, data in sorted(contents(path).items()):
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.type == tokenize.COMMENT and "TODO:" in token.string:
                rows.append([name, token.start[0], token.string.partition("TODO:")[2].strip()])
    return ["file", "line", "text"], rows


def kind_of(cells):
    if not cells:
        return "text"
    if all(figure(cell) is not None for cell in cells):
        return "number"
    if all(len(c) == 10 and c[4] == c[7] == "-" and c.replace("-", "").isdigit() for c in cells):
        return "date"
    return "yes/no" if set(cells) <= {"yes", "no"} else "text"


def settings(path, least):
    rows, section = [], ""
    with open(path, encoding="utf-8") as stream:
        for line in map(str.strip, stream):
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line and line[0] not in "#;":
                key, _, value = line.partition("=")
                rows.append([section, key.strip(), value.strip(), kind_of([value.strip()])])
    return ["section", "key", "value", "type"], rows


def columns(path, least):
    names, lines = read(path)
    rows = []
    for name, cells in zip(names, zip(*lines)):
        said = [text(cell) for cell in cells if text(cell)]
        rows.append([name, kind_of(said), len(said), len(cells) - len(said), len(set(said))])
    return ["column", "type", "filled", "empty", "different"], rows
