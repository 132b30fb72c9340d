"""Large results go to files of the workspace; the conversation keeps their beginning and end.

Nothing that the tool gave is lost: the preview says where it is and how to read on, with tools that
the agent has anyway. `exec` itself keeps the last 64 KiB of what a command prints, and says so.
"""

import hashlib
import json
import logging
import re

from clawgym.model import ToolRequest
from clawgym.sandbox.protocol import Sandbox
from graph_agents.chat_model import parse_arguments
from mcp_servers.toolkit import ToolResult

FOLDER = ".clawgym/results"
_IGNORED = ".clawgym/.gitignore"

_CUT = re.compile(r"\[Only the last (\d+) characters are kept")
"""How `exec` begins a result that is not the whole output: of that no more can be had."""

_log = logging.getLogger(__name__)


class WorkspaceOffload:
    """Moves the text of results above `characters` into `.clawgym/results` of the workspace.

    The name of a file is made from what is in it, so a call that is repeated makes no second one.
    Of a page that `read` shows, only the beginning is kept: the rest is in the file that was read.
    """

    def __init__(
        self, sandbox: Sandbox, *, characters: int = 16_000, head: int = 3_000, tail: int = 1_500
    ) -> None:
        self._sandbox = sandbox
        self._characters = characters
        self._head = head
        self._tail = tail
        self._hidden = False

    async def shorten(self, call: ToolRequest, result: ToolResult) -> ToolResult:
        """The result, or a preview whose `details["offloaded"]` is the path of the whole.

        Where the file cannot be written the result stays as it is.
        """
        if len(result.text) <= self._characters:
            return result
        if call.name == "read":
            return self._shorter_page(call, result)
        path = f"{FOLDER}/{_file_name(call, result.text)}"
        try:
            await self._hide()
            await self._sandbox.write(path, result.text.encode(errors="replace"))
        except OSError as error:
            _log.warning("the result of %s stays in the conversation: %s", call.name, error)
            return result
        return ToolResult(
            self._preview(result.text, path),
            result.is_error,
            {**result.details, "offloaded": path},
            result.images,
        )

    async def _hide(self) -> None:
        """Keep the folder out of the user's commits."""
        if not self._hidden:
            await self._sandbox.write(_IGNORED, b"*\n")
            self._hidden = True

    def _preview(self, text: str, path: str) -> str:
        head = _whole_lines(text[: self._head])
        tail = text[len(text) - self._tail :]
        tail = tail[tail.find("\n") + 1 :] if "\n" in tail[:-1] else tail
        following = head.count("\n") + 1
        left_out = len(text) - len(head) - len(tail)
        how = f"offset={following}" if head.endswith("\n") else f"offset=1 cursor={len(head)}"
        cut = _CUT.match(text)
        whole = f"The last {int(cut[1]):,} characters of the output are" if cut else "All of it is"
        notice = (
            f"[{left_out:,} of {len(text):,} characters are left out here. {whole} in {path}: read "
            f"it from {how} on, or search it with exec, for example grep -n.]"
        )
        return f"{head.rstrip()}\n\n{notice}\n\n{tail}"

    def _shorter_page(self, call: ToolRequest, result: ToolResult) -> ToolResult:
        arguments = parse_arguments(call.arguments) or {}
        offset, cursor = arguments.get("offset", 1), arguments.get("cursor", 0)
        if not isinstance(offset, int) or not isinstance(cursor, int):
            return result
        note = re.match(r"\[The file is called .*\]\n", result.text)
        skipped = note.end() if note else 0
        shown = _whole_lines(result.text[: self._characters])
        lines = shown[skipped:].count("\n")
        if shown.endswith("\n") and lines:
            how = f"offset={offset + lines}"
        else:
            how = f"offset={offset} cursor={cursor + len(shown) - skipped}"
        notice = f"[A result ends at {self._characters:,} characters. Read on with {how}.]"
        text = f"{shown.rstrip()}\n{notice}"
        return ToolResult(text, result.is_error, result.details, result.images)


def _whole_lines(text: str) -> str:
    """As many whole lines as there are; the text itself where its first line does not end."""
    return text[: text.rfind("\n") + 1] or text


def _file_name(call: ToolRequest, text: str) -> str:
    digest = hashlib.sha256(json.dumps([call.name, text]).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', call.name)[:40]}-{digest}.txt"
