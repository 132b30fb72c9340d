"""Calls functions of a Python file and writes what each returned, one JSON line a call.

    python3 call_functions.py FILE < calls.json

Runs in the box of the agent's code and knows only the arguments. What the code itself prints goes
to stderr. A call that takes longer than its share of time counts as having raised TimeoutError.
"""

import importlib.util
import json
import os
import signal
import sys


def plain(value):
    """A value as JSON has it: tuples as lists, sets sorted, anything else by its `repr`."""
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return {"repr": repr(value)[:200]}


def too_long(number, frame):
    raise TimeoutError("the call takes too long")


def outcome(module, call):
    signal.alarm(max(1, int(call["seconds"])))
    try:
        function = module
        for name in call["function"].split("."):
            function = getattr(function, name)
        return {"returns": plain(function(*call["args"], **call["kwargs"]))}
    except BaseException as error:  # noqa: BLE001 - whatever their code raises is a result
        return {"raises": type(error).__name__, "message": str(error)[:200]}
    finally:
        signal.alarm(0)


def main():
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    calls = json.load(sys.stdin)
    signal.signal(signal.SIGALRM, too_long)
    sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
    spec = importlib.util.spec_from_file_location("answer", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    sys.modules["answer"] = module
    spec.loader.exec_module(module)
    for number, call in enumerate(calls):
        json.dump(dict(outcome(module, call), call=number), results)
        results.write("\n")
        results.flush()


if __name__ == "__main__":
    main()
