"""From the truth of a draft to the checks of its verifier, before any words are written."""

import hashlib
from collections.abc import Mapping
from typing import TypedDict

from clawgym.files import Files
from clawgym.graph import Node, TaskGraph
from clawgym.reward import CheckRole
from synth.rendering import plain
from synth.values import Cell, Config, Document, Row, RowSet, Value
from verify.checks import (
    Check,
    CheckSet,
    ConfigCheck,
    FigureCheck,
    RowsCheck,
    TitleCheck,
    UnchangedCheck,
)


class _Head(TypedDict):
    id: str
    node: str
    role: CheckRole
    weight: float
    requirement: str
    expected: str


class _Rows(TypedDict):
    path: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    key: tuple[str, ...]
    rows: tuple[Row, ...]
    ordered: bool


class _Content(TypedDict):
    path: str
    values: dict[str, dict[str, str]]
    kept: dict[str, dict[str, str]]
    comments: tuple[str, ...]


def checks_for(graph: TaskGraph, values: Mapping[str, Value], workspace: Files) -> CheckSet:
    """The checks of every node, then one gate that the inputs were left alone.

    Each node is worth one point, shared by its core checks.
    """
    checks: list[Check] = []
    for node in graph.topological():
        checks += _node_checks(node, graph.artifact(node.output).path, values)
    edited = {graph.artifact(node.output).path for node in graph.nodes}
    checks.append(_unchanged(Files({p: f for p, f in workspace.items() if p not in edited})))
    return CheckSet(checks=tuple(checks))


def computed_figures(graph: TaskGraph, values: Mapping[str, Value]) -> set[str]:
    """Figures that exist only in the truth: they must not stand in the instruction."""
    figures: set[str] = set()
    for node in graph.nodes:
        value = values[node.output]
        if isinstance(value, Document):
            for _, total in value.totals:
                figures |= {plain(total), f"{total:.10g}"}
        elif isinstance(value, RowSet) and value.grouped:
            for field in value.fields:
                if field.numeric:
                    figures |= {plain(cell) for cell in value.values(field.name)}
    return {figure for figure in figures if len(figure) > 2}


def _node_checks(node: Node, path: str, values: Mapping[str, Value]) -> list[Check]:
    value = values[node.output]
    if isinstance(value, RowSet):
        return _rows_checks(node, path, value)
    if isinstance(value, Document):
        return _document_checks(node, path, value)
    before = values[node.inputs[0]]
    assert isinstance(before, Config)
    return _config_checks(node, path, before, value)


def _rows_checks(node: Node, path: str, value: RowSet) -> list[Check]:
    columns = ", ".join(value.names)
    return [
        RowsCheck(
            **_head(
                node, "parse", CheckRole.GATE, 0.0, f"{path} has the columns {columns}", columns
            ),
            **_rows(path, value),
            type="rows_parse",
        ),
        RowsCheck(
            **_head(
                node,
                "keys",
                CheckRole.CORE,
                0.4,
                f"{path} holds the right rows",
                f"{len(value.rows)} rows, told apart by {', '.join(value.key)}",
            ),
            **_rows(path, value),
            type="row_keys",
        ),
        RowsCheck(
            **_head(
                node,
                "cells",
                CheckRole.CORE,
                0.6,
                f"every cell of {path} is right",
                f"{len(value.rows)} rows such as {_sample(value)}",
            ),
            **_rows(path, value),
            type="row_cells",
        ),
    ]


def _document_checks(node: Node, path: str, value: Document) -> list[Check]:
    title = f"# {value.title}"
    checks: list[Check] = [
        TitleCheck(
            **_head(node, "title", CheckRole.GATE, 0.0, f"{path} begins with its title", title),
            path=path,
            title=value.title,
        ),
        RowsCheck(
            **_head(
                node,
                "table",
                CheckRole.CORE,
                0.5,
                f"{path} shows every row in one table",
                f"{len(value.table.rows)} rows such as {_sample(value.table)}",
            ),
            **_rows(path, value.table),
            type="document_table",
        ),
    ]
    for number, (label, total) in enumerate(value.totals, 1):
        head = _head(
            node,
            f"total{number}",
            CheckRole.CORE,
            0.5 / len(value.totals),
            f"{path} states `{label}`",
            f"{label}: {plain(total)}",
        )
        checks.append(FigureCheck(**head, path=path, label=label, value=total))
    return checks


def _config_checks(node: Node, path: str, before: Config, after: Config) -> list[Check]:
    changed: dict[str, dict[str, str]] = {}
    kept: dict[str, dict[str, str]] = {}
    for section, entries in after.sections.items():
        for key, text in entries.items():
            same = before.sections.get(section, {}).get(key) == text
            (kept if same else changed).setdefault(section, {})[key] = text
    said = "; ".join(f"{s}.{k} = {v}" for s, entries in changed.items() for k, v in entries.items())
    gate = _head(
        node,
        "kept",
        CheckRole.GATE,
        0.0,
        f"{path} is otherwise unchanged",
        "other keys and comments",
    )
    core = _head(node, "values", CheckRole.CORE, 1.0, f"{path} has the new values", said[:300])
    content = _Content(path=path, values=changed, kept=kept, comments=before.comments)
    return [
        ConfigCheck(**gate, **content, type="config_kept"),
        ConfigCheck(**core, **content, type="config_values"),
    ]


def _unchanged(inputs: Files) -> UnchangedCheck:
    digests = {path: hashlib.sha256(file.data).hexdigest() for path, file in inputs.items()}
    return UnchangedCheck(
        id="inputs",
        node=None,
        role=CheckRole.GATE,
        weight=0.0,
        requirement="the input files are left as they are",
        expected=", ".join(digests),
        digests=digests,
    )


def _head(
    node: Node, what: str, role: CheckRole, weight: float, requirement: str, expected: str
) -> _Head:
    return _Head(
        id=f"{node.id}.{what}",
        node=node.id,
        role=role,
        weight=weight,
        requirement=requirement,
        expected=expected,
    )


def _rows(path: str, value: RowSet) -> _Rows:
    return _Rows(
        path=path,
        columns=value.names,
        numeric=tuple(field.numeric for field in value.fields),
        key=value.key,
        rows=value.rows,
        ordered=value.sorted_rows,
    )


def _sample(value: RowSet) -> str:
    cells: list[Cell] = list(value.rows[0]) if value.rows else []
    return " / ".join(plain(cell) for cell in cells)
