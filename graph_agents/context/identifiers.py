"""Exact names in a conversation: what a summary must not paraphrase.

A wrong letter in a path, an address or an invoice number makes everything after it wrong, and a
summary is where it happens. So the names that the user wrote, and the files that were written, are
collected and looked for in the summary as they stand.
"""

import re
from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from graph_agents.chat_model import parse_arguments, tool_requests

MOST = 40
"""How many names a summary is held to; the latest count."""

_LONGEST = 200
_WRITERS = frozenset({"write", "edit"})
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_NAME = re.compile(
    r"""
    https?://[^\s<>"')\]]+                          # an address
    | (?:[\w~.-]*/)+[\w.-]*[\w]                     # a path with a directory
    | \b[\w-]{2,}\.[a-z][a-z0-9]{0,4}\b(?!\w)       # a file
    | \b[A-Z][A-Z0-9]*[-_]\d[\w-]*\b                # INV-2041
    | \b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b   # a commit
    """,
    re.VERBOSE,
)


def names_in(text: str) -> Iterator[str]:
    """The exact names in a text, in their order."""
    for found in _NAME.finditer(text):
        name = found[0].rstrip(".,;:")
        if 3 <= len(name) <= _LONGEST and not _is_prose(name):
            yield name


def _is_prose(name: str) -> bool:
    """Whether what looks like a path is rather `and/or`, `3/4` or a date."""
    if "/" not in name:
        return False
    plain = name[0] not in "/.~" and "." not in name and name.count("/") == 1
    return plain or name.replace("/", "").isdigit()


def exact_names(messages: Sequence[BaseMessage], carried: str = "") -> list[str]:
    """The names that a summary of these messages must keep, oldest first, each once.

    `carried` is the part of an earlier summary that lists names; they are held on to.
    """
    names = dict.fromkeys(names_in(carried))
    for message in messages:
        for name in _of_message(message):
            names.pop(name, None)
            names[name] = None
    return list(names)[-MOST:]


def _of_message(message: BaseMessage) -> Iterator[str]:
    if isinstance(message, HumanMessage) and not message.additional_kwargs.get("clawgym"):
        yield from names_in(str(message.text))
    if isinstance(message, AIMessage):
        for call in tool_requests(message):
            arguments = parse_arguments(call.arguments) or {}
            path, patch = arguments.get("path"), arguments.get("input")
            if call.name in _WRITERS and isinstance(path, str) and 0 < len(path) <= _LONGEST:
                yield path
            if call.name == "apply_patch" and isinstance(patch, str):
                yield from (name.strip() for name in _PATCHED.findall(patch))
