"""Heartbeats: a standing list in the workspace that is gone through now and then, in silence.

As OpenClaw has it: an answer of exactly `NO_REPLY` is not delivered, and the older `HEARTBEAT_OK`
at either end of a short answer means the same. A list without content costs no call of the model.
"""

import re
from importlib.resources import files
from pathlib import Path

FILE = "HEARTBEAT.md"
_SILENCE = "NO_REPLY"
_ALL_WELL = "HEARTBEAT_OK"
_SHORT = 300
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_EMPTY_LINE = re.compile(r"\s*(?:#.*|[-*+]\s*(?:\[[ xX]?\])?\s*|`{3}.*)?")


def heartbeat_prompt(workspace: Path) -> str | None:
    """What a heartbeat says; None where there is nothing to go through.

    Headings, comments and empty list items are no content.
    """
    try:
        text = (workspace / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    if all(_EMPTY_LINE.fullmatch(line) for line in _COMMENT.sub("", text).splitlines()):
        return None
    return files("graph_agents.watch").joinpath("heartbeat.md").read_text(encoding="utf-8")


def is_silence(answer: str) -> bool:
    """Whether an answer says that there is nothing to say."""
    text = answer.strip().strip("`*_\"'. ")
    if not text or text.upper() == _SILENCE:
        return True
    if text.startswith(_ALL_WELL) or text.endswith(_ALL_WELL):
        return len(text) - len(_ALL_WELL) <= _SHORT
    return False
