"""test, another way: reads what `python3 -m unittest -v` prints."""

import re
import subprocess
import sys

from second.table import write

ENDS = {"ok": "passed", "FAIL": "failed", "ERROR": "error"}
TEST = re.compile(r"^(test_\w+) \((.*?)\)")


def full_id(found):
    name, place = found.groups()
    return place if place.endswith("." + name) else place + "." + name


def run(params, inputs, output):
    command = [sys.executable, "-B", "-m", "unittest", "-v"]
    ran = subprocess.run(command, cwd=inputs[0], stderr=subprocess.PIPE, text=True, check=False)
    tests, blamed = {}, None
    for line in ran.stderr.splitlines():
        found = TEST.match(line)
        if found and " ... " in line:
            end = line.rpartition(" ... ")[2]
            tests[full_id(found)] = {"outcome": ENDS.get(end.split()[0], "skipped")}
        elif line.startswith(("FAIL: ", "ERROR: ")):
            blamed = tests[full_id(TEST.match(line.split(": ", 1)[1]))]
        elif blamed is not None and "/tests/" in line and ", line " in line:
            blamed["line"] = int(re.search(r", line (\d+)", line).group(1))
        elif blamed is not None and re.match(r"\w+(Error|Exception)\b", line):
            blamed.setdefault("exception", re.match(r"\w+", line).group())
    rows = [dict(test, test=name) for name, test in tests.items()]
    if params["list"] == "modules":
        modules = sorted({".".join(name.split(".")[:2]) for name in tests})
        counted = []
        for module in modules:
            ends = [t["outcome"] for name, t in tests.items() if name.startswith(module + ".")]
            row = {
                end: sum(e == end for e in ends) for end in ("passed", "failed", "error", "skipped")
            }
            counted.append(dict(row, module=module))
        write(output, counted, ["module", "passed", "failed", "error", "skipped"])
    elif params["list"] == "broken":
        rows = [row for row in rows if row["outcome"] in ("failed", "error")]
        write(output, rows, ["test", "outcome", "exception", "line"])
    else:
        write(output, rows, ["test", "outcome"])
