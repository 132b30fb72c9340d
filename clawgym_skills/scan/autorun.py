"""Files that other programs run by themselves: package hooks, test set-up, editors, git, shells."""

import ast
import json
import re
import warnings
from collections.abc import Callable
from fnmatch import fnmatchcase

from pydantic import JsonValue

from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression, word_set
from clawgym_skills.scan.shell import scan_commands

_LIFECYCLE = ("preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare")
_USUAL_HOOK = expression("autorun.usual_hook")
_REACHES_OUT = expression("autorun.reaches_out")
_ACTS = word_set("autorun.acts")

Judge = Callable[[Document, Collector], None]


def scan_autorun(document: Document, found: Collector) -> None:
    """Look at a file that something else would run without being asked."""
    path = document.path.rpartition("!/")[2]
    name = path.rpartition("/")[2]
    for pattern, judge in _JUDGES:
        if fnmatchcase(path if "/" in pattern else name, pattern):
            judge(document, found)
            return


def _lifecycle(document: Document, found: Collector) -> None:
    scripts = _object(_json(document.text)).get("scripts")
    for key, command in _object(scripts).items():
        if not isinstance(command, str):
            continue
        number = _line_of(document, f'"{key}"')
        scan_commands(command, document, number, found)
        if key in _LIFECYCLE and not _USUAL_HOOK.fullmatch(command.strip()):
            rule_id = "SC315" if _REACHES_OUT.search(command) else "SC314"
            found.add(rule_id, document.path, number, f"{key}: {command}")


def _python_setup(document: Document, found: Collector) -> None:
    """`conftest.py` and `setup.py` run when tests or an installation start."""
    if document.path.endswith("setup.py") and "setup(" not in document.text:
        return  # a script that happens to be called so
    acting = _acting_calls(document.text)
    if acting:
        found.add("SC317", document.path, acting[0], document.line(acting[0]))
    else:
        found.add("SC325", document.path)


def _always_imported(document: Document, found: Collector) -> None:
    if document.path.endswith(".pth") and not re.search(r"(?m)^import[ \t]", document.text):
        found.add("SC325", document.path)
        return
    found.add("SC316", document.path, 1, document.line(1))


def _editor_tasks(document: Document, found: Collector) -> None:
    if "folderopen" in document.lower:
        number = _line_of(document, "folderOpen")
        found.add("SC318", document.path, number, document.line(number))
    else:
        found.add("SC325", document.path)


def _hook(document: Document, found: Collector) -> None:
    if document.path.endswith(".sample"):
        return
    rule_id = "SC326" if _REACHES_OUT.search(document.text) else "SC319"
    found.add(rule_id, document.path, 1, document.line(1))


def _agent_settings(document: Document, found: Collector) -> None:
    if '"hooks"' not in document.text and '"mcpservers"' not in document.lower:
        found.add("SC325", document.path)
        return
    rule_id = "SC326" if _REACHES_OUT.search(document.text) else "SC319"
    number = _line_of(document, '"command"')
    found.add(rule_id, document.path, number, document.line(number))


def _build_file(document: Document, found: Collector) -> None:
    if re.search(r"\$\(shell [^)\n]{0,300}(?:curl|wget|base64)", document.text):
        number = _line_of(document, "$(shell")
        found.add("SC326", document.path, number, document.line(number))


_JUDGES: tuple[tuple[str, Judge], ...] = (
    ("package.json", _lifecycle),
    ("conftest.py", _python_setup),
    ("setup.py", _python_setup),
    ("sitecustomize.py", _always_imported),
    ("usercustomize.py", _always_imported),
    ("*.pth", _always_imported),
    ("*.vscode/tasks.json", _editor_tasks),
    ("*.vscode/settings.json", _editor_tasks),
    ("*.idea/*", _editor_tasks),
    ("*.git/hooks/*", _hook),
    ("*.githooks/*", _hook),
    ("*.husky/*", _hook),
    (".envrc", _hook),
    (".bashrc", _hook),
    (".zshrc", _hook),
    (".profile", _hook),
    (".pre-commit-config.yaml", _hook),
    ("*.claude/settings*.json", _agent_settings),
    ("*.openclaw/*.json", _agent_settings),
    (".mcp.json", _agent_settings),
    ("*hooks/hooks.json", _agent_settings),
    ("[Mm]akefile", _build_file),
    ("GNUmakefile", _build_file),
)


def _acting_calls(source: str) -> list[int]:
    """The lines at module level, or in a hook of pytest, that start programs or reach out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source[:200_000])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []
    lines: list[int] = []
    for statement in tree.body:
        inert = isinstance(statement, ast.FunctionDef | ast.ClassDef)
        if inert and not statement.name.startswith(("pytest_", "_run", "install", "Post")):
            continue
        calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
        lines += [call.lineno for call in calls if _name(call.func) in _ACTS]
    return lines


def _name(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def _json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _line_of(document: Document, text: str) -> int:
    offset = document.text.find(text)
    return document.line_at(offset) if offset >= 0 else 1
