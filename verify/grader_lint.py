"""Static lint of a verifier's own source: Python by its syntax tree, shell by its lines.

It reads and never runs. What it says is a reason to look, not a proof: the probes prove.
"""

import ast
import re
import sys
from collections.abc import Container, Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from clawgym.files import File, Files

Remark = tuple[str, int, str]
"""Rule, line, what was found."""

_NETWORK = {
    *("aiohttp", "ftplib", "http.client", "http.server", "httpx", "imaplib", "nntplib", "paramiko"),
    *("poplib", "requests", "smtplib", "socket", "socketserver", "ssl", "telnetlib"),
    *("urllib.request", "urllib3", "websocket", "websockets", "xmlrpc"),
}
_CLOCKS = {
    *("time.time", "time.time_ns", "time.localtime", "time.ctime", "datetime.now"),
    *("datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4"),
    *("os.urandom", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"),
    "datetime.datetime.today",
}
_RANDOM = re.compile(r"(random|secrets)\.(?!seed$|Random$|SystemRandom$)\w+")
_RUNS_CODE = {
    *("exec", "eval", "__import__", "importlib.import_module", "runpy.run_path"),
    *("runpy.run_module", "importlib.util.spec_from_file_location", "pickle.load", "pickle.loads"),
    *("marshal.load", "marshal.loads", "shelve.open", "sys.path.insert", "sys.path.append"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load"),
}
_WAITS = {
    f"subprocess.{name}"
    for name in ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
}
_WAITS_FOR_EVER = {"os.system", "os.popen", "os.spawnl", "os.spawnv"}
_DELETES = {
    *("os.remove", "os.unlink", "os.rmdir", "os.rename", "os.replace", "shutil.rmtree"),
    *("shutil.move", "os.symlink", "os.link"),
}
_WRITES = {"write_text", "write_bytes", "unlink", "rmdir", "touch", "symlink_to", "rename"}
_OWN_PLACE = re.compile(r"(?i)log|reward|verdict|tmp|temp|scratch|detail|result")
_HOST_PATH = re.compile(
    r"(?<![\w/.$}-])(?:/(?:home|Users|root|mnt|srv|opt|data)/[\w.-]+|[A-Z]:\\\\?\w)"
)
_SHELL_NETWORK = re.compile(r"(?:^|[\s;&|(])(?:curl|wget|pip3? install|apt(?:-get)? |uvx|npm |nc )")
_SHELL_DECIDES = re.compile(
    r"(?:^|[\s;&|(!])(?:if|test|\[\[?|case|cmp|diff|grep|awk|jq|python3?|pytest|node|bash|sh|perl"
    r"|sqlite3|sha256sum|md5sum|exec|source|\.)\s|&&|\|\||\$\?"
)


def lint_grader(
    tests: Files, trusted: Container[bytes] = frozenset[bytes]()
) -> Iterator[tuple[str, Remark]]:
    """Each remark on the programs below `tests/`, with the file that it is about.

    Files whose content is `trusted` are not read, but may be imported by the others.
    """
    own = frozenset(PurePosixPath(path).stem for path in tests if path.endswith(".py"))
    own |= {part for path in tests for part in PurePosixPath(path).parts[:-1]}
    for path, file in tests.items():
        if file.data in trusted:
            continue
        if path.endswith(".py"):
            yield from ((path, remark) for remark in lint_python(file.data, own))
        elif path.endswith((".sh", ".bash")):
            yield from ((path, remark) for remark in lint_shell(file))


@lru_cache(maxsize=256)
def lint_shell(file: File) -> tuple[Remark, ...]:
    """Remarks on a shell script."""
    text = file.data.decode("utf-8", "replace")
    code = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()[:1] != "#"]
    found: list[Remark] = []
    for at, line in code:
        if _SHELL_NETWORK.search(line):
            found.append(("network", at, line.strip()[:80]))
        if path := _HOST_PATH.search(line):
            found.append(("host-path", at, path[0]))
    body = "\n".join(line for _, line in code)
    if "reward" in body and not _SHELL_DECIDES.search(body):
        found.append(("always-passes", 1, "it compares nothing and calls nothing that could"))
    return tuple(found)


@lru_cache(maxsize=256)
def lint_python(source: bytes, own: frozenset[str] = frozenset()) -> tuple[Remark, ...]:
    """Remarks on a Python program; `own` are the modules that lie beside it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        return (("grader-syntax", getattr(error, "lineno", 0) or 0, str(error)),)
    reader = _Reader(tree, own)
    return tuple(sorted(set(reader.remarks()), key=lambda remark: (remark[1], remark[0])))


class _Reader:
    """One pass over a syntax tree."""

    def __init__(self, tree: ast.Module, own: frozenset[str]) -> None:
        self._tree = tree
        self._own = own
        self._aliases: dict[str, str] = {}
        self._origins: dict[str, list[ast.expr]] = {}
        self._timed = False
        for node in ast.walk(tree):
            self._learn(node)

    def _learn(self, node: ast.AST) -> None:
        """Note what names stand for."""
        if isinstance(node, ast.Import):
            self._aliases |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            self._aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._origins.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            self._timed |= node.func.attr in ("communicate", "wait") and _has_timeout(node)

    def remarks(self) -> Iterator[Remark]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from self._imports(node)
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.ExceptHandler):
                yield from _handler(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _constant_check(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if path := _HOST_PATH.match(node.value):
                    yield "host-path", node.lineno, path[0]
            elif isinstance(node, ast.Assert) and _is_true(node.test):
                yield "always-passes", node.lineno, "an assertion of a constant"
        yield from self._whole()

    def _imports(self, node: ast.Import | ast.ImportFrom) -> Iterator[Remark]:
        if isinstance(node, ast.ImportFrom) and node.level:
            return
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        for name in names:
            if name in _NETWORK or name.split(".")[0] in _NETWORK:
                yield "network", node.lineno, f"import {name}"
        for root in {name.split(".")[0] for name in names}:
            if root not in sys.stdlib_module_names and root not in self._own:
                yield "third-party", node.lineno, f"import {root}"

    def _call(self, node: ast.Call) -> Iterator[Remark]:
        name = self._name(node.func)
        if name in _CLOCKS:
            yield "clock-or-random", node.lineno, f"{name}()"
        elif _RANDOM.fullmatch(name) and not self._seeds():
            yield "clock-or-random", node.lineno, f"{name}() without a seed"
        elif name in _RUNS_CODE and not all(isinstance(arg, ast.Constant) for arg in node.args):
            if not _is_safe_yaml(name, node):
                yield "runs-workspace-code", node.lineno, f"{name}()"
        elif name in _WAITS_FOR_EVER or (name in _WAITS and not _has_timeout(node)):
            yield "no-timeout", node.lineno, f"{name}() without a timeout"
        elif name == "subprocess.Popen" and not self._timed:
            yield "no-timeout", node.lineno, "Popen() and no wait with a timeout"
        elif (target := _written(name, node)) is not None and not self._is_own(target):
            yield "writes-outside", node.lineno, f"{name}({ast.unparse(target)[:60]})"

    def _name(self, node: ast.expr) -> str:
        """The dotted name of what is called, with import aliases resolved; empty for others."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return f".{parts[0]}" if parts else ""
        return ".".join([self._aliases.get(node.id, node.id), *reversed(parts)])

    def _seeds(self) -> bool:
        calls = (node for node in ast.walk(self._tree) if isinstance(node, ast.Call))
        return any(self._name(call.func) == "random.seed" and call.args for call in calls)

    def _is_own(self, target: ast.expr, depth: int = 0) -> bool:
        """Whether a path seems to lie in the log directory or in a temporary one."""
        for node in ast.walk(target):
            if _OWN_PLACE.search(_word(node)):
                return True
            if isinstance(node, ast.Name) and depth < 4:
                origins = self._origins.get(node.id, [])
                if any(self._is_own(origin, depth + 1) for origin in origins):
                    return True
        return False

    def _whole(self) -> Iterator[Remark]:
        """A program that writes a reward without a single decision."""
        decisions = (ast.Compare, ast.If, ast.IfExp, ast.Assert, ast.Try, ast.Match, ast.BoolOp)
        nodes = list(ast.walk(self._tree))
        says_reward = any(
            isinstance(node, ast.Constant) and "reward" in str(node.value) for node in nodes
        )
        decides = any(isinstance(node, decisions) for node in nodes)
        if says_reward and not decides and self._roots() <= sys.stdlib_module_names:
            yield "always-passes", 1, "it writes a reward and compares nothing"

    def _roots(self) -> set[str]:
        roots: set[str] = set()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import):
                roots |= {a.name.split(".")[0] for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                roots.add((node.module or "beside").split(".")[0])
        return roots


def _handler(node: ast.ExceptHandler) -> Iterator[Remark]:
    kind = node.type.id if isinstance(node.type, ast.Name) else None
    catches_all = node.type is None or kind in ("Exception", "BaseException")
    silent = all(
        isinstance(step, ast.Pass | ast.Continue)
        or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
        for step in node.body
    )
    if catches_all and silent:
        yield "swallowed-exception", node.lineno, f"except {kind or ''}".strip() + ": pass"


def _constant_check(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Remark]:
    """A check that returns a constant that counts as success, and does nothing else."""
    if not re.match(r"_?(check|test|grade|verify|score)", node.name):
        return
    body = [step for step in node.body if not isinstance(step, ast.Expr)]
    is_bare = len(body) == 1 and all(
        isinstance(step.value, ast.Constant) for step in node.body if isinstance(step, ast.Expr)
    )
    if is_bare and isinstance(body[0], ast.Return) and _is_true(body[0].value):
        yield "always-passes", node.lineno, f"{node.name}(): {ast.unparse(body[0])}"


def _written(name: str, node: ast.Call) -> ast.expr | None:
    """The path that a call writes to or deletes; None for any other call."""
    if name in ("open", "io.open"):
        modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
        for mode in modes:
            if isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+"):
                return node.args[0] if node.args and not _is_number(node.args[0]) else None
        return None
    if name in _DELETES:
        return node.args[-1] if node.args else None
    last = name.rsplit(".", 1)[-1]
    if last in _WRITES and isinstance(node.func, ast.Attribute):
        return node.func.value
    return None


def _is_number(node: ast.expr) -> bool:
    """A descriptor that is open already."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _word(node: ast.AST) -> str:
    """What a name, an attribute or a constant is called."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _has_timeout(node: ast.Call) -> bool:
    return any(keyword.arg in ("timeout", None) for keyword in node.keywords)


def _is_safe_yaml(name: str, node: ast.Call) -> bool:
    return name == "yaml.load" and any("Safe" in ast.unparse(part) for part in node.keywords)
