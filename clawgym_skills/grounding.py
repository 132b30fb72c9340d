"""How the bundled skills perform the atomic operations: a graph node becomes a command line.

The commands are those that each `SKILL.md` documents. They are an independent way to a task's
result: neither the truth nor the reference solution shares code with these scripts.
"""

import json
from collections.abc import Callable, Sequence

from pydantic import JsonValue

from clawgym.graph import Node, TaskGraph

_SCRIPTS = {
    "csv-analysis": "table.py",
    "json-query": "query.py",
    "record-merge": "merge.py",
    "log-triage": "triage.py",
    "mailbox-triage": "mailbox.py",
    "calendar-ics": "calendar_ics.py",
    "config-edit": "config.py",
    "markdown-report": "report.py",
}


def command_for(node: Node, graph: TaskGraph, skill_directory: str) -> list[str] | None:
    """The argument vector that performs a node with its skill, run in the workspace.

    Args:
        node: the operation with its parameters.
        graph: says where the artifacts are.
        skill_directory: where the skill's folder stands, as the command sees it.

    Returns:
        None when the skill is not one of ours, so that its scripts are unknown.
    """
    script = _SCRIPTS.get(node.skill or "")
    if script is None or node.operation not in _ARGUMENTS:
        return None
    paths = [graph.artifact(artifact_id).path for artifact_id in node.inputs]
    output = graph.artifact(node.output).path
    arguments = _ARGUMENTS[node.operation](_Parameters(node), paths, output)
    return ["python3", f"{skill_directory}/scripts/{script}", *arguments]


class _Parameters:
    """A node's JSON parameters, read as text and lists of texts."""

    def __init__(self, node: Node) -> None:
        self._params = node.params

    def text(self, name: str) -> str:
        return _plain(self._params[name])

    def texts(self, name: str) -> list[str]:
        return [_plain(item) for item in self._items(name)]

    def rows(self, name: str) -> list[dict[str, str]]:
        rows = [item for item in self._items(name) if isinstance(item, dict)]
        return [{key: _plain(value) for key, value in row.items()} for row in rows]

    def _items(self, name: str) -> list[JsonValue]:
        items = self._params.get(name, [])
        return items if isinstance(items, list) else []


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _extract(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    return ["extract", paths[0], "-o", output, "--fields", ",".join(params.texts("fields"))]


def _filter(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    conditions = [f"{c['column']} {c['op']} {c['value']}" for c in params.rows("conditions")]
    wheres = [word for condition in conditions for word in ("--where", condition)]
    return ["filter", paths[0], "-o", output, *wheres]


def _deduplicate(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    return [
        "dedup",
        paths[0],
        "-o",
        output,
        "--key",
        params.text("key"),
        "--keep",
        params.text("keep"),
    ]


def _join(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    return ["join", *paths, "-o", output, "--on", params.text("on")]


def _aggregate(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    measures: list[str] = []
    for measure in params.rows("measures"):
        column = measure.get("column", "")
        measures += [
            "--measure",
            f"{measure['function']}:{column}" if column else measure["function"],
        ]
    return ["aggregate", paths[0], "-o", output, "--by", ",".join(params.texts("by")), *measures]


def _convert(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    del params
    return ["convert", paths[0], "-o", output]


def _update(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    del output
    if params.text("mode") == "scale":
        return ["scale", paths[0], "--key", params.text("key"), "--factor", params.text("factor")]
    columns = [
        "--key-column",
        params.text("key_column"),
        "--value-column",
        params.text("value_column"),
    ]
    return ["set-from", *paths, "--section", params.text("section"), *columns]


def _report(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    totals = [word for name in params.texts("totals") for word in ("--total", name)]
    return ["report", paths[0], "-o", output, "--title", params.text("title"), *totals]


_ARGUMENTS: dict[str, Callable[[_Parameters, Sequence[str], str], list[str]]] = {
    "extract": _extract,
    "filter": _filter,
    "deduplicate": _deduplicate,
    "join": _join,
    "aggregate": _aggregate,
    "convert": _convert,
    "update": _update,
    "report": _report,
}
