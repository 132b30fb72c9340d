"""`--model offline`: a rule-based stand-in, so that the first command works without key or network.

It is no language model and says so. It looks at the workspace, opens the skill whose name and
description share most words with the instruction, runs a command documented there on the file that
the instruction points to, and answers with what came out. It never changes a file.
"""

import html
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from clawgym.model import Message, Role, ScriptedModel, ToolRequest
from mcp_servers.workspace import SUCCEEDED

NAME = "offline"

_SKILL = re.compile(
    r"<name>(?P<name>.*?)</name>\s*<description>(?P<description>.*?)</description>\s*"
    r"<location>(?P<location>.*?)</location>",
    re.DOTALL,
)
_LOOKS = "stats|summary|inventory|scan|get|list|describe|profile|inspect"
_COMMAND = re.compile(
    r"python3 (?:\{baseDir\}/)?(?P<script>scripts/[\w.-]+) "
    rf"(?P<verb>{_LOOKS}) (?P<target>[\w./-]+)"
    r"(?: \[[^\]\n]*\])*[ ]*(?:`|$)",
    re.MULTILINE,
)
"""A documented command that only looks: one target, nothing else that is not optional."""
_COMMON = frozenset(("the", "and", "for", "with", "that", "from", "into", "file", "what", "use"))
_LISTED = 200
_NOTE = "(This is the offline stand-in: it follows fixed rules and is no language model.)"


@dataclass(frozen=True)
class _Skill:
    name: str
    description: str
    location: str


def offline_model() -> ScriptedModel:
    """A model that decides from the conversation alone: the same one gets the same reply."""
    return ScriptedModel(_next, NAME)


def _next(messages: Sequence[Message]) -> Message:
    instruction = next(m.content for m in reversed(messages) if m.role is Role.USER)
    answers = [m.content for m in messages if m.role is Role.TOOL]
    skill = _best(_skills(messages[0].content), instruction)
    if not answers:
        listing = f"find . -type f -not -path '*/.*' | sort | head -n {_LISTED}"
        return _call(0, "exec", command=listing)
    found = _files(answers[0])
    if skill is None or not found:
        number = f"at least {_LISTED}" if len(found) == _LISTED else f"{len(found)}"
        reason = "No skill fits the task." if found else "There is nothing to work on."
        return _say(f"Files in the workspace: {number}", _said(answers[0]), reason)
    if len(answers) == 1:
        return _call(1, "read", path=skill.location)
    command = _command(answers[1], found, instruction, skill)
    if command is None:
        return _say(
            f"{skill.name!r} fits, but documents no command for these files:", _said(answers[0])
        )
    if len(answers) == 2:
        return _call(2, "exec", command=command)
    return _say(f"From the skill {skill.name!r} I ran `{command}`:", _said(answers[2]))


def _call(position: int, tool: str, **arguments: str) -> Message:
    request = ToolRequest(f"offline_{position}", tool, json.dumps(arguments))
    return Message(Role.ASSISTANT, tool_calls=(request,))


def _say(*parts: str) -> Message:
    return Message(Role.ASSISTANT, "\n\n".join(filter(None, (*parts, _NOTE))))


def _said(answer: str) -> str:
    """What a command printed; a failure's exit code stays in sight."""
    return answer.removesuffix(SUCCEEDED).rstrip()


def _skills(prompt: str) -> list[_Skill]:
    return [
        _Skill(
            *(html.unescape(hit[group].strip()) for group in ("name", "description", "location"))
        )
        for hit in _SKILL.finditer(prompt)
    ]


def _best(skills: Sequence[_Skill], instruction: str) -> _Skill | None:
    """The skill that shares most words; a word of its name counts three times."""
    wanted = _words(instruction)

    def score(skill: _Skill) -> int:
        return 3 * len(wanted & _words(skill.name)) + len(wanted & _words(skill.description))

    best = max(skills, key=score, default=None)
    return best if best and score(best) else None


def _words(text: str) -> set[str]:
    """Lower-case words of three letters or more, without a plural s."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", text.lower())} - _COMMON


def _files(listing: str) -> list[str]:
    return [line.removeprefix("./") for line in listing.splitlines() if line.startswith("./")]


def _command(body: str, found: Sequence[str], instruction: str, skill: _Skill) -> str | None:
    """The first documented command that only looks, on the file that is probably meant."""
    folder = skill.location.rpartition("/")[0]
    for hit in _COMMAND.finditer(body):
        target = "." if hit["target"] == "FOLDER" else _match(found, body, instruction)
        if target:
            return shlex.join(["python3", f"{folder}/{hit['script']}", hit["verb"], target])
    return None


def _match(found: Sequence[str], body: str, instruction: str) -> str | None:
    """A file of a kind that the skill speaks of; one that the instruction names goes first."""
    fitting = [name for name in found if "." in name and f".{name.rpartition('.')[2]}" in body]
    named = [name for name in fitting if name.rpartition("/")[2] in instruction]
    return next(iter((*named, *fitting)), None)
