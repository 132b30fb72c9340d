"""The lazy panel: what somebody leaves behind who wants the reward and not the work.

Each member fills every file that the instruction names with something of the right shape, without
doing what was asked. None of them may earn anything.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from clawgym.files import Files
from clawgym.task import Task
from verify.attempts import produced
from verify.lists import as_file
from verify.stubs import stub

Filler = Callable[[Task], dict[str, bytes]]
"""The contents of each named file."""

_NAMED_PATH = re.compile(r"(?<![\w./-])(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)*\.[A-Za-z]\w{0,4}\b")
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[-'_][^\W\d_]+)*")
_ECHO_LIMIT = 1_000_000


def named_paths(task: Task) -> list[str]:
    """The files that the instruction names and the workspace lacks: where work would go."""
    found = dict.fromkeys(_NAMED_PATH.findall(task.instruction))
    if task.graph:
        found |= dict.fromkeys(task.graph.artifact(node.output).path for node in task.graph.nodes)
    return [path for path in found if path not in task.workspace and not path.startswith("skills/")]


def touch(task: Task) -> dict[str, bytes]:
    """Every named file, empty."""
    return dict.fromkeys(named_paths(task), b"")


def stubs(task: Task) -> dict[str, bytes]:
    """Every named file as the smallest valid document of its type."""
    return {path: stub(PurePosixPath(path).suffix) for path in named_paths(task)}


def echo(task: Task) -> dict[str, bytes]:
    """The instruction itself in every named file."""
    return dict.fromkeys(named_paths(task), task.instruction.encode())


def echo_inputs(task: Task) -> dict[str, bytes]:
    """The instruction and after it every input, in every named file."""
    parts = [task.instruction.encode(), *(file.data for file in task.workspace.values())]
    return dict.fromkeys(named_paths(task), b"\n".join(parts)[:_ECHO_LIMIT])


def headings(task: Task) -> dict[str, bytes]:
    """A document of headings that repeat the sentences of the instruction, and no content."""
    sentences = re.split(r"[.\n;:]+\s", task.instruction)
    titles = [" ".join(sentence.split())[:80] for sentence in sentences if sentence.strip()]
    parts = [f"## {title}\n\nTo be completed.\n" for title in titles]
    text = "\n".join(["# Summary\n", "## Overview\n", *parts, "## Conclusion\n"])
    return {path: _in_format(path, text, titles) for path in named_paths(task)}


def keywords(task: Task) -> dict[str, bytes]:
    """Every word and number of the instruction, once."""
    words = list(dict.fromkeys(_WORD.findall(task.instruction)))
    text = "# Keywords\n\n" + "\n".join(f"- {word}" for word in words) + "\n"
    return {path: _in_format(path, text, words) for path in named_paths(task)}


def copy(task: Task) -> dict[str, bytes]:
    """An input, of the same type where there is one, in every named file."""
    return {path: _alike(path, task.workspace) for path in named_paths(task)}


def other_output(task: Task, other: Task, solved: Files) -> dict[str, bytes]:
    """The solution of another task: under its own names, and of the same type under ours."""
    work = produced(other, solved)
    if not work:
        return {}
    ours = {path: _alike(path, work) for path in named_paths(task)}
    return {**ours, **{path: file.data for path, file in work.items() if path not in ours}}


def _alike(path: str, files: Files) -> bytes:
    suffix = PurePosixPath(path).suffix
    alike = [name for name in files if name.endswith(suffix)]
    source = next(iter(alike or files), None)
    return files[source].data if source else b""


def _in_format(path: str, text: str, items: list[str]) -> bytes:
    """A list in the file's own format, so that it at least parses; `text` in all others."""
    made = as_file(PurePosixPath(path).suffix.lower(), items)
    return text.encode() if made is None else made


PANEL: dict[str, Filler] = {
    "touch": touch,
    "stub": stubs,
    "echo": echo,
    "echo+inputs": echo_inputs,
    "headings": headings,
    "keywords": keywords,
    "copy": copy,
}
