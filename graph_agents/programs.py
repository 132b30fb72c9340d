"""Programs that the expert writes: one step of a task's reference solution as a single script.

Where no skill has a command for a step, a person who knows what they are doing writes a few lines
of Python. The expert's are those of the reference solution, which knows the instruction's
parameters and none of the expected values.
"""

import json
import re
from collections.abc import Iterator

from clawgym.files import Files
from clawgym.graph import Node, TaskGraph

_WAY = "reference"
_IMPORT = re.compile(r"^(?:from|import) reference\.(\w+)(?: import .*| *)$", re.MULTILINE)
_DOCSTRING = re.compile(r'\A(?:#.*\n)*"""(?:.|\n)*?"""\n')


def program_for(node: Node, graph: TaskGraph, solution: Files) -> str | None:
    """A Python program, to be run in the workspace, that performs one node.

    Args:
        node: the operation with its parameters.
        graph: says where the artifacts are.
        solution: the task's `solution/` folder.

    Returns:
        None when the solution has no module for the operation, or one that cannot stand alone.
    """
    modules = list(_modules(solution, node.operation))
    if not modules or any(_IMPORT.search(_plain(source)) for source in modules):
        return None
    paths = [graph.artifact(artifact_id).path for artifact_id in node.inputs]
    output = graph.artifact(node.output).path
    call = ", ".join(_literal(value) for value in (dict(node.params), paths, output))
    return "\n\n".join([*(_plain(source).strip() for source in modules), f"run({call})"]) + "\n"


def _modules(solution: Files, name: str) -> Iterator[str]:
    """The module and before it those that it needs, each once."""
    seen: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        path = f"{_WAY}/{name}.py"
        if name in seen or path not in solution:
            return
        seen.add(name)
        source = solution[path].data.decode()
        for needed in _IMPORT.findall(_joined(source)):
            yield from visit(needed)
        yield source

    return visit(name)


def _plain(source: str) -> str:
    """The source without its docstring and without what is pasted in above it."""
    return _DOCSTRING.sub("", re.sub(_IMPORT, "", _joined(source)))


def _joined(source: str) -> str:
    """Imports in parentheses, each on one line."""
    pattern = r"^(from reference\.\w+ import) \(([^)]*)\)"
    return re.sub(
        pattern,
        lambda found: f"{found[1]} {' '.join(found[2].split())}",
        source,
        flags=re.MULTILINE,
    )


def _literal(value: object) -> str:
    """A JSON value as Python writes it."""
    return repr(json.loads(json.dumps(value)))
