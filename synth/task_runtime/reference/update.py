"""update: some values of settings, rows or notes, and nothing else."""

import configparser
import math

from reference.edits import edit_rows, tick
from reference.rows import load


def edit_lines(lines, changes):
    """Replace values in place, and add the keys that a section lacks at its end."""
    todo, section, result = dict(changes), None, []
    for line in lines + ["["]:
        if line.startswith("["):
            missing = [key for where, key in todo if where == section]
            result += ["%s = %s" % (key, todo.pop((section, key))) for key in missing]
            section = line.strip()[1:-1]
        key = line.split("=")[0].strip()
        if "=" in line and (section, key) in todo:
            line = "%s = %s" % (key, todo.pop((section, key)))
        result.append(line)
    return result[:-1]


def run(params, inputs, output):
    source = inputs[0]
    if params["mode"] in ("mark", "raise"):
        edit_rows(source, params)
        return
    if params["mode"] == "tick":
        tick(source, params)
        return
    changes = {}
    if params["mode"] == "scale":
        parser = configparser.RawConfigParser(delimiters=("=",))
        parser.optionxform = str
        parser.read(source, encoding="utf-8")
        for section in parser.sections():
            if parser.has_option(section, params["key"]):
                value = math.floor(int(parser.get(section, params["key"])) * params["factor"] + 0.5)
                changes[section, params["key"]] = str(value)
    else:
        for row in load(inputs[1]):
            changes[params["section"], str(row[params["key_column"]])] = str(
                row[params["value_column"]]
            )
    with open(source, encoding="utf-8") as stream:
        lines = edit_lines(stream.read().splitlines(), changes)
    with open(source, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
