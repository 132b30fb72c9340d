"""From an ATIF trajectory to the session that OpenClaw would have written."""

import json
import os

SPELLINGS = {
    "read": ("read", "read_file", "readFile"),
    "write": ("write", "write_file", "writeFile", "create_file"),
    "edit": ("edit", "edit_file", "editFile"),
    "exec": ("exec", "execute_command", "executeCommand", "executecommand", "bash"),
}
"""OpenClaw's name of a tool first, then those that older graders look for."""


def load(logs):
    """The trajectory that was handed to the verifier; empty where there was none."""
    place = os.path.join(os.path.dirname(os.path.abspath(logs)), "agent", "trajectory.json")
    if not os.path.exists(place):
        return {}
    with open(place, encoding="utf-8") as stream:
        return json.load(stream)


def final_message(trajectory):
    """The agent's last words."""
    said = [
        text_of(step.get("message"))
        for step in trajectory.get("steps", [])
        if step["source"] == "agent"
    ]
    return next((text for text in reversed(said) if text), "")


def openclaw_session(trajectory, grader=""):
    """The events of a session; tool names as `grader`, the source of one, spells them."""
    names = {name: known_spelling(spellings, grader) for name, spellings in SPELLINGS.items()}
    events = []
    for step in trajectory.get("steps", []):
        if step["source"] == "user":
            events.append(message("user", [text(step.get("message"))]))
        elif step["source"] == "agent":
            events.extend(turn(step, names))
    return events


def known_spelling(spellings, grader):
    """The first spelling that stands quoted in the grader, or else OpenClaw's."""
    quoted = (name for name in spellings if '"%s"' % name in grader or "'%s'" % name in grader)
    return next(quoted, spellings[0])


def turn(step, names):
    """What the agent said and called, then each result."""
    content = [text(step["message"])] if text_of(step.get("message")) else []
    called = {}
    for call in step.get("tool_calls") or []:
        name = names.get(call["function_name"], call["function_name"])
        called[call["tool_call_id"]] = name
        content.append(tool_call(call["tool_call_id"], name, call["arguments"]))
    yield message("assistant", content, usage=usage_of(step.get("metrics") or {}))
    for result in (step.get("observation") or {}).get("results", []):
        source = result.get("source_call_id")
        yield message(
            "toolResult",
            [text(result.get("content"))],
            toolCallId=source,
            toolName=called.get(source),
        )


def tool_call(id, name, arguments):
    """A call whose arguments stand under both names that graders look for."""
    known = dict(arguments)
    if "path" in known:
        known.setdefault("files", [known["path"]])
    return {"type": "toolCall", "id": id, "name": name, "arguments": known, "params": known}


def message(role, content, **more):
    told = {key: value for key, value in more.items() if value is not None}
    return {"type": "message", "message": {"role": role, "content": content, **told}}


def text(value):
    return {"type": "text", "text": text_of(value)}


def text_of(value):
    """A message is a string, or a list of parts of which some are text."""
    if isinstance(value, list):
        return "\n".join(part.get("text") or "" for part in value if part.get("type") == "text")
    return value or ""


def usage_of(metrics):
    """Tokens and money as OpenClaw counts them; None where nothing was measured."""
    if not metrics:
        return None
    prompt, cached = metrics.get("prompt_tokens") or 0, metrics.get("cached_tokens") or 0
    output = metrics.get("completion_tokens") or 0
    return {
        "input": prompt - cached,
        "output": output,
        "cacheRead": cached,
        "cacheWrite": 0,
        "totalTokens": prompt + output,
        "cost": {"total": metrics.get("cost_usd") or 0.0},
    }
