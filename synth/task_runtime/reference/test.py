"""test: runs the tests with unittest, and records how each ended."""

import json
import subprocess
import sys

from reference.rows import save

OUTCOMES = ("passed", "failed", "error", "skipped")
RUNNER = r"""
import json, sys, traceback, unittest

class Recorder(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.ended = {"test": test.id(), "outcome": "passed", "exception": "", "line": 0}
    def _blame(self, outcome, error):
        frames = traceback.extract_tb(error[2])
        mine = [f.lineno for f in frames if "/tests/" in f.filename]
        self.ended.update(outcome=outcome, exception=error[0].__name__, line=mine[-1])
    def addFailure(self, test, error):
        self._blame("failed", error)
    def addError(self, test, error):
        self._blame("error", error)
    def addSkip(self, test, reason):
        self.ended["outcome"] = "skipped"
    def stopTest(self, test):
        print(json.dumps(self.ended))

unittest.defaultTestLoader.discover(".").run(Recorder())
"""


def run(params, inputs, output):
    command = [sys.executable, "-B", "-c", RUNNER]
    ran = subprocess.run(command, cwd=inputs[0], capture_output=True, text=True, check=True)
    tests = [json.loads(line) for line in ran.stdout.splitlines()]
    if params["list"] == "every":
        save(output, [{"test": test["test"], "outcome": test["outcome"]} for test in tests])
    elif params["list"] == "broken":
        save(output, [test for test in tests if test["outcome"] in ("failed", "error")])
    else:
        modules = {}
        for test in tests:
            module = ".".join(test["test"].split(".")[:2])
            modules.setdefault(module, []).append(test["outcome"])
        save(
            output,
            [
                dict({"module": module}, **{name: ended.count(name) for name in OUTCOMES})
                for module, ended in modules.items()
            ],
        )
