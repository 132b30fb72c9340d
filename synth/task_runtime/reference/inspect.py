"""inspect: what is there."""

import ast
import configparser
import re

from reference.folders import load_folder
from reference.rows import load, save


def extension(path):
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[-1].lower()


def files(params, path):
    for name, data in sorted(load_folder(path).items()):
        if len(data) >= params["least"]:
            yield {"path": name, "extension": extension(name), "bytes": len(data)}


def kinds(params, path):
    totals = {}
    for name, data in load_folder(path).items():
        count, size = totals.get(extension(name), (0, 0))
        totals[extension(name)] = count + 1, size + len(data)
    for kind in sorted(totals):
        yield {"extension": kind, "files": totals[kind][0], "bytes": totals[kind][1]}


def copies(params, path):
    groups = {}
    for name, data in sorted(load_folder(path).items()):
        if data:
            groups.setdefault(data, []).append(name)
    repeated = [(data, names) for data, names in groups.items() if len(names) > 1]
    for number, (data, names) in enumerate(repeated, 1):
        for name in names:
            yield {"group": number, "path": name, "bytes": len(data)}


def functions(params, path):
    for name, data in sorted(load_folder(path).items()):
        for node in ast.walk(ast.parse(data)):
            if isinstance(node, ast.FunctionDef):
                yield {
                    "file": name,
                    "function": node.name,
                    "line": node.lineno,
                    "arguments": len(node.args.args),
                    "documented": "yes" if ast.get_docstring(node) else "no",
                }


def todos(params, path):
    for name, data in sorted(load_folder(path).items()):
        for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
            found = re.search(r"#\s*TODO:\s*(.*)", line)
            if found:
                yield {"file": name, "line": number, "text": found.group(1).strip()}


def type_of(cells):
    for kind, pattern in (
        ("number", r"-?\d+(\.\d+)?"),
        ("date", r"\d{4}-\d\d-\d\d"),
        ("yes/no", "yes|no"),
    ):
        if cells and all(re.fullmatch(pattern, cell) for cell in cells):
            return kind
    return "text"


def settings(params, path):
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    for section in parser.sections():
        for key, value in parser.items(section):
            yield {"section": section, "key": key, "value": value, "type": type_of([value])}


def columns(params, path):
    rows = load(path)
    for name in rows[0]:
        filled = [str(row[name]) for row in rows if row[name] not in ("", None)]
        yield {
            "column": name,
            "type": type_of(filled),
            "filled": len(filled),
            "empty": len(rows) - len(filled),
            "different": len(set(filled)),
        }


def run(params, inputs, output):
    save(output, list(globals()[params["view"]](params, inputs[0])))
