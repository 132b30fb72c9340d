"""Grades by the `grade()` of a PinchBench or WildClawBench task; Python 3.9 or later.

    python3 grade.py WORKSPACE LOGS

`suite.json` beside it says how to call it, `original/grade.txt` is its source as it stands in the
task's file. It runs in a child process on a copy of the workspace; what it returns comes back as
JSON, and the suite's own mean is taken here. A crash and a time-out are worth 0, as upstream.
"""

# ruff: noqa: E402, S102
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


def graded_by(source, call, transcript, place):
    """What the child does: define `grade`, call it, send back what it says."""

    def act(result):
        sys.meta_path.append(foreign_child.SitePackages)
        namespace = {}
        exec(source, namespace)
        grade = namespace.get("grade")
        if not callable(grade):
            answer = {"missing": True}
        else:
            answer = {"scores": plain(ask(grade, call, transcript, place))}
        with open(result, "w", encoding="utf-8") as stream:
            json.dump(answer, stream)

    return act


def ask(grade, call, transcript, place):
    if call == "keywords":
        return grade(transcript=transcript, workspace_path=place)
    return grade(transcript, place)


def plain(scores):
    """The scores in JSON's own types: numbers stay exact, the rest becomes `[what it says]`."""
    if not isinstance(scores, dict):
        return {}
    return {
        str(key): value if isinstance(value, (int, float)) else [number_or_words(value)]
        for key, value in scores.items()
    }


def number_or_words(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return repr(value)


def mean(scores):
    """The unweighted mean of what is a number; truth values are."""
    values = [float(value) for value in scores.values() if isinstance(value, (int, float))]
    return sum(values) / len(values) if values else 0.0


def overall(scores):
    """WildClawBench: the grader's own gated score, or else the mean."""
    own = scores.get("overall_score")
    return float(own) if isinstance(own, (int, float)) else mean(scores)


AGGREGATES = {"mean": mean, "overall": overall}


def verdict(suite, ended):
    if ended.problem:
        return 0.0, {}, ended.problem
    try:
        answer = json.loads(ended.result)
        scores = {} if answer.get("missing") else answer["scores"]
        score = AGGREGATES[suite["aggregate"]](scores)
    except (ValueError, OverflowError, KeyError) as error:
        return 0.0, {}, "crashed: its answer cannot be read: %r" % error
    return score, scores, "there is no function grade()" if answer.get("missing") else ""


def main(workspace, logs):
    with open(os.path.join(HERE, "suite.json"), encoding="utf-8") as stream:
        suite = json.load(stream)
    if suite["call"] == "none":
        foreign_stage.write_verdict(logs, suite, foreign_child.NOTHING, 0.0, {}, "")
        return
    with open(os.path.join(HERE, "original", "grade.txt"), encoding="utf-8", newline="") as stream:
        source = stream.read()
    transcript = foreign_transcript.openclaw_session(foreign_transcript.load(logs), source)
    with foreign_stage.Stage(workspace) as place:
        foreign_stage.inject(os.path.join(HERE, "original", "inject"), place)
        act = graded_by(source, suite["call"], transcript, place)
        ended = foreign_child.run(act, suite["time_limit"])
    score, scores, problem = verdict(suite, ended)
    if not source.strip():
        score, scores, problem = 0.0, {}, "no automated grading code"
    uncounted = [key for key, value in scores.items() if isinstance(value, list)]
    values = {key: value[0] if isinstance(value, list) else value for key, value in scores.items()}
    foreign_stage.write_verdict(logs, suite, ended, score, values, problem, uncounted=uncounted)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
