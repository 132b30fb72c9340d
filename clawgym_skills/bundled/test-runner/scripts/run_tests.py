#!/usr/bin/env python3
"""Run the unittest tests of a project with a time limit and write the outcome as JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

OUTCOMES = ["passed", "failed", "error", "skipped", "timeout"]


class InputError(Exception):
    """Something the caller can fix: one line on stderr, exit status 2."""


# -- the side that reports ------------------------------------------------------------------


def run_project(arguments: argparse.Namespace) -> int:
    project = arguments.project.resolve()
    if not project.is_dir():
        raise InputError(f"{arguments.project} is not a folder")
    for start in arguments.start:
        if not (project / start).is_dir():
            raise InputError(f"--start {start} is not a folder in {arguments.project}")
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "journal")
        started = time.monotonic()
        output, timed_out, status = run_child(project, journal, arguments)
        seconds = time.monotonic() - started
        events = read_journal(journal)
    tests = outcomes(events, timed_out)
    finished = any(event["event"] == "end" for event in events)
    if not tests and finished:
        raise InputError(
            f"no tests in {arguments.project}: name the files like {arguments.pattern}, "
            "or say where they are with --start"
        )
    counts = Counter(test["outcome"] for test in tests)
    summary = {
        "ok": finished and all(test["outcome"] in ("passed", "skipped") for test in tests),
        "timed_out": timed_out,
        "crashed": not finished and not timed_out,
        "exit_status": status,
        "seconds": round(seconds, 3),
        "counts": {name: counts[name] for name in OUTCOMES},
        "tests": tests,
        "output": output[-20000:],
        "output_cut": len(output) > 20000,
    }
    if arguments.output:
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        write_text(arguments.output, text + "\n")
    report(summary, tests, arguments.output)
    return 0 if summary["ok"] else 1


def report(summary: dict[str, object], tests: list[dict[str, object]], output: Path | None) -> None:
    for test in tests:
        if test["outcome"] not in ("passed", "skipped"):
            last = str(test["message"]).strip().split("\n")[-1]
            print(f"{test['outcome']}: {test['id']}: {last}")
    counts = summary["counts"]
    print(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no results")
    if summary["timed_out"]:
        print("stopped at the time limit")
    if summary["crashed"]:
        print(f"the test process ended early with status {summary['exit_status']}")
        print(str(summary["output"])[-2000:])
    if output:
        print(f"wrote {output}")


def run_child(
    project: Path, journal: Path, arguments: argparse.Namespace
) -> tuple[str, bool, int | None]:
    """Run the tests in a process group of their own, which ends at the time limit."""
    command = [sys.executable, str(Path(__file__).resolve()), "child", str(project), str(journal)]
    command += [arguments.pattern, *arguments.start]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile() as stream:
        process = subprocess.Popen(
            command,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(arguments.timeout)
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        stream.seek(0)
        text = stream.read().decode("utf-8", errors="replace")
    return text, timed_out, None if timed_out else process.returncode


def read_journal(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # the last may be half written
    return [json.loads(line) for line in lines]


def outcomes(events: list[dict[str, object]], timed_out: bool) -> list[dict[str, object]]:
    """One entry per test, in the order of their run; the one that hung is named."""
    tests: dict[object, dict[str, object]] = {}
    for event in events:
        if event["event"] == "start":
            outcome = "timeout" if timed_out else "error"
            message = "still running at the time limit" if timed_out else "the process ended here"
            entry = {"id": event["id"], "outcome": outcome, "seconds": None, "message": message}
            tests[event["id"]] = entry
        elif event["event"] == "result":
            tests[event["id"]] = {key: event[key] for key in event if key != "event"}
    return list(tests.values())


# -- the side that runs the tests -----------------------------------------------------------


class Journal(unittest.TestResult):
    """Writes each outcome down at once, so that a crash or a kill loses nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.stream = path.open("a", encoding="utf-8", buffering=1)
        self.started = 0.0
        self.outcome: tuple[str, str] | None = None

    def write(self, **event: object) -> None:
        self.stream.write(json.dumps(event) + "\n")

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().startTest(test)
        self.started, self.outcome = time.monotonic(), None
        self.write(event="start", id=test.id())

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().stopTest(test)
        outcome, message = self.outcome or ("passed", "")
        self.result(test, outcome, message, round(time.monotonic() - self.started, 3))
        self.started = 0.0

    def result(self, test: object, outcome: str, message: str, seconds: float | None) -> None:
        name = test.id() if hasattr(test, "id") else str(test)
        self.write(event="result", id=name, outcome=outcome, seconds=seconds, message=message)

    def settle(self, test: object, outcome: str, message: str) -> None:
        """Keep the worst outcome of a test; a failing setUpClass has no test of its own."""
        if not self.started:
            self.result(test, outcome, message, None)
        elif self.outcome is None or self.outcome[0] not in ("failed", "error"):
            self.outcome = (outcome, message)

    def addFailure(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
        super().addFailure(test, err)
        self.settle(test, "failed", self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
        super().addError(test, err)
        self.settle(test, "error", self.errors[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        self.settle(test, "skipped", reason)

    def addSubTest(self, test: object, subtest: object, err: object) -> None:  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            found = (self.failures if failed else self.errors)[-1][1]
            self.settle(test, "failed" if failed else "error", f"{subtest}: {found}")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addUnexpectedSuccess(test)
        self.settle(test, "failed", "passed although it is marked as an expected failure")


def run_inside(arguments: argparse.Namespace) -> int:
    """Discover and run in this process, with the project instead of this skill on the path."""
    sys.path[0:1] = [str(arguments.project), str(arguments.project / "src")]
    journal = Journal(arguments.journal)
    suites = []
    for start in arguments.start or places(arguments.project):
        folder = arguments.project / start
        top = arguments.project if is_package(folder, arguments.project) else folder
        loader = unittest.TestLoader()
        suites.append(loader.discover(str(folder), arguments.pattern, str(top)))
    unittest.TestSuite(suites).run(journal)
    journal.write(event="end")
    return 0


def places(project: Path) -> list[str]:
    """The root, and the usual test folders that discovery from the root would not enter."""
    usual = [name for name in ("tests", "test") if (project / name).is_dir()]
    return [".", *(name for name in usual if not (project / name / "__init__.py").exists())]


def is_package(folder: Path, project: Path) -> bool:
    return folder == project or (folder / "__init__.py").exists()


# -- files ----------------------------------------------------------------------------------


def write_text(path: Path, text: str, errors: str = "strict") -> None:
    """Write through a temporary file: a crash leaves the old file or the new one."""
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors=errors, newline="") as stream:
                stream.write(text)
            os.chmod(temporary, mode)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    except UnicodeEncodeError as error:
        raise InputError(f"cannot write {path}: the text is not valid Unicode") from error


# -- command line ---------------------------------------------------------------------------


def seconds_limit(text: str) -> float:
    try:
        limit = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from error
    if not 0 < limit <= 86400:
        raise argparse.ArgumentTypeError("the limit must be above 0 and at most 86400 seconds")
    return limit


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(required=True, metavar="run")
    text = "Discover and run the tests; exit status 1 when any does not pass."
    sub = commands.add_parser("run", help=text, description=text)
    sub.add_argument("project", type=Path, metavar="PROJECT")
    sub.add_argument("-o", "--output", type=Path, metavar="RESULT.json")
    sub.add_argument("--timeout", type=seconds_limit, default=60.0, metavar="SECONDS")
    sub.add_argument("--pattern", default="test*.py", help="names of test files")
    sub.add_argument("--start", action="append", default=[], metavar="DIR", help="where to look")
    sub.set_defaults(run=run_project)

    sub = commands.add_parser("child")  # this script calls itself
    sub.add_argument("project", type=Path)
    sub.add_argument("journal", type=Path)
    sub.add_argument("pattern")
    sub.add_argument("start", nargs="*")
    sub.set_defaults(run=run_inside)
    return top


def main() -> int:
    arguments = parser().parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return arguments.run(arguments)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
