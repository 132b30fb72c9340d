"""diagnose: the tracebacks in a log, each by its first exception and our innermost frame."""

import os
import re

from reference.rows import save

FRAME = re.compile(r'  File "(.+)", line (\d+), in (.+)')
RAISED = re.compile(r"([A-Za-z_][\w.]*)(?::|$)")
CHAINED = ("During handling of the above", "The above exception was")


def failures(path, root):
    """[{log_line, exception, file, line, function}] of every traceback that is no sequel."""
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    found, sequel, current = [], False, None
    for number, line in enumerate(lines, 1):
        frame = FRAME.match(line)
        if line.startswith("Traceback "):
            current, sequel = (None if sequel else {"log_line": number}), False
        elif line.startswith(CHAINED):
            sequel = True
        elif frame and current is not None:
            if frame.group(1).startswith(root + "/"):
                file, at, function = frame.groups()
                current.update(file=file, line=int(at), function=function)
        elif current is not None and RAISED.match(line):
            found.append(dict(current, exception=RAISED.match(line).group(1)))
            current = None
    return found


def run(params, inputs, output):
    found = failures(inputs[-1], params["root"])
    if params["way"] == "each":
        names = ("log_line", "exception", "file", "line")
        save(output, [{name: failure[name] for name in names} for failure in found])
        return
    causes = {}
    for failure in found:
        key = failure["exception"], failure["file"], failure["line"]
        causes.setdefault(key, []).append(failure["function"])
    rows = []
    for (exception, file, line), functions in causes.items():
        row = {"exception": exception, "file": file, "line": line}
        if params["way"] == "causes":
            row["function"] = functions[0]
        else:
            with open(os.path.join(inputs[0], file), encoding="utf-8") as stream:
                row["code"] = stream.read().splitlines()[line - 1].strip()
        rows.append(dict(row, count=len(functions)))
    save(output, rows)
