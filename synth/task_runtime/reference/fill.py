"""fill: a template, once for each row."""

import os

from reference.rows import load


def run(params, inputs, output):
    with open(inputs[1], encoding="utf-8") as stream:
        template = stream.read()
    os.makedirs(output, exist_ok=True)
    for row in load(inputs[0]):
        if params["only_column"] and str(row[params["only_column"]]) != params["only_value"]:
            continue
        text = template
        for name, value in row.items():
            said = "%.2f" % value if name in params["figures"] else str(value)
            text = text.replace("{{%s}}" % name, said)
        path = os.path.join(output, "%s.txt" % row[params["name"]])
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
