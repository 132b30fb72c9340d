"""What an expert does beside its task, so that every tool is used. They leave no file behind."""

import itertools
import json
import re
from collections.abc import Generator

from clawgym.model import Message, Role, ToolRequest

Detour = Generator[Message, list[str], None]
"""Yields replies with calls and is sent their results."""

_ids = itertools.count(1)


def call(*calls: tuple[str, object], text: str = "") -> Message:
    return Message(
        Role.ASSISTANT,
        text,
        tuple(
            ToolRequest(f"aside_{next(_ids)}", tool, json.dumps(arguments))
            for tool, arguments in calls
        ),
    )


def one(tool: str, **arguments: object) -> Message:
    return call((tool, arguments))


def _ok(results: list[str], *words: str) -> str:
    """What a tool said; the words must stand in it."""
    text = "\n".join(results)
    missing = [word for word in words if word not in text]
    assert not missing, f"{missing} is not in {text!r}"
    return text


def files() -> Detour:
    """`write`, `edit`, `apply_patch`, `read` and `exec`, one after the other on one file."""
    yield one("write", path="aside/notes.txt", content="one\ntwo\n")
    edit = {"path": "aside/notes.txt", "edits": [{"oldText": "two", "newText": "2"}]}
    yield call(("edit", edit))
    lines = ["*** Begin Patch", "*** Update File: aside/notes.txt", "@@", " one", "-2", "+three"]
    yield one("apply_patch", input="\n".join([*lines, "*** End Patch", ""]))
    _ok((yield one("read", path="aside/notes.txt")), "one", "three")
    yield one("exec", command="rm -r aside")


def background() -> Detour:
    """`exec` in the background, then `process`."""
    said = _ok((yield one("exec", command="read x; echo got $x", background=True, pty=True)))
    session = re.search(r"session ([\w-]+)", said)
    assert session, said
    typed = {"action": "write", "sessionId": session[1], "data": "it"}
    entered = {"action": "submit", "sessionId": session[1]}
    yield call(("process", typed), ("process", entered), ("process", {"action": "list"}))
    poll = {"action": "poll", "sessionId": session[1], "timeout": 5000}
    _ok((yield call(("process", poll))), "got")


def memory() -> Detour:
    """`memory_search`, `memory_get` and `memory_note`."""
    said = yield one("memory_search", query="favourite colour")
    _ok(said, "teal")
    _ok((yield one("memory_get", path="MEMORY.md")), "teal")
    _ok((yield one("memory_note", text="The colour was needed.")), "Added")


def plan() -> Detour:
    """`progress_card`."""
    steps = [{"step": "Do it", "status": "in_progress"}, {"step": "Check", "status": "pending"}]
    _ok((yield one("progress_card", plan=steps)), "Do it")


def children() -> Detour:
    """`sessions_spawn` twice, then `subagents` and `agents_wait`."""
    started = yield call(
        ("sessions_spawn", {"task": "Look around.", "taskName": "scout"}),
        ("sessions_spawn", {"task": "Look again."}),
    )
    ids = [json.loads(each)["runId"] for each in started]
    _ok((yield one("subagents", action="list")), *ids)
    _ok((yield one("agents_wait", ids=ids)), "The child has looked.", "completed")


def skills() -> Detour:
    """`skills_search`, then reading what it found, and its script as a tool."""
    said = _ok((yield one("skills_search", query="telescope")), "telescope")
    place = re.search(r"\S+/SKILL\.md", said)
    assert place, said
    _ok((yield one("read", path=place[0])), "Point it")
    _ok((yield one("zz_telescope__shout", words="found it")), "FOUND IT")


def server() -> Detour:
    """A tool of an MCP server that the user lists."""
    _ok((yield one("calc__double", number=21)), "42")


def flood() -> Detour:
    """A result that is too large for the conversation, and the rest of it."""
    said = _ok((yield one("exec", command="seq 1 9000")), "left out")
    place = re.search(r"\.clawgym/results/\S+\.txt", said)
    assert place, said
    _ok((yield one("read", path=place[0], offset=5000, limit=3)), "5001")


def talk() -> Detour:
    """Enough words that the conversation has to be shortened."""
    for number in range(10):
        yield one("exec", command=f"seq {number} {number + 700}")


def long_talk() -> Detour:
    """Many more words than that."""
    for number in range(40):
        yield one("exec", command=f"seq {number} {number + 700}")


def deadly() -> Detour:
    """Kills everything in the box, the command's own shell first."""
    yield one("exec", command="kill -9 -1; sleep 1")


def circles() -> Detour:
    """The same call for ever."""
    for _ in range(40):
        yield one("exec", command="cat nowhere.txt")


def parallel() -> Detour:
    """Ten calls in one reply, of which some read and some change; the order is theirs."""
    calls: list[tuple[str, object]] = []
    for number in range(5):
        calls.append(("exec", {"command": f"echo {number} >> aside.log"}))
        calls.append(("read", {"path": "aside.log"}))
    results = yield call(*calls)
    for number in range(5):
        read = results[2 * number + 1]
        assert str(number) in read, results
        assert str(number + 1) not in read, results
    yield one("exec", command="rm aside.log")


def slow_one() -> Detour:
    """A command that takes longer than there is."""
    yield one("exec", command="sleep 4")


def slow() -> Detour:
    """A command that takes its time, so that something can happen meanwhile."""
    yield one("exec", command="sleep 1")
