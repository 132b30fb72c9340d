"""Programs that the expert writes: one step of a task's reference solution as a shell command.

Where no skill has a command for a step, a person who knows what they are doing writes a few lines
of Python. The expert's are those of the reference solution, which knows the instruction's
parameters and none of the expected values.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping

from clawgym.files import Files
from clawgym.graph import Node, TaskGraph

_WAY = "reference"
_LIBRARY = "/tmp/lib"  # noqa: S108 - of the box, which nobody else is in
_IMPORT = re.compile(r"^(?:from|import) reference\.(\w+)(?: import [^()\n]*| *)$", re.MULTILINE)
_WRAPPED = re.compile(r"^(from reference\.\w+ import) \(([^)]*)\)", re.MULTILINE)
_DOCSTRING = re.compile(r'\A(?:#.*\n)*"""(?:.|\n)*?"""\n')


def command_of(node: Node, graph: TaskGraph, solution: Files) -> str | None:
    """A shell command, to be run in the workspace, that performs one node.

    Args:
        node: the operation with its parameters.
        graph: says where the artifacts are.
        solution: the task's `solution/` folder.

    Returns:
        None when the solution has no module for the operation.
    """
    modules = dict(_modules(solution, node.operation))
    if not modules:
        return None
    paths = [graph.artifact(artifact_id).path for artifact_id in node.inputs]
    output = graph.artifact(node.output).path
    call = ", ".join(_literal(value) for value in (dict(node.params), paths, output))
    if _can_be_one(modules):
        program = "\n\n".join([*(_body(source) for source in modules.values()), f"run({call})"])
        return f"python3 - {_here(program)}"
    return _as_library(modules, node.operation, call)


def _can_be_one(modules: Mapping[str, str]) -> bool:
    """Whether the modules can stand in one file: no name is renamed, or meant twice."""
    names: list[str] = []
    for source in modules.values():
        for statement in ast.parse(source).body:
            names += _defined(statement)
            renamed = isinstance(statement, ast.ImportFrom) and any(
                name.asname for name in statement.names
            )
            whole = isinstance(statement, ast.Import) and any(
                name.name.startswith(f"{_WAY}.") for name in statement.names
            )
            if renamed or whole:
                return False
    return len(names) == len(set(names))


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return []


def _as_library(modules: Mapping[str, str], operation: str, call: str) -> str:
    folder = f"{_LIBRARY}/{_WAY}"
    lines = [f"mkdir -p {folder}"]
    lines += [f"cat > {folder}/{name}.py {_here(source)}" for name, source in modules.items()]
    program = f"from {_WAY}.{operation} import run\n\nrun({call})"
    return "\n".join([*lines, f"PYTHONPATH={_LIBRARY} python3 - {_here(program)}"])


def _here(text: str) -> str:
    """A text as a here-document of the shell."""
    end = "END"
    while f"\n{end}\n" in f"\n{text}\n":
        end += "_"
    return f"<<'{end}'\n{text.rstrip()}\n{end}"


def _modules(solution: Files, name: str) -> Iterator[tuple[str, str]]:
    """The module and before it those that it needs, each once, by name."""
    seen: set[str] = set()

    def visit(name: str) -> Iterator[tuple[str, str]]:
        path = f"{_WAY}/{name}.py"
        if name in seen or path not in solution:
            return
        seen.add(name)
        source = _joined(solution[path].data.decode())
        for needed in _IMPORT.findall(source):
            yield from visit(needed)
        yield name, source

    return visit(name)


def _body(source: str) -> str:
    """The source without its docstring and without what is pasted in above it."""
    return _DOCSTRING.sub("", _IMPORT.sub("", source)).strip()


def _joined(source: str) -> str:
    """Imports in parentheses, each on one line."""
    return _WRAPPED.sub(lambda found: f"{found[1]} {' '.join(found[2].split()).strip(',')}", source)


def _literal(value: object) -> str:
    """A JSON value as Python writes it."""
    return repr(json.loads(json.dumps(value)))
