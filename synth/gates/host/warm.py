"""A warm host: an interpreter that has loaded what solutions and graders use, and forks for each.

    python3 -s -S -B warm.py INBOX OUTBOX ROOT

Reads requests from the pipe INBOX and answers on the pipe OUTBOX; works below ROOT. It runs only
what ClawGym itself ships into tasks. The process that reads requests never runs any of it: it lays
files out, compiles sources, and forks.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from importlib.machinery import SourceFileLoader
from resource import RUSAGE_CHILDREN, RUSAGE_SELF
from typing import IO, Any

from children import Servant, answer_each, in_child
from trees import Tree, View, lay_out, read_back, remove
from wire import Message, send

LIBRARIES = (
    *("_strptime", "argparse", "array", "ast", "base64", "bisect", "calendar", "cmath"),
    *("collections.abc", "configparser", "contextlib", "copy", "csv", "dataclasses", "datetime"),
    *("decimal", "difflib", "email.header", "email.message", "email.mime.text", "email.parser"),
    *("email.policy", "email.utils", "encodings.ascii", "encodings.idna", "encodings.latin_1"),
    *("encodings.utf_16", "encodings.utf_8_sig", "enum", "errno", "fnmatch", "fractions"),
    *("functools", "glob", "gzip", "hashlib", "heapq", "hmac", "html.entities", "html.parser"),
    *("http.client", "http.server", "importlib.util", "inspect", "io", "itertools", "json"),
    *("keyword", "locale", "logging", "mailbox", "math", "mimetypes", "numbers", "operator"),
    *("os", "pathlib", "platform", "queue", "quopri", "random", "re", "runpy", "secrets"),
    *("shlex", "shutil", "signal", "socket", "socketserver", "sqlite3", "stat", "statistics"),
    *("string", "struct", "subprocess", "tarfile", "tempfile", "textwrap", "threading", "time"),
    *("token", "tokenize", "tomllib", "traceback", "types", "typing", "unicodedata"),
    *("urllib.parse", "urllib.request", "uuid", "warnings", "xml.dom.minidom"),
    *("xml.etree.ElementTree", "xml.sax.saxutils", "zipfile", "zlib", "zoneinfo"),
)
"""What solutions and graders use. A fork finds it loaded."""

LAUNCHER = re.compile(
    rb"(?:\s*(?:#[^\n]*|set -[a-z]+)?\n)*"
    rb'exec python3(?: -[IsSBE])* "\$\(cd "\$\(dirname "\$0"\)" && pwd\)/([\w./-]+\.py)"'
    rb"((?: \w+)*)\s*"
)
"""A shell script that does nothing but start the program beside it, with words as arguments."""

MOST_COMPILED = 4000
PIPE_BYTES = 1 << 20

codes: dict[bytes, types.CodeType] = {}
"""Compiled sources by their bytes: forks inherit them."""


def compile_once(source: bytes, name: str) -> None:
    """Keep the code of a source that compiles; forks report what does not."""
    if source in codes or len(codes) >= MOST_COMPILED:
        return
    with suppress(SyntaxError, ValueError):
        codes[source] = compile(source, name, "exec", dont_inherit=True)


def compiled_already(self: SourceFileLoader, data: bytes, path: str, **more: int) -> types.CodeType:
    """Stand in for `SourceFileLoader.source_to_code`."""
    return codes.get(bytes(data)) or load_code(self, data, path, **more)


load_code = SourceFileLoader.source_to_code


class Host:
    """The task at hand, and what is done with it."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.base: Tree = {}
        self.checks: bytes = b""
        self.runtime = ""
        self.runs = 0
        self.grader: Servant | None = None
        os.makedirs(root, exist_ok=True)

    def keep(self, message: Message) -> Message:
        """Lay out a verifier's programs, which many tasks share, under their digest."""
        tree = message.files(message.head["files"])
        place = f"{self.root}/kept/{message.head['digest']}"
        if not os.path.isdir(place):
            lay_out(place, tree)
        for path, (data, _) in tree.items():
            if path.endswith(".py"):
                compile_once(data, path)
        sys.clawgym_code = codes  # type: ignore[attr-defined]  # where grade.py looks
        return Message({})

    def open(self, message: Message) -> Message:
        """Take in a task: its initial workspace and its checks."""
        if self.grader is not None:
            self.grader.end()
            self.grader = None
        remove(f"{self.root}/task")
        self.base = message.files(message.head["workspace"])
        self.checks = message.blobs[message.head["checks"]]
        self.runtime = f"{self.root}/kept/{message.head['runtime']}"
        lay_out(f"{self.root}/task/base", self.base)
        return Message({})

    def solve(self, message: Message) -> Message:
        """Run a script of the solution on a copy of the workspace; what it changed."""
        self.runs += 1
        place = f"{self.root}/task/run-{self.runs}"
        solution = message.files(message.head["solution"])
        for path, (data, _) in solution.items():
            if path.endswith(".py"):
                compile_once(data, path)
        workspace, errors = f"{place}/workspace", f"{place}/errors"
        lay_out(workspace, self.base)
        lay_out(f"{place}/solution", solution)
        script = message.head["script"]
        run = starter(f"{place}/solution", script, solution[script][0], message.head["command"])
        with served(message.files(message.head["site"])):
            ended = in_child(
                lambda _: work_in(workspace, run), seconds=message.head["seconds"], errors=errors
            )
        answer = self._changes(read_back(workspace))
        with open(errors, "rb") as stream:
            said = stream.read()[-2000:].decode("utf-8", "replace")
        answer.head.update(code=ended.code, timed_out=ended.timed_out, cpu=ended.cpu, said=said)
        remove(place)
        return answer

    def grade(self, message: Message) -> Message:
        """Grade finished workspaces, given as changes of the initial one.

        One fork grades all that is asked about a task, one directory after the other.
        """
        if self.grader is None:
            base, place = list(self.base), f"{self.root}/task"
            directory, runtime, checks = message.head["directory"], self.runtime, self.checks

            def work(requests: IO[bytes], answers: IO[bytes]) -> None:
                os.chdir(directory)
                view = View(f"{place}/base", f"{place}/view", base)
                grade = grader(runtime, checks, f"{place}/logs/verifier")
                answer_each(requests, answers, lambda asked: grade_all(asked, view, grade))

            self.grader = Servant(work, errors=f"{place}/errors")
        answer = self.grader.ask(message, seconds=message.head["seconds"])
        if answer is None:
            ended, words = self.grader, self.grader.end()
            self.grader = None
            remove(f"{self.root}/task/view")
            return Message({"died": words, "timed_out": ended.timed_out, "cpu": ended.cpu})
        return answer

    def usage(self, message: Message) -> Message:
        """The CPU seconds of this host and of all that it forked."""
        del message
        own, others = (resource.getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
        spent = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
        return Message({"cpu": spent + (self.grader.cpu_seconds() if self.grader else 0.0)})

    def _changes(self, after: Tree) -> Message:
        message = Message({"removed": [path for path in self.base if path not in after]})
        message.head["changed"] = [
            (path, executable, message.add(data))
            for path, (data, executable) in sorted(after.items())
            if self.base.get(path) != (data, executable)
        ]
        return message


@contextmanager
def served(site: Tree) -> Generator[None]:
    """Serve a task's site while the block runs, where it has one: a fork that takes its port.

    The hosts of a box share that port, and work one after the other.
    """
    if not site:
        yield
        return
    server = importlib.import_module("site_server")  # it lies beside this file in the box
    pid = server.start({path: data for path, (data, _) in site.items()})
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def starter(folder: str, script: str, source: bytes, command: list[str]) -> Callable[[], None]:
    """How to run a script: in this very process where all it does is start Python."""
    found = LAUNCHER.fullmatch(source)
    if found is None:
        return lambda: run_command([*command, f"{folder}/{script}"])
    path = f"{folder}/{found[1].decode()}"
    arguments = found[2].decode().split()
    return lambda: run_program(path, arguments)


def run_command(argv: list[str]) -> None:
    """Run a script as a program of its own."""
    sys.exit(subprocess.run(argv, check=False).returncode & 0xFF)


def run_program(path: str, arguments: list[str]) -> None:
    """Run a Python file as `python3 -I -S path argument…` does."""
    with open(path, "rb") as stream:
        source = stream.read()
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"], sys.argv = main, [path, *arguments]
    exec(codes.get(source) or compile(source, path, "exec"), main.__dict__)  # noqa: S102


def work_in(workspace: str, run: Callable[[], None]) -> None:
    """Run something with a workspace as its directory, told as boxes tell it."""
    os.chdir(workspace)
    os.environ.update(CLAWGYM_WORKSPACE=workspace, HOME=workspace, PWD=workspace)
    run()


def grader(runtime: str, checks: bytes, logs: str) -> Callable[[str, bool], dict[str, Any]]:
    """A function that grades one directory after the other by the same checks."""
    place = f"{runtime}/grade.py"
    with open(place, "rb") as stream:
        source = stream.read()
    program: dict[str, Any] = {"__name__": "grade", "__file__": place}
    exec(codes.get(source) or compile(source, place, "exec"), program)  # noqa: S102
    specs = json.loads(checks)["checks"]
    library = program["open_library"]()
    unable = program["load"]("verdict").Unable

    def grade(workspace: str, explain: bool) -> dict[str, Any]:
        try:
            results, reward = program["grade_directory"](workspace, logs, specs, library)
        except unable as reason:
            return {"problem": f"no verdict: {reason}"}
        except Exception as error:  # noqa: BLE001 - a verifier that breaks leaves work ungraded
            return {"problem": f"{type(error).__name__}: {error}"}
        told = {"reward": reward, "failed": [r["id"] for r in results if failed(r)]}
        if explain:
            told["details"] = results
        return told

    return grade


def grade_all(
    message: Message, view: View, grade: Callable[[str, bool], dict[str, Any]]
) -> Message:
    """Grade the attempts of a request in turn; each finds the directory as if it were fresh."""
    graded: list[dict[str, Any]] = []
    for attempt in message.head["attempts"]:
        changed, removed = message.files(attempt["changed"]), attempt["removed"]
        view.show(changed, removed)
        graded.append(grade(view.root, message.head["explain"]))
        view.put_back(changed, removed)
    return Message({"graded": graded})


def failed(result: dict[str, Any]) -> bool:
    """Whether it is a core check that found something wrong itself."""
    void = result["found"].startswith("void:")
    return result["role"] == "core" and not result["passed"] and not void


def main(inbox: str, outbox: str, root: str) -> None:
    """Serve until the worker closes its end."""
    for name in (*LIBRARIES, "site_server"):
        with suppress(ImportError):  # a small system without it: scripts cannot use it either
            importlib.import_module(name)
    SourceFileLoader.source_to_code = compiled_already  # type: ignore[method-assign]
    sys.path[:] = [place for place in sys.path if place != os.path.dirname(__file__)]
    sys.dont_write_bytecode = True
    reading = os.open(inbox, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reading, True)
    host = Host(root)
    with open(outbox, "wb") as answers:
        widen(reading, answers.fileno())
        send(answers, Message({"ready": sys.version_info[:2]}))
        with os.fdopen(reading, "rb") as requests:
            gc.freeze()
            wait_for(reading)
            answer_each(requests, answers, lambda asked: getattr(host, asked.head["do"])(asked))
            if host.grader is not None:
                host.grader.end()


def wait_for(pipe: int) -> None:
    """Wait until somebody has written: a pipe that nobody opened yet reads as if closed."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.poll()


def widen(*pipes: int) -> None:
    """Let whole messages fit into the pipes, where the system allows it."""
    for pipe in pipes:
        with suppress(OSError):
            fcntl.fcntl(pipe, getattr(fcntl, "F_SETPIPE_SZ", 1031), PIPE_BYTES)


if __name__ == "__main__":
    main(*sys.argv[1:4])
