"""What the agent did and said, from its trajectory in ATIF."""

import json
import os
import re

from checklib.verdict import Mismatch, Unable

TRAJECTORY = "agent/trajectory.json"
SHOWN_CALL = 120


def load(case, path):
    """The steps of the trajectory; the harness wrote it, so that a broken one is not the agent's fault."""
    file = os.path.join(case.logs, path)
    try:
        with open(file, encoding="utf-8") as stream:
            steps = json.load(stream)["steps"]
    except FileNotFoundError:
        raise Unable("a check of the transcript needs %s among the logs" % path) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unable("%s is no ATIF trajectory: %r" % (path, error)) from None
    return steps


def calls_of(steps):
    """[(step number, tool, arguments as text by name)]."""
    return [
        (step.get("step_id"), call["function_name"], call.get("arguments") or {})
        for step in steps
        for call in step.get("tool_calls") or []
    ]


def as_words(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def call_fits(check, tool, arguments):
    if check["tools"] and tool not in check["tools"]:
        return False
    whole = json.dumps(arguments, ensure_ascii=False)
    for name, pattern in check["arguments"].items():
        text = whole if name == "*" else as_words(arguments[name]) if name in arguments else None
        if text is None or not re.search(pattern, text):
            return False
    return True


def check_tool_calls(case, check):
    """How often a tool was called with such arguments; `most` 0 means never."""
    calls = calls_of(case.once(load, TRAJECTORY))
    hits = [call for call in calls if call_fits(check, call[1], call[2])]
    if len(hits) < check["least"]:
        tools = sorted({call[1] for call in calls})
        raise Mismatch("%d such calls; tools used: %s" % (len(hits), ", ".join(tools)), TRAJECTORY)
    if check["most"] is not None and len(hits) > check["most"]:
        raise Mismatch("%d such calls: %s" % (len(hits), shown(hits[0])), step(hits[0][0]))
    return "%d such calls%s" % (len(hits), ", such as " + shown(hits[0]) if hits else "")


def shown(call):
    return "%s(%s)" % (call[1], json.dumps(call[2], ensure_ascii=False)[:SHOWN_CALL])


def step(number):
    return "%s step %s" % (TRAJECTORY, number)


def check_said(case, check):
    """What the agent said to the user: how many of its messages match a pattern."""
    hits = []
    for item in case.once(load, TRAJECTORY):
        match = item.get("source") == "agent" and re.search(
            check["pattern"], as_words(item.get("message") or ""), re.IGNORECASE
        )
        if match:
            hits.append((item.get("step_id"), match.group()[:SHOWN_CALL]))
    if len(hits) < check["least"]:
        raise Mismatch("%d such messages" % len(hits), TRAJECTORY)
    if check["most"] is not None and len(hits) > check["most"]:
        raise Mismatch("said %r" % hits[0][1], step(hits[0][0]))
    return "%d such messages" % len(hits)


CHECKS = {"tool_calls": check_tool_calls, "said": check_said}
