"""What Python scripts do, by their syntax tree: a small taint analysis by name, nothing executed.

A name is tainted by what is assigned to it anywhere in the module; that over-approximates, so only
a few meetings of source and sink count, each of which no honest skill needs.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from clawgym_skills.scan.address import addresses
from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.credentials import names_store, names_store_anywhere
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression, word_set
from clawgym_skills.scan.shell import INTERPRETERS, scan_commands

Taint = Literal["download", "decoded", "environment", "credential", "saved"]

MAX_SOURCE = 400_000
_ROUNDS = 3

_DOWNLOADS = word_set("python_code.downloads")
_SENDS = word_set("python_code.sends")
_SEND_METHODS = word_set("python_code.send_methods")
_DECODERS = word_set("python_code.decoders")
_EXECUTES = word_set("python_code.executes")
_UNPICKLERS = frozenset({"pickle.loads", "marshal.loads", "dill.loads"})
_RUNS = word_set("python_code.runs")
_READING = word_set("python_code.reading")
_ADDS = frozenset({"append", "update", "extend", "add"})
_NETWORK = frozenset({"requests", "socket", "smtplib", "httpx", "urllib", "aiohttp"})
_LOOKUPS = word_set("python_code.lookups")
_LOOSE_TAINTS = frozenset({"environment", "credential"})
_ACTS = expression("python_code.acts")
_SOURCES = expression("python_code.sources")
_OBFUSCATED = re.compile(r"^(?:_0x[0-9a-f]{3,}|[Il1O0_]{10,}|_{3,}\w{0,2})$")


def scan_python(document: Document, found: Collector) -> None:
    """Look at a script; what does not parse is left to the patterns."""
    for snippet in document.snippets:
        if snippet.kind != "python" or not _worth_parsing(snippet.text):
            continue
        tree = _parse(snippet.text)
        if tree is not None:
            _Module(tree, document, snippet.first_line, found).scan()


def _worth_parsing(source: str) -> bool:
    """Whether a script starts, sends, evaluates or reads anything that rules are about."""
    return _ACTS.search(source) is not None or names_store_anywhere(source)


def _parse(source: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source[:MAX_SOURCE])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@dataclass
class _Module:
    tree: ast.Module
    document: Document
    first_line: int
    found: Collector
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    taints: dict[str, set[Taint]] = field(default_factory=dict[str, set[Taint]])
    saved: set[str] = field(default_factory=set[str])
    called: set[str] = field(default_factory=set[str])
    flows: list[tuple[list[str], ast.expr]] = field(
        default_factory=list[tuple[list[str], ast.expr]]
    )

    def scan(self) -> None:
        nodes = list(ast.walk(self.tree))
        for node in nodes:
            self._learn_import(node)
        self.flows = [flow for node in nodes for flow in _flows(node)]
        for _ in range(_ROUNDS if _SOURCES.search(self.document.text) else 0):
            for names, value in self.flows:
                self._spread(names, value)
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        for call in calls:
            self._learn_saved(call)
        for call in calls:
            self._judge(call)
        self._judge_stores(calls)
        self._judge_module(nodes)

    def _report(self, rule_id: str, node: ast.expr | ast.stmt) -> None:
        self.found.add_in(rule_id, self.document, self.first_line + node.lineno - 1)

    # Names

    def _learn_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                self.aliases[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                self.aliases[name.asname or name.name] = f"{node.module}.{name.name}"

    def _dotted(self, node: ast.expr) -> str:
        """The full name of what is called; `?` stands for what is no plain name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Call) and _is_import_call(node):
            first = node.args[0]
            parts.append(str(first.value) if isinstance(first, ast.Constant) else "?")
        elif isinstance(node, ast.Name):
            parts.append(self.aliases.get(node.id, node.id))
        else:
            parts.append("?")
        return ".".join(reversed(parts))

    # Taints

    def _spread(self, names: list[str], value: ast.expr) -> None:
        taints = self._taints_of(value)
        for name in names if taints else ():
            self.taints.setdefault(name, set()).update(taints)

    def _taints_of(self, value: ast.expr) -> set[Taint]:
        taints: set[Taint] = set()
        for node in _mentions(value):
            if isinstance(node, ast.Call):
                taints |= self._taints_of_call(node)
            elif isinstance(node, ast.Attribute) and self._dotted(node) == "os.environ":
                taints.add("environment")
            elif isinstance(node, ast.Name):
                taints |= self.taints.get(node.id, set())
        return taints

    def _taints_of_call(self, call: ast.Call) -> set[Taint]:
        name = self._dotted(call.func)
        if name in _DOWNLOADS and not _is_local(call):
            return {"download"}
        if name in _DECODERS or (name.endswith(".decompress") and call.args):
            return {"decoded"}
        names_file = _reads(name) or name in ("os.path.expanduser", "pathlib.Path", "Path")
        return {"credential"} if names_file and names_store("/" + _constants(call)) else set()

    def _learn_saved(self, call: ast.Call) -> None:
        """The files that downloaded bytes are written to, by constant path or by name."""
        name = self._dotted(call.func)
        if name in ("urllib.request.urlretrieve", "wget.download") and len(call.args) > 1:
            self.saved.update(_places(call.args[1]))
        elif isinstance(call.func, ast.Attribute) and name.endswith((".write", ".write_bytes")):
            taints = {taint for value in call.args[:1] for taint in self._taints_of(value)}
            if "download" in taints:
                self.saved.update(self._targets(call.func.value))

    def _targets(self, target: ast.expr) -> Iterator[str]:
        """The files behind what is written to: a path, or the handle of an open file."""
        yield from _places(target)
        if not isinstance(target, ast.Name):
            return
        for names, value in self.flows:
            if target.id in names and isinstance(value, ast.Call):
                yield from (place for opened in value.args[:1] for place in _places(opened))

    # Sinks

    def _judge(self, call: ast.Call) -> None:
        name = self._dotted(call.func)
        self.called.add(name)
        if name in _EXECUTES:
            self._judge_execution(call)
        elif name in _UNPICKLERS and "download" in self._taints_of_arguments(call):
            self._report("SC501", call)
        elif name in _RUNS:
            self._judge_run(call)
        if name in _SENDS or name.rpartition(".")[2] in _SEND_METHODS:
            self._judge_send(call)

    def _taints_of_arguments(self, call: ast.Call) -> set[Taint]:
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return {taint for value in values for taint in self._taints_of(value)}

    def _judge_execution(self, call: ast.Call) -> None:
        taints = self._taints_of_arguments(call)
        if "download" in taints:
            self._report("SC501", call)
        elif "decoded" in taints:
            self._report("SC502", call)
        elif call.args and not isinstance(call.args[0], ast.Constant):
            self._report("SC503", call)

    def _judge_run(self, call: ast.Call) -> None:
        places = {place for value in call.args for place in _places(value)}
        taints = {taint for value in self._programs(call) for taint in self._taints_of(value)}
        if "download" in taints:
            self._report("SC501", call)
        elif "decoded" in taints:
            self._report("SC502", call)
        elif places & self.saved:
            self._report("SC504", call)
        for command in _command_lines(call):
            scan_commands(command, self.document, self.first_line + call.lineno - 1, self.found)

    def _programs(self, call: ast.Call) -> Iterator[ast.expr]:
        """The parts of a call that say what is run: not the arguments of a program."""
        if not call.args:
            return
        first = call.args[0]
        if isinstance(first, ast.Name):
            lists = [value for names, value in self.flows if first.id in names]
            lists = [value for value in lists if isinstance(value, ast.List | ast.Tuple)]
            first = lists[0] if lists else first
        if not isinstance(first, ast.List | ast.Tuple):
            yield first
            return
        yield from first.elts[:1]
        words = [part.value if isinstance(part, ast.Constant) else "" for part in first.elts]
        for flag, value in zip(words, first.elts[1:], strict=False):
            if flag in ("-c", "-e", "-Command"):
                yield value
        if str(words[0]).rpartition("/")[2] in INTERPRETERS:
            yield from (keyword.value for keyword in call.keywords if keyword.arg == "input")

    def _judge_send(self, call: ast.Call) -> None:
        taints = self._taints_of_arguments(call)
        if not taints & _LOOSE_TAINTS or _is_local(call):
            return
        self._report("SC413" if "environment" in taints else "SC409", call)

    def _reads_store(self, call: ast.Call) -> bool:
        return _reads(self._dotted(call.func)) and "credential" in self._taints_of_arguments(
            call
        ) | (self._taints_of_call(call))

    def _judge_stores(self, calls: list[ast.Call]) -> None:
        """Credentials of other programs that are read; worse where something is sent as well."""
        readers = [call for call in calls if self._reads_store(call)]
        sends = self.called & (_SENDS | {"socket.socket", "smtplib.SMTP", "smtplib.SMTP_SSL"})
        for call in readers:
            self._report("SC410" if sends else "SC411", call)

    def _judge_module(self, nodes: list[ast.AST]) -> None:
        tops = {name.partition(".")[0] for name in self.aliases.values()}
        if "os.dup2" in self.called and "socket" in tops:
            self._report("SC320", self.tree.body[0])
        if tops & {"pynput", "keyboard"} and tops & _NETWORK:
            self._report("SC506", self.tree.body[0])
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        if sum(1 for name in names if _OBFUSCATED.match(name)) >= 5:
            self._report("SC505", self.tree.body[0])


def _flows(node: ast.AST) -> Iterator[tuple[list[str], ast.expr]]:
    """Names, and the expression that they are given."""
    if isinstance(node, ast.Assign):
        yield [name for target in node.targets for name in _names(target)], node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value:
        yield _names(node.target), node.value
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield _names(node.optional_vars), node.context_expr
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield _names(node.target), node.iter
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        added = node.args[:1] if node.func.attr in _ADDS else []
        yield from ((_names(node.func.value), value) for value in added)


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Subscript):
        return _names(target.value) if isinstance(target.value, ast.Name) else []
    if isinstance(target, ast.Tuple | ast.List):
        return [name for item in target.elts for name in _names(item)]
    return []


def _mentions(value: ast.expr) -> Iterator[ast.AST]:
    """Every part of an expression, but of `mapping[key]` and `mapping.get(key)` only the key.

    One value of the environment is what a program needs; all of them are what a thief takes.
    """
    pending: list[ast.AST] = [value]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.Subscript):
            pending.append(node.slice)
            if not isinstance(node.value, ast.Name | ast.Attribute):
                pending.append(node.value)
        elif isinstance(node, ast.Call) and _is_lookup(node):
            pending.extend(node.args)
        elif not _is_apart(node):
            pending.extend(ast.iter_child_nodes(node))


def _is_apart(node: ast.AST) -> bool:
    """Whether a part of an expression does not flow into its value."""
    if isinstance(node, ast.keyword):
        return node.arg in ("env", "timeout")
    return isinstance(node, ast.Compare)


def _is_lookup(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _LOOKUPS


def _is_import_call(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if isinstance(call.func, ast.Attribute):
        name = call.func.attr
    return name in ("__import__", "import_module") and bool(call.args)


def _reads(name: str) -> bool:
    """Whether what is called reads a file."""
    return name in ("open", "io.open") or name.rpartition(".")[2] in _READING


def _constants(node: ast.AST) -> str:
    """The text constants of an expression, joined in their order as the parts of a path."""
    found = [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) < 300
    ]
    found.sort(key=lambda part: (part.lineno, part.col_offset))
    return "/".join(str(part.value).strip("/") for part in found[:20])


def _places(node: ast.expr) -> set[str]:
    """How a file is named in an expression: its constants, and its variables as `$name`."""
    places: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) > 2:
            places.add(part.value)
        elif isinstance(part, ast.Name) and part.id not in (
            "sys",
            "os",
            "self",
            "str",
            "cmd",
            "args",
        ):
            places.add(f"${part.id}")
    return places


def _is_local(call: ast.Call) -> bool:
    texts = [
        part.value
        for argument in call.args[:2]
        for part in ast.walk(argument)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    found = [address for text in texts for address in addresses(text[:2_000])]
    return bool(found) and all(address.local for address in found)


def _command_lines(call: ast.Call) -> Iterator[str]:
    """The commands that a call runs, as far as they are written out."""
    for argument in call.args[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
        elif isinstance(argument, ast.List | ast.Tuple):
            words = [
                part.value
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
                else "?"
                for part in argument.elts
            ]
            if len(words) > 2 and words[1] in ("-c", "/c", "-Command"):
                yield words[2]
            elif words:
                yield " ".join(f"'{word}'" for word in words if "'" not in word)
        elif isinstance(argument, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "X" for p in argument.values)
            yield "".join(map(str, parts))
