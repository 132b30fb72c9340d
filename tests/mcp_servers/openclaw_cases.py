"""The table of the differential test, and what of an outcome is compared.

`record_openclaw.py` asks OpenClaw's own tools; `test_openclaw_differential.py` asks ours.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
OUTCOMES = DATA / "openclaw_outcomes.json"

_LONG = 1_000
_NOTICE = re.compile(r"\n*\[([^\]\n]*)\]$")
_RENAMED = re.compile(r"\A\[(?:Resolved filename|The file is called)[^\n]*\]\n")
_BLANK = re.compile(
    r"\A\n*(?:File is empty|File contains (\d+) blank|\[The file is empty|\[Only blank text: (\d+))"
)
_SHELL = re.compile(r"\S*bash: (?:eval: |-c: )?line \d+: ")
_ENDING = re.compile(r"\n*\((Command exited with code -?\d+|no output|Command was [^)]*)\)")


@dataclass(frozen=True)
class Case:
    """Files, then calls, each with what is to be different and why."""

    name: str
    files: Mapping[str, bytes]
    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    known: Mapping[str, Any] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    """Every case of the table."""
    table = yaml.safe_load((DATA / "openclaw_cases.yaml").read_text(encoding="utf-8"))
    for tool, rows in table.items():
        for row in rows:
            yield Case(f"{tool}: {row['name']}", _files(row), tuple(_calls(tool, row)), row)


def _files(row: Mapping[str, Any]) -> dict[str, bytes]:
    if "repeat" in row:
        return {"file.txt": (row["repeat"][0] * row["repeat"][1]).encode()}
    if "base64" in row:
        return {row["path"]: base64.b64decode(row["base64"])}
    texts = {**({"file.txt": row["file"]} if "file" in row else {}), **row.get("files", {})}
    return {path: text.encode() for path, text in texts.items()}


def _calls(tool: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if tool == "memory":
        yield from ((name, arguments) for name, arguments in row["calls"])
        return
    first: dict[str, Any] = {}
    if tool in ("read", "write", "edit"):
        first["path"] = row.get("path", "file.txt")
    if tool == "edit" and "edits" in row:
        first["edits"] = [{"oldText": old, "newText": new} for old, new in row["edits"]]
    if tool == "apply_patch":
        lines = ["*** Begin Patch", *row.get("patch", ()), "*** End Patch"]
        first["input"] = row.get("raw", "\n".join(lines))
    first |= {name: row[name] for name in ("content", "command") if name in row}
    yield tool, {**first, **row.get("args", {})}
    yield from ((name, arguments) for name, arguments in row.get("then", ()))


def outcome(tool: str, text: str, details: Mapping[str, Any], *, failed: bool) -> dict[str, Any]:
    """What of a result has to be the same, whatever its words."""
    if failed:
        return {"failed": True}
    if tool == "read":
        return _reading(text, details)
    if tool in ("write", "edit"):
        return {"changed": details.get("changed")}
    if tool == "apply_patch":
        return {"summary": details["summary"]}
    if tool in ("exec", "process"):
        return _running(text, details)
    found = json.loads(text)
    shown = _NOTICE.sub("", found["text"])
    return {"status": found["status"], "text": shown, "code": found.get("code")}


def _reading(text: str, details: Mapping[str, Any]) -> dict[str, Any]:
    kind = details["kind"]
    if kind in ("image", "not_found"):
        return {"kind": kind}
    if found := re.search(r"(?:offset <= |largest valid offset is )(\d+)", text):
        return {"beyond": int(found[1])}
    if found := _BLANK.search(text):
        return {"blank": int(found[1] or found[2] or 0)}
    text = _RENAMED.sub("", text)
    notice = _NOTICE.search(text)
    following = re.search(r"offset=(\d+)", notice[1]) if notice else None
    body = text[: notice.start()] if notice else text
    return {"body": _brief(body.rstrip("\n")), "next": int(following[1]) if following else None}


def _brief(text: str) -> str:
    """The text, or where it is long its length and the digest of all of it."""
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return text if len(text) <= _LONG else f"{len(text)} characters, SHA-256 {digest}"


def _running(text: str, details: Mapping[str, Any]) -> dict[str, Any]:
    if details.get("error"):
        return {"refused": True}
    facts = {"status": details.get("status")}
    if facts["status"] == "running":
        return facts
    if "totalLines" in details:
        return {**facts, "log": _NOTICE.sub("", text).strip()}
    facts |= {"exit": details.get("exitCode"), "late": bool(details.get("timedOut"))}
    printed = details.get("aggregated") or ""
    facts["printed"] = _SHELL.sub("bash: ", _ENDING.sub("", printed)).strip()
    return facts


def compared(case: Case, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outcomes that count: of some cases the last alone, as the others depend on timing."""
    return calls[-1:] if case.known.get("compare") == "last" else calls


def tree(root: Path) -> dict[str, str]:
    """Every file below `root` as text."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): _brief(path.read_bytes().decode("utf-8", "backslashreplace"))
        for path in paths
    }
