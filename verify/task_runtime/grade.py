"""The verifier of one task: compares a finished workspace with `checks.json` beside this file.

Runs on the standard library of Python 3.9+ alone and imports nothing from the workspace:

    python3 -I -S -B grade.py WORKSPACE LOGS

Writes LOGS/reward.json, `{"reward": x}` with x in [0, 1], and LOGS/reward-details.json with each
check's evidence. Gates earn nothing: a failed gate of a node voids that node, a failed gate of the
task voids everything. The reward is the weighted share of core checks that hold, and of the share
of a check where it is not all or nothing. When something of ours is missing there is no reward:
the program says what on stderr and exits with 3.
"""

import json
import math
import os
import sys
import time
from importlib.machinery import ModuleSpec

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK_SECONDS = 5.0
ALL_SECONDS = 30.0


class Library:
    """Imports `checklib` from beside this file: `-I` leaves this folder off `sys.path`.

    A warm interpreter may leave compiled sources in `sys.clawgym_code`, by their bytes.
    """

    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path=None, target=None):
        if name == "checklib":
            return ModuleSpec(name, self, is_package=True)
        file = os.path.join(self.folder, name.rpartition(".")[2] + ".py")
        known = name.startswith("checklib.") and os.path.isfile(file)
        return ModuleSpec(name, self, origin=file) if known else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if module.__name__ == "checklib":
            return
        with open(module.__spec__.origin, "rb") as stream:
            source = stream.read()
        code = getattr(sys, "clawgym_code", {}).get(source)
        exec(code or compile(source, module.__spec__.origin, "exec"), module.__dict__)  # noqa: S102


def load(name):
    """A module of the library, by its name."""
    __import__("checklib." + name)
    return sys.modules["checklib." + name]


def load_checks(folder):
    """Every check of the modules in the library: {type: function(case, check)}."""
    names = sorted(entry[:-3] for entry in os.listdir(folder) if entry.endswith(".py"))
    checks = {}
    for name in names:
        checks.update(getattr(load(name), "CHECKS", {}))
    return checks


SHARED = ("id", "node", "role", "weight", "requirement", "expected")


def run_check(case, check, checks, seconds=CHECK_SECONDS):
    """The result of one check; whatever stands in the workspace is data."""
    verdict = load("verdict")
    result = {name: check[name] for name in SHARED}
    try:
        with verdict.Deadline(seconds):
            found = verdict.evidence(checks[check["type"]](case, check))
    except verdict.Mismatch as mismatch:
        result.update(passed=False, found=mismatch.found, where=mismatch.where)
        if mismatch.value is not None:
            result["value"] = mismatch.value
        return result
    except (verdict.TooLong, RecursionError, MemoryError) as error:
        found = "not checked: %s" % WORN_OUT[type(error).__name__]
        return dict(result, passed=False, found=found, where=check.get("path", ""))
    return dict(result, passed=True, found=found, where=check.get("path", ""))


WORN_OUT = {
    "TooLong": "it takes too long",
    "RecursionError": "it is nested too deeply",
    "MemoryError": "it takes too much memory",
}


def run_checks(case, specs, checks):
    """All results, within the time that all of them have together."""
    started, results = time.process_time(), []
    for spec in specs:
        left = ALL_SECONDS - (time.process_time() - started)
        results.append(run_check(case, spec, checks, max(0.05, min(CHECK_SECONDS, left))))
    return void_behind_gates(results)


def void_behind_gates(results):
    """Core checks behind a failed gate do not hold, whatever they found."""
    closed = {result["node"] for result in results if gate_failed(result)}
    for result in results:
        earns = result["passed"] or result.get("value")
        if result["role"] == "core" and earns and closed & {None, result["node"]}:
            gate = "a gate of the task" if None in closed else "a gate of node %s" % result["node"]
            result.update(passed=False, found="void: %s failed" % gate)
            result.pop("value", None)
    return results


def gate_failed(result):
    return result["role"] == "gate" and not result["passed"]


def earned(result):
    """The share of its weight that a check earns: all, nothing, or its `value`."""
    return 1.0 if result["passed"] else result.get("value") or 0.0


def reward_of(results):
    core = [result for result in results if result["role"] == "core"]
    total = math.fsum(result["weight"] for result in core)
    return math.fsum(result["weight"] * earned(result) for result in core) / total


def write(logs, name, document):
    with open(os.path.join(logs, name), "w", encoding="utf-8") as stream:
        json.dump(document, stream, ensure_ascii=False, indent=1)


def open_library():
    """Every check of the library beside this file; call it once in a process."""
    folder = os.path.join(HERE, "checklib")
    sys.meta_path.insert(0, Library(folder))
    return load_checks(folder)


def grade_directory(workspace, logs, specs, checks):
    """What a finished workspace comes to: the result of each check, and the reward."""
    case = load("case").Case(workspace, os.path.dirname(os.path.abspath(logs)))
    results = run_checks(case, specs, checks)
    return results, round(reward_of(results), 9)


def main(workspace, logs):
    with open(os.path.join(HERE, "checks.json"), encoding="utf-8") as stream:
        specs = json.load(stream)["checks"]
    checks = open_library()
    try:
        results, reward = grade_directory(workspace, logs, specs, checks)
    except load("verdict").Unable as unable:
        sys.stderr.write("no verdict: %s\n" % unable)
        sys.exit(3)
    write(logs, "reward-details.json", {"checks": results})
    write(logs, "reward.json", {"reward": reward})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
