"""diagnose, another way: cuts the log into blocks that begin with a traceback."""

import linecache
import pathlib
import re
from collections import Counter

from second.table import write

HEAD = "Traceback (most recent call last):\n"


def tracebacks(text):
    """(line of the log, text up to the end of the first exception) of each failure."""
    start = text.find(HEAD)
    while start >= 0:
        block = text[start : text.find(HEAD, start + 1) if HEAD in text[start + 1 :] else None]
        before = text[:start].rstrip().rpartition("\n")[2]
        if not before.endswith("exception occurred:") and not before.endswith("exception:"):
            yield text.count("\n", 0, start) + 1, block
        start = text.find(HEAD, start + 1)


def run(params, inputs, output):
    rows, functions = [], {}
    for log_line, block in tracebacks(pathlib.Path(inputs[-1]).read_text(encoding="utf-8")):
        body = block.split("\n")
        frames = [line.split(", ") for line in body if line.startswith("  File ")]
        mine = [f for f in frames if f[0][8:-1].split("/")[0] == params["root"]][-1]
        raised = next(line for line in body[1:] if line[:1].strip())
        file, line = mine[0][8:-1], int(mine[1][5:])
        exception = re.split(r":\s|:$", raised)[0]
        rows.append({"log_line": log_line, "exception": exception, "file": file, "line": line})
        functions[file, line] = mine[2][3:]
    if params["way"] == "each":
        write(output, rows, ["log_line", "exception", "file", "line"])
        return
    counted = Counter((row["exception"], row["file"], row["line"]) for row in rows)
    causes = []
    for (exception, file, line), count in counted.items():
        code = linecache.getline(str(pathlib.Path(inputs[0], file)), line).strip()
        row = {"exception": exception, "file": file, "line": line, "count": count}
        causes.append(dict(row, function=functions[file, line], code=code))
    linecache.clearcache()
    last = "function" if params["way"] == "causes" else "code"
    write(output, causes, ["exception", "file", "line", last, "count"])
