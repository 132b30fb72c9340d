"""Grades by the original verifier of a ClawGym task; standard library, Python 3.9 or later.

    python3 grade.py WORKSPACE LOGS

`suite.json` beside it says what to run, `original/reward/` holds it. The verifier works on a copy
of the workspace, in a child process, under the suite's own rules: a crash, a time-out and output
that cannot be read are worth 0, and the first check says so.
"""

# ruff: noqa: E402, RET503
# Shipped into tasks: starts fast, runs foreign code on purpose, and survives whatever it does.

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import foreign_child
import foreign_stage
import foreign_transcript

sys.path.remove(HERE)

PAYLOAD = ".openclaw_reward_payload.json"


class Unusable(Exception):
    """What the verifier wrote is no verdict."""


def mean_of_stdout(stdout):
    """All of stdout is JSON; a dict is worth the mean of all its values, a number itself."""
    data = loads(stdout.decode("utf-8", "surrogateescape").strip())
    try:
        if isinstance(data, dict) and data:
            return sum(float(value) for value in data.values()) / len(data), data
        return (float(data) if isinstance(data, (int, float)) else 0.0), {}
    except (TypeError, ValueError, OverflowError) as error:
        raise Unusable("a value is no number: %s" % error)


def last_line(stdout):
    """The last line that is not empty: a number, or JSON whose `reward` is the number."""
    line = last_of(stdout)
    try:
        return float(line), {}
    except ValueError:
        data = loads(line)
    if isinstance(data, dict) and isinstance(data.get("reward"), (int, float)):
        return float(data["reward"]), data
    return mean_of_stdout(line.encode())


def last_number(stdout):
    """The number on the last line that is not empty."""
    try:
        return float(last_of(stdout)), {}
    except ValueError as error:
        raise Unusable(str(error))


def last_of(stdout):
    lines = [
        line.strip() for line in stdout.decode("utf-8", "replace").splitlines() if line.strip()
    ]
    if not lines:
        raise Unusable("it wrote nothing")
    return lines[-1]


def loads(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unusable("its output is no JSON: %s" % error)


AGGREGATES = {"mean": mean_of_stdout, "last-line": last_line, "last-number": last_number}


def verdict(suite, ended):
    """The suite's own score, the raw values behind it, and what went wrong."""
    if ended.problem:
        return 0.0, {}, ended.problem
    try:
        score, values = AGGREGATES[suite["aggregate"]](ended.stdout)
    except Unusable as unusable:
        return 0.0, {}, "crashed: %s" % unusable
    return score, values, ""


def original(suite, place):
    """What the child does: the script in its own interpreter, or the shell script as it is."""
    script = os.path.join(place, *suite["script"].split("/"))

    def act(_):
        os.environ["LC_ALL"] = "C.UTF-8"
        os.environ["OPENCLAW_REWARD_PAYLOAD"] = os.path.join(place, PAYLOAD)
        if suite["cwd"] == "workspace":
            os.chdir(place)
        if suite["run"] == "python":
            return foreign_child.run_script(script, [place])
        shell = "bash" if any(map(has_bash, os.get_exec_path())) else "sh"
        os.execvp(shell, [shell, script])

    return act


def has_bash(directory):
    return os.access(os.path.join(directory, "bash"), os.X_OK)


def write_payload(suite, place, trajectory):
    payload = {
        "final_message": foreign_transcript.final_message(trajectory),
        "metadata": suite["metadata"],
        "transcript": foreign_transcript.openclaw_session(trajectory),
    }
    with open(os.path.join(place, PAYLOAD), "w", encoding="utf-8") as stream:
        json.dump(payload, stream)


def main(workspace, logs):
    with open(os.path.join(HERE, "suite.json"), encoding="utf-8") as stream:
        suite = json.load(stream)
    with foreign_stage.Stage(workspace) as place:
        planted = foreign_stage.lay_over(
            os.path.join(HERE, "original"), place, roots=suite["roots"], folder="reward"
        )
        write_payload(suite, place, foreign_transcript.load(logs))
        ended = foreign_child.run(original(suite, place), suite["time_limit"])
    score, values, problem = verdict(suite, ended)
    foreign_stage.write_verdict(logs, suite, ended, score, values, problem, planted)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
