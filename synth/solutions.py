"""The solutions that are shipped with a task: the steps as data, and only the modules they need."""

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from clawgym.files import File, Files
from clawgym.graph import TaskGraph

REFERENCE, SECOND = "reference", "second"
"""The two independent ways: `task_runtime/reference/<operation>.py` and `task_runtime/second/…`."""

_RUNTIME = files("synth").joinpath("task_runtime")
_SCRIPTS = {REFERENCE: "solve.sh", SECOND: "alternative.sh"}
_IMPORT = re.compile(r"^(?:from|import) (reference|second)\.(\w+)", re.MULTILINE)


def solution_files(graph: TaskGraph) -> Files:
    """The `solution/` folder: the reference, and the second where all its operations have one."""
    operations = {node.operation for node in graph.nodes}
    entries: dict[str, File | bytes | str] = {
        "solve.py": _read("solve.py"),
        "steps.json": json.dumps(_steps(graph), ensure_ascii=False, indent=1) + "\n",
    }
    for way, script in _SCRIPTS.items():
        if way == SECOND and not all(has_way(way, operation) for operation in operations):
            continue
        entries[script] = File(_read(script), executable=True)
        for name in _needed(way, operations):
            entries[f"{way}/{name}.py"] = _read(f"{way}/{name}.py")
    return Files(entries)


@cache
def has_way(way: str, operation: str) -> bool:
    """Whether there is such a solution of that operation."""
    return _RUNTIME.joinpath(way, f"{operation}.py").is_file()


def _steps(graph: TaskGraph) -> list[dict[str, object]]:
    return [
        {
            "operation": node.operation,
            "inputs": [graph.artifact(artifact_id).path for artifact_id in node.inputs],
            "output": graph.artifact(node.output).path,
            "params": node.params,
        }
        for node in graph.topological()
    ]


def _needed(way: str, names: Iterable[str]) -> list[str]:
    """These modules and what they import of their own way; sorted."""
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in needed:
            needed.add(name)
            waiting += _imports(way, name)
    return sorted(needed)


@cache
def _imports(way: str, name: str) -> tuple[str, ...]:
    found = _IMPORT.findall(_read(f"{way}/{name}.py").decode())
    assert all(other == way for other, _ in found), "the two ways have nothing in common"
    return tuple(module for _, module in found)


@cache
def _read(name: str) -> bytes:
    return _RUNTIME.joinpath(name).read_bytes()
