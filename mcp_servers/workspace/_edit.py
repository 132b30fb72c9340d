"""`edit`: replace passages of a file, each named by its exact old text."""

import asyncio
import json
from collections.abc import Sequence
from difflib import unified_diff
from itertools import pairwise

from pydantic import Field, JsonValue, field_validator

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult
from mcp_servers.workspace._document import Document, Replacement, Text
from mcp_servers.workspace._places import in_workspace
from mcp_servers.workspace._read import decoded, existing
from mcp_servers.workspace._search import closest_lines, occurrences

_DIFF_LINES = 40
_DIFF_CHARACTERS = 4_000
_START_CHARACTERS = 800


class Edit(Arguments):
    """One replacement."""

    old_text: str = Field(
        min_length=1, alias="oldText", description="Passage to replace; it must occur exactly once."
    )
    new_text: Text = Field(alias="newText", description="What to put in its place.")


class EditArguments(Arguments):
    """Which file, and the replacements, all found in the file as it is now."""

    path: str = Field(description="File to change, relative to the workspace.")
    edits: list[Edit] = Field(min_length=1, description="Replacements that do not overlap.")

    @field_validator("edits", mode="before")
    @classmethod
    def _from_json(cls, value: JsonValue) -> JsonValue:
        """Some models write the list as a JSON string."""
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            raise ValueError(f"edits is a string that is not JSON: {error}") from error


def edit_tool(sandbox: Sandbox, changes: asyncio.Lock) -> Tool[EditArguments]:
    """The tool that changes files in place; `changes` is held from reading to writing."""

    async def run(arguments: EditArguments) -> ToolResult:
        path = in_workspace(sandbox, arguments.path)
        async with changes:
            before = await existing(sandbox, path, arguments.path)
            document = decoded(before, arguments.path, "edit changes text only")
            replacements = find_replacements(document.text, arguments.edits, arguments.path)
            changed = document.replace(replacements)
            if changed == document:
                text = f"{arguments.path} already reads like that: nothing changed"
                return ToolResult(text, details={"changed": False})
            await sandbox.write(path, changed.encode())
        text = _report(arguments.path, len(replacements), document, changed)
        return ToolResult(text, details={"changed": True})

    description = (
        "Replace passages of a text file. Every oldText must occur exactly once in the file as it "
        "is now; give enough of its surroundings. Line ends are kept."
    )
    return Tool("edit", description, EditArguments, run)


def find_replacements(text: str, edits: Sequence[Edit], name: str) -> list[Replacement]:
    """Where each edit applies in `text`; edits that change nothing are left out.

    Raises:
        ToolFailure: a passage is missing, stands in several places, or two edits overlap.
    """
    found = [_find(text, edit, index, name) for index, edit in enumerate(edits)]
    order = sorted(range(len(found)), key=lambda index: found[index].span)
    for first, second in pairwise(order):
        if found[second].span.start < found[first].span.end:
            raise ToolFailure(
                f"edits[{first}] and edits[{second}] overlap in {name}: merge them into one edit"
            )
    return [hit for hit in found if hit.text != text[hit.span.start : hit.span.end]]


def _find(text: str, edit: Edit, index: int, name: str) -> Replacement:
    passage = edit.old_text.replace("\r\n", "\n")
    spans = occurrences(text, passage)
    if len(spans) > 1:
        raise ToolFailure(
            f"the oldText of edits[{index}] occurs {len(spans)} times in {name}: "
            "add lines around it until it is unique"
        )
    if not spans:
        raise ToolFailure(_not_found(text, passage, index, name))
    return Replacement(spans[0], edit.new_text.replace("\r\n", "\n"))


def _not_found(text: str, passage: str, index: int, name: str) -> str:
    lines = [f"the oldText of edits[{index}] is not in {name}."]
    if close := closest_lines(text, passage):
        lines += ["The closest lines are:", *close]
    start = text[:_START_CHARACTERS]
    whole = "The file reads:" if len(start) == len(text) else "The file begins:"
    return "\n".join([*lines, whole, start or "(it is empty)"])


def _report(name: str, count: int, before: Document, after: Document) -> str:
    lines = list(unified_diff(before.text.split("\n"), after.text.split("\n"), n=1, lineterm=""))[
        2:
    ]
    shown = "\n".join(lines[:_DIFF_LINES])[:_DIFF_CHARACTERS]
    whole = shown == "\n".join(lines)
    places = "1 place" if count == 1 else f"{count} places"
    rest = "" if whole else "\n[The diff goes on; read the file to see the rest.]"
    return f"Changed {places} in {name}:\n{shown}{rest}"
