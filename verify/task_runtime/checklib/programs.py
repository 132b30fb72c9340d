"""What the agent's own code did when the harness ran it: never here, in a box of its own."""

import json
import os
from fnmatch import fnmatchcase

from checklib.case import strict_json
from checklib.structured import difference, place, show
from checklib.trees import blanks, digest_of
from checklib.verdict import Mismatch, Unable, settle, some

MAX_OUTPUT = 1024 * 1024


def load(case, name):
    """The record of a run; without one there is no verdict."""
    folder = os.path.join(case.logs, "programs", name)
    try:
        with open(os.path.join(folder, "result.json"), encoding="utf-8") as stream:
            result = json.load(stream)
        with open(os.path.join(folder, "stdout"), "rb") as stream:
            result["stdout"] = stream.read(MAX_OUTPUT + 1)
        with open(os.path.join(folder, "stderr"), "rb") as stream:
            result["stderr"] = stream.read(MAX_OUTPUT + 1)
    except FileNotFoundError:
        raise Unable(
            "the check needs a run of the program %s in a box of its own; ClawGym makes it before "
            "grading, other harnesses do not" % name
        ) from None
    except (OSError, ValueError) as error:
        raise Unable("the record of the program %s is unusable: %s" % (name, error)) from None
    return result


def where_of(check):
    return "program %s" % check["program"]


def finished(case, check):
    """The record of a run that ended as it should."""
    result, where = case.once(load, check["program"]), where_of(check)
    if result["failed"]:
        raise Mismatch(result["failed"], where)
    if result["timed_out"]:
        raise Mismatch("it ran out of its time of %.0f s" % result["seconds"], where)
    if check["exit_code"] is not None and result["exit_code"] != check["exit_code"]:
        said = result["stderr"].decode("utf-8", "replace").strip()[-300:]
        raise Mismatch("exit code %s: %s" % (result["exit_code"], said), where)
    return result


def stdout_of(case, check):
    result, where = finished(case, check), where_of(check)
    if result["truncated"] or len(result["stdout"]) > MAX_OUTPUT:
        raise Mismatch("it writes more than may be read", where)
    try:
        return result["stdout"].decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Mismatch("its output is not UTF-8 text", where) from None


def check_program_exit(case, check):
    return "exit code %s" % finished(case, check)["exit_code"]


def check_program_output(case, check):
    """What it writes, line for line or word for word."""
    text, where = stdout_of(case, check), where_of(check)
    wanted, found = blanks(check["stdout"], check["blanks"]), blanks(text, check["blanks"])
    for number, (left, right) in enumerate(zip(wanted, found), 1):
        if left != right:
            raise Mismatch(
                "%r, not %r" % (right[:160], left[:160]), "%s output %d" % (where, number)
            )
    if len(wanted) != len(found):
        raise Mismatch("%d lines, not %d" % (len(found), len(wanted)), where)
    return "%d lines, all the same" % len(found)


def check_program_json(case, check):
    """The one JSON value that it writes."""
    where = where_of(check)
    found = strict_json(stdout_of(case, check), where)
    differs = difference(check["equals"], found, check["absolute"], check["relative"], True)
    if differs:
        raise Mismatch("%s = %s" % (place(differs[0]), differs[1]), where)
    return show(found)


def changed(result, ignore):
    """What the run changed, removed or added, but for what does not matter."""
    return {
        path: digest
        for path, digest in result["changed"].items()
        if not any(fnmatchcase(path, pattern) for pattern in ignore)
    }


def check_program_files(case, check):
    """Files after the run, by their digests; None for a file that must not be there."""
    result, problems = finished(case, check), []
    for path, digest in check["files"].items():
        found = after(case, result, path)
        if found != digest:
            said = "missing" if found is None else "another content" if digest else "still there"
            problems.append((said, "%s, %s" % (where_of(check), path)))
    total = len(check["files"])
    return settle(problems, total, check["partial"], "%d files" % total)


def after(case, result, path):
    if path in result["changed"]:
        return result["changed"][path]
    try:
        return digest_of(case, path)
    except Mismatch:
        return None


def check_idempotent(case, check):
    """Running it once more changes nothing."""
    differs = changed(finished(case, check), check["ignore"])
    if differs:
        raise Mismatch("it changed %s" % some(sorted(differs)), where_of(check))
    return "a second run changes nothing"


def check_function_calls(case, check):
    """What functions of the agent returned; the values to expect never were in their box."""
    results, where = returned(finished(case, check)["stdout"]), where_of(check)
    problems = []
    for number, expected in enumerate(check["results"]):
        said = call_differs(expected, results.get(number))
        if said:
            problems.append((said, "%s call %d" % (where, number + 1)))
    total = len(check["results"])
    return settle(problems, total, check["partial"], "%d calls" % total)


def returned(stdout):
    """{number of the call: its record}; the driver writes one JSON line for each."""
    records = {}
    for line in stdout.decode("utf-8", "replace").split("\n"):
        try:
            record = json.loads(line)
            records.setdefault(int(record["call"]), record)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return records


def call_differs(expected, record):
    if record is None:
        return "no result"
    if expected["raises"] is not None:
        raised = record.get("raises")
        return (
            ""
            if raised == expected["raises"]
            else "raises %s, not %s" % (raised, expected["raises"])
        )
    if "returns" not in record:
        return "raises %s: %s" % (record.get("raises"), record.get("message"))
    differs = difference(
        expected["equals"], record["returns"], expected["absolute"], expected["relative"], True
    )
    return (
        "%s = %s, not %s" % (place(differs[0]), differs[1], show(expected["equals"]))
        if differs
        else ""
    )


CHECKS = {
    "program_exit": check_program_exit,
    "program_output": check_program_output,
    "program_json": check_program_json,
    "program_files": check_program_files,
    "idempotent": check_idempotent,
    "function_calls": check_function_calls,
}
