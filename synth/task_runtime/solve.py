"""A solution of one task: does the steps of `steps.json` on the files as they are.

    solve.py [reference|second]

Standard library of Python 3.9+ only. It knows the parameters that the instruction states, and none
of the expected values: that it reaches them from the files is the proof that the task is solvable.
Where a task has a local site, that is served at http://127.0.0.1:8765/ while this runs, and the
parameter `url` of a step says where it begins; see `clawgym/sandbox/site.py`.
Each operation is a module beside this file with `run(params, inputs, output)`; paths are relative
to the current directory.
"""

import importlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main(way="reference"):
    sys.path.insert(0, HERE)
    with open(os.path.join(HERE, "steps.json"), encoding="utf-8") as stream:
        steps = json.load(stream)
    for step in steps:
        module = importlib.import_module("%s.%s" % (way, step["operation"]))
        clear(step["output"], step["inputs"])
        module.run(step["params"], step["inputs"], step["output"])


def clear(output, inputs):
    """Remove an earlier result: it is made anew, whatever lies there."""
    if output not in inputs and os.path.isfile(output):
        os.remove(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
