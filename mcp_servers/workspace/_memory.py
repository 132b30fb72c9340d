"""`memory_search` and `memory_get`: what the workspace's memory files say.

Memory is `MEMORY.md`, `USER.md` and every Markdown file below `memory/`. It is searched by words
(SQLite's BM25); the index is made anew for each search, from at most 4 MiB of files.
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Arguments, Tool, ToolFailure, ToolResult
from mcp_servers.workspace._places import in_workspace
from mcp_servers.workspace._read import as_text

ROOT_FILES = ("MEMORY.md", "USER.md")
FOLDER = "memory"

_CHUNK_CHARACTERS = 1_600
_OVERLAP_LINES = 3
_INDEXED_BYTES = 4 * 1024**2
_DEPTH = 8
_WINDOW_LINES = 120
_WINDOW_CHARACTERS = 12_000
_RESULTS = 6
_SNIPPET_CHARACTERS = 700

Corpus = Literal["memory", "all"]


class MemorySearchArguments(Arguments):
    """What to look for."""

    query: str = Field(min_length=1, max_length=1_000, description="A few words.")
    max_results: int = Field(_RESULTS, ge=1, le=50, alias="maxResults", description="At most.")
    min_score: float = Field(0.0, ge=0, le=1, alias="minScore", description="Leave out below.")
    corpus: Corpus = Field("memory", description="What to search; there is memory alone here.")


class MemoryGetArguments(Arguments):
    """Which lines of which file."""

    path: str = Field(description="MEMORY.md, USER.md, or a Markdown file below memory/.")
    from_line: int = Field(1, ge=1, alias="from", description="First line, counted from 1.")
    lines: int = Field(_WINDOW_LINES, ge=1, description="How many lines.")
    corpus: Corpus = Field("memory", description="What to read; there is memory alone here.")


@dataclass(frozen=True)
class _Chunk:
    path: str
    first: int
    last: int
    text: str


def memory_tools(
    sandbox: Sandbox,
) -> tuple[Tool[MemorySearchArguments], Tool[MemoryGetArguments]]:
    """The two tools that look things up in memory; both answer with JSON."""

    async def search(arguments: MemorySearchArguments) -> ToolResult:
        chunks, warning = await _chunks(sandbox)
        results = await asyncio.to_thread(_search, chunks, arguments)
        answer: dict[str, JsonValue] = {"results": results, "provider": "none"}
        return _as_json({**answer, **({"warning": warning} if warning else {})})

    async def get(arguments: MemoryGetArguments) -> ToolResult:
        path = _memory_path(sandbox, arguments.path)
        if path is None:
            reason = "only MEMORY.md, USER.md and Markdown files below memory/ are memory"
            code = "MEMORY_PATH_NOT_ALLOWED"
            return _as_json(
                {
                    "status": "error",
                    "path": arguments.path,
                    "text": "",
                    "code": code,
                    "error": reason,
                }
            )
        try:
            text = as_text(await sandbox.read(path), path)
        except (FileNotFoundError, NotADirectoryError):
            return _as_json({"status": "not_found", "path": path, "text": ""})
        return _as_json(_window(path, text, arguments))

    return (
        Tool(
            "memory_search",
            "Search MEMORY.md, USER.md and memory/**/*.md by words, before answering about people, "
            "decisions, dates or preferences. A warning means that results are missing.",
            MemorySearchArguments,
            search,
            read_only=True,
        ),
        Tool(
            "memory_get",
            "Read lines of a memory file, usually around a result of memory_search.",
            MemoryGetArguments,
            get,
            read_only=True,
        ),
    )


def _as_json(answer: dict[str, JsonValue]) -> ToolResult:
    return ToolResult(json.dumps(answer, ensure_ascii=False, indent=1), details=answer)


def _memory_path(sandbox: Sandbox, name: str) -> str | None:
    try:
        path = in_workspace(sandbox, name)
    except ToolFailure:
        return None
    return path if path in ROOT_FILES or _is_note(path) else None


def _is_note(path: str) -> bool:
    return path.startswith(f"{FOLDER}/") and path.endswith(".md")


def _window(path: str, text: str, arguments: MemoryGetArguments) -> dict[str, JsonValue]:
    lines = text.removesuffix("\n").split("\n")
    shown = lines[arguments.from_line - 1 :][: arguments.lines]
    body = "\n".join(shown)[:_WINDOW_CHARACTERS]
    answer: dict[str, JsonValue] = {
        "status": "ok",
        "path": path,
        "text": body,
        "from": arguments.from_line,
        "lines": body.count("\n") + 1 if shown else 0,
    }
    following = arguments.from_line + body.count("\n") + 1
    if shown and following <= len(lines):
        answer["text"] = f"{body}\n\n[The file goes on. Read on with from={following}.]"
    return answer


async def _chunks(sandbox: Sandbox) -> tuple[list[_Chunk], str]:
    chunks: list[_Chunk] = []
    room = _INDEXED_BYTES
    left_out: list[str] = []
    for path in await _memory_files(sandbox):
        try:
            data = await sandbox.read(path)
            if len(data) > room:
                left_out.append(path)
                continue
            chunks += _cut(path, as_text(data, path))
            room -= len(data)
        except (OSError, ToolFailure):
            left_out.append(path)
    warning = f"not searched (too large, or no text): {', '.join(left_out)}" if left_out else ""
    return chunks, warning


async def _memory_files(sandbox: Sandbox) -> list[str]:
    found = [name for name in await sandbox.list("") if name in ROOT_FILES]
    pending = [FOLDER]
    while pending:
        folder = pending.pop()
        try:
            names = await sandbox.list(folder)
        except OSError:
            continue  # not there, or not a directory
        found += [f"{folder}/{name}" for name in names if name.endswith(".md")]
        if folder.count("/") < _DEPTH:
            pending += [f"{folder}/{name[:-1]}" for name in names if name.endswith("/")]
    return sorted(found)


def _cut(path: str, text: str) -> list[_Chunk]:
    lines = text.split("\n")
    chunks: list[_Chunk] = []
    first = 0
    while first < len(lines):
        last, size = first, len(lines[first])
        while last + 1 < len(lines) and size + len(lines[last + 1]) <= _CHUNK_CHARACTERS:
            last += 1
            size += len(lines[last]) + 1
        chunks.append(_Chunk(path, first + 1, last + 1, "\n".join(lines[first : last + 1])))
        if last + 1 == len(lines):
            break
        first = max(first + 1, last + 1 - _OVERLAP_LINES)
    return chunks


def _search(chunks: Sequence[_Chunk], arguments: MemorySearchArguments) -> list[JsonValue]:
    words = re.findall(r"\w+", arguments.query)
    if not words or not chunks:
        return []
    query = " OR ".join(f'"{word}"' for word in words)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(
            "create virtual table notes using fts5(path, text, tokenize='porter unicode61')"
        )
        rows = [(number, chunk.path, chunk.text) for number, chunk in enumerate(chunks)]
        database.executemany("insert into notes(rowid, path, text) values (?, ?, ?)", rows)
        hits: list[tuple[int, float]] = database.execute(
            "select rowid, bm25(notes) from notes where notes match ? order by bm25(notes), rowid",
            (query,),
        ).fetchall()
    return _results([(chunks[number], -rank) for number, rank in hits], words, arguments)


def _results(
    hits: Sequence[tuple[_Chunk, float]], words: Sequence[str], arguments: MemorySearchArguments
) -> list[JsonValue]:
    """The best hits that do not repeat each other, with scores from 0 to 1."""
    found: list[JsonValue] = []
    taken: list[_Chunk] = []
    for chunk, rank in hits:
        score = round(_share(chunk.text, words) * 0.7 + 0.3 * rank / (1 + rank), 4)
        overlaps = any(
            other.path == chunk.path and chunk.first <= other.last and other.first <= chunk.last
            for other in taken
        )
        if score < arguments.min_score or overlaps:
            continue
        taken.append(chunk)
        found.append(
            {
                "path": chunk.path,
                "startLine": chunk.first,
                "endLine": chunk.last,
                "score": score,
                "snippet": chunk.text[:_SNIPPET_CHARACTERS],
                "citation": f"{chunk.path}#L{chunk.first}-L{chunk.last}",
            }
        )
        if len(found) == arguments.max_results:
            break
    return found


def _share(text: str, words: Sequence[str]) -> float:
    """The share of the words that the text holds, whatever follows their stem."""
    lowered = text.lower()
    return sum(word.lower()[:6] in lowered for word in words) / len(words)
