"""How the bundled skills perform the atomic operations: a graph node becomes a command line.

The commands are those that each `SKILL.md` documents. They are an independent way to a task's
result: neither the truth nor the reference solution shares code with these scripts. What a script
does not cover to the letter has no command here; it takes a program of one's own.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from clawgym.artifact import ArtifactKind
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
        None when the skill is not one of ours, or its script cannot do what the parameters ask.
    """
    script = _SCRIPTS.get(node.skill or "")
    if script is None or node.operation not in _ARGUMENTS or not _is_covered(node, graph):
        return None
    paths = [graph.artifact(artifact_id).path for artifact_id in node.inputs]
    output = graph.artifact(node.output).path
    arguments = _ARGUMENTS[node.operation](_Parameters(node), paths, output)
    return ["python3", f"{skill_directory}/scripts/{script}", *arguments]


_ROWS = (ArtifactKind.TABLE, ArtifactKind.RECORDS)
_ENTRIES = (ArtifactKind.LOG, ArtifactKind.MAILBOX, ArtifactKind.CALENDAR)
_COMPARISONS = ("==", "!=", ">=", "<")
_FIGURES = ("count", "sum", "mean", "min", "max")
_USED = {
    "extract": ("fields",),
    "filter": ("conditions",),
    "deduplicate": ("keys", "keep"),
    "join": ("on", "right_on"),
    "aggregate": ("by", "measures"),
    "convert": (),
    "update": ("mode", "key", "factor", "section", "key_column", "value_column"),
    "report": ("title", "totals"),
}
"""The parameters that commands are made of; any other must have its plainest value."""

_PLAINEST: Mapping[str, JsonValue] = {"form": "plain", "how": "inner", "keys": "exact"}


def _is_covered(node: Node, graph: TaskGraph) -> bool:
    """Whether the script does all that the parameters ask."""
    params, used = node.params, _USED[node.operation]
    others = {name: value for name, value in params.items() if name not in used}
    if any(value and value != _PLAINEST.get(name) for name, value in others.items()):
        return False
    return _COVERED[node.operation](_Parameters(node), graph.artifact(node.inputs[0]).kind)


def _some_entries(params: "_Parameters", kind: ArtifactKind) -> bool:
    del params
    return kind in _ENTRIES


def _some_rows(params: "_Parameters", kind: ArtifactKind) -> bool:
    del params
    return kind in _ROWS


def _plain_filter(params: "_Parameters", kind: ArtifactKind) -> bool:
    conditions = params.rows("conditions")
    return kind in _ROWS and all(
        c["op"] in _COMPARISONS and len(c["values"]) == 1 for c in conditions
    )


def _plain_keys(params: "_Parameters", kind: ArtifactKind) -> bool:
    one, keep = len(params.texts("keys")) == 1, params.text("keep")
    return kind in _ROWS and one and keep in ("first", "last")


def _same_name(params: "_Parameters", kind: ArtifactKind) -> bool:
    return kind in _ROWS and params.text("on") == params.text("right_on")


def _plain_figures(params: "_Parameters", kind: ArtifactKind) -> bool:
    known = all(measure["function"] in _FIGURES for measure in params.rows("measures"))
    return kind in _ROWS and known and not any(by.get("bucket") for by in params.rows("by"))


def _plain_change(params: "_Parameters", kind: ArtifactKind) -> bool:
    return kind is ArtifactKind.CONFIG and params.text("mode") in ("scale", "set-from")


_COVERED: Mapping[str, Callable[["_Parameters", ArtifactKind], bool]] = {
    "extract": _some_entries,
    "filter": _plain_filter,
    "deduplicate": _plain_keys,
    "join": _same_name,
    "aggregate": _plain_figures,
    "convert": _some_rows,
    "update": _plain_change,
    "report": _some_rows,
}


class _Parameters:
    """A node's JSON parameters, read as text and lists of texts."""

    def __init__(self, node: Node) -> None:
        self._params = node.params

    def text(self, name: str) -> str:
        return _plain(self._params[name])

    def texts(self, name: str) -> list[str]:
        return [_plain(item) for item in self._items(name)]

    def rows(self, name: str) -> list[dict[str, str | list[str]]]:
        rows = [item for item in self._items(name) if isinstance(item, dict)]
        return [{key: _plain_or_list(value) for key, value in row.items()} for row in rows]

    def _items(self, name: str) -> list[JsonValue]:
        items = self._params.get(name, [])
        return items if isinstance(items, list) else []


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _plain_or_list(value: JsonValue) -> str | list[str]:
    return [_plain(item) for item in value] if isinstance(value, list) else _plain(value)


def _extract(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    return ["extract", paths[0], "-o", output, "--fields", ",".join(params.texts("fields"))]


def _filter(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    conditions = [f"{c['column']} {c['op']} {c['values'][0]}" for c in params.rows("conditions")]
    wheres = [word for condition in conditions for word in ("--where", condition)]
    return ["filter", paths[0], "-o", output, *wheres]


def _deduplicate(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    return [
        "dedup",
        paths[0],
        "-o",
        output,
        "--key",
        params.texts("keys")[0],
        "--keep",
        params.text("keep"),
    ]


def _join(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    return ["join", *paths, "-o", output, "--on", params.text("on")]


def _aggregate(params: _Parameters, paths: Sequence[str], output: str) -> list[str]:
    measures: list[str] = []
    for measure in params.rows("measures"):
        column = str(measure.get("column", ""))
        measures += [
            "--measure",
            f"{measure['function']}:{column}" if column else str(measure["function"]),
        ]
    by = ",".join(str(group["column"]) for group in params.rows("by"))
    return ["aggregate", paths[0], "-o", output, "--by", by, *measures]


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
