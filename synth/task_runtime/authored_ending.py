# What follows is ClawGym's. It runs `check` on the finished workspace and writes down what came of
# it. Whatever goes wrong in there is a check that does not hold: the workspace is anybody's work.
import hashlib as _hashlib
import json as _json
import math as _math
import os as _os
import sys as _sys

_INPUTS = {}  # INPUTS


def _digest(path):
    try:
        with open(path, "rb") as stream:
            return _hashlib.sha256(stream.read()).hexdigest()
    except OSError as error:
        return "no file: %s" % error.strerror


def _gate(workspace):
    changed = [p for p, d in sorted(_INPUTS.items()) if _digest(_os.path.join(workspace, p)) != d]
    return {
        "id": "inputs",
        "role": "gate",
        "passed": not changed,
        "weight": 0.0,
        "requirement": "the input files are left as they are",
        "found": "changed: %s" % ", ".join(changed) if changed else "unchanged",
    }


def _plain(value):
    return str(value).encode("utf-8", "backslashreplace").decode()[:1000]


def _result(found):
    weight = float(found.get("weight", 1.0))
    if not (_math.isfinite(weight) and weight > 0):
        raise ValueError("the weight %r of check %r" % (weight, found["id"]))
    return {
        "id": _plain(found["id"]),
        "role": "core",
        "passed": found["passed"] is True,
        "weight": weight,
        "requirement": _plain(found["requirement"]),
        "found": _plain(found.get("found", "")),
    }


def _results(workspace):
    try:
        results = [_result(found) for found in check(workspace)]  # noqa: F821 - defined above
    except Exception as error:  # noqa: BLE001 - what breaks there is a check that fails
        said = "%s: %s" % (type(error).__name__, error)
        results = []
        _sys.stderr.write("check failed: %s\n" % _plain(said))
    else:
        said = "check returned nothing"
    if not results:
        failed = {"id": "check", "role": "core", "passed": False, "weight": 1.0}
        return [dict(failed, requirement="the work can be checked", found=_plain(said))]
    gate = _gate(workspace)
    if not gate["passed"]:
        results = [dict(r, passed=False, found="void: a gate of the task failed") for r in results]
    return [gate] + results


def _main(workspace, logs):
    results = _results(workspace)
    core = [result for result in results if result["role"] == "core"]
    total = _math.fsum(result["weight"] for result in core)
    reward = _math.fsum(result["weight"] for result in core if result["passed"]) / total
    for name, document in (
        ("reward-details.json", {"checks": results}),
        ("reward.json", {"reward": round(reward, 9)}),
    ):
        with open(_os.path.join(logs, name), "w", encoding="utf-8") as stream:
            _json.dump(document, stream, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    _main(_sys.argv[1], _sys.argv[2])
