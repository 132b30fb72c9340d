"""Real MCP clients against our servers, headless; prints a table.

    python tests/mcp_servers/real_clients/run.py [--only NAME ...] [--cache DIR] [--no-install]
                                                 [--docs FILE]

Clients are installed into the cache once, each in the version that its driver names. No model is
asked: agents talk to a scripted endpoint on this machine, and have an empty home.
Exit code 0: every client that could be installed did all it was to do; 1: one did not.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.mcp_servers.real_clients.installing import Cache, NotInstallableError
from tests.mcp_servers.real_clients.scene import FailedError, Finding, Scene, Step

CLIENTS = (
    "python-client",
    "fastmcp",
    "inspector",
    "mcporter",
    "openai-agents",
    "pydantic-ai",
    "opencode",
    "codex",
    "gemini",
    "claude-code",
    "openclaw",
    "qwen-code",
)
MARK = "<!-- what follows is written by tests/mcp_servers/real_clients/run.py --docs -->\n"
SHOWN_LINES = 16
SHOWN_COLUMNS = 150


@dataclass(frozen=True)
class Outcome:
    """What became of one client; `skipped` is the reason why it was not tried."""

    client: str
    package: str
    findings: Sequence[Finding] = ()
    steps: Sequence[Step] = ()
    seconds: float = 0.0
    skipped: str = ""

    @property
    def good(self) -> bool:
        return bool(self.findings) and all(finding.good for finding in self.findings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CLIENTS, default=CLIENTS, metavar="NAME")
    parser.add_argument("--cache", type=Path, default=Path("build/real_clients"))
    parser.add_argument("--no-install", action="store_true", help="skip what is not there")
    parser.add_argument("--docs", type=Path, help="write the transcripts into this page")
    options = parser.parse_args()
    cache = Cache(options.cache.absolute(), not options.no_install)
    outcomes: list[Outcome] = []
    print(f"   {'client':14} {'package':44} {'checks':>7} {'s':>6}")
    for client in options.only:
        outcome = attempt(client, cache)
        outcomes.append(outcome)
        print(line(outcome), flush=True)
        for finding in outcome.findings:
            if not finding.good:
                print(f"     NO {finding.what}: {finding.detail}")
    if options.docs:
        page = options.docs.read_text(encoding="utf-8").partition(MARK)[0]
        shown = "".join(transcript(outcome) for outcome in outcomes)
        options.docs.write_text(f"{page}{MARK}{shown}", encoding="utf-8")
    return int(any(not outcome.good and not outcome.skipped for outcome in outcomes))


def attempt(client: str, cache: Cache) -> Outcome:
    """Install one client, and have it do its part in a fresh home and workspace."""
    driver = import_module(f"tests.mcp_servers.real_clients.drivers.{client.replace('-', '_')}")
    packages: tuple[str, ...] = getattr(driver, "NPM", None) or driver.PIP
    shown = packages[-1] if packages else f"mcp=={version('mcp')}"
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "scene"
        try:
            scene = _scene(folder, client, packages, cache, npm=hasattr(driver, "NPM"))
        except NotInstallableError as error:
            return Outcome(client, shown, skipped=str(error))
        started = time.monotonic()
        try:
            driver.check(scene)
        except FailedError as error:
            scene.expect("ran to the end", False, error)
    taken = time.monotonic() - started
    return Outcome(client, shown, scene.findings, scene.steps, taken)


def _scene(folder: Path, client: str, packages: Sequence[str], cache: Cache, *, npm: bool) -> Scene:
    if npm:
        home, bins = cache.npm(client, packages)
        return Scene(folder, home, bins)
    if not packages:
        return Scene(folder, Path(sys.prefix))  # a dependency of ours
    home, python = cache.pip(client, packages)
    return Scene(folder, home, [python.parent], python)


def line(outcome: Outcome) -> str:
    """A row of the table."""
    if outcome.skipped:
        return f"-- {outcome.client:14} {outcome.package:44} skipped: {outcome.skipped}"
    passed = sum(finding.good for finding in outcome.findings)
    checks = f"{passed}/{len(outcome.findings)}"
    mark = "ok" if outcome.good else "NO"
    return f"{mark} {outcome.client:14} {outcome.package:44} {checks:>7} {outcome.seconds:6.1f}"


def transcript(outcome: Outcome) -> str:
    """What was typed and what came out, as a section of a page."""
    if outcome.skipped:
        return f"\n### {outcome.client}\n\nNot tried: {outcome.skipped}.\n"
    passed = [finding.what for finding in outcome.findings if finding.good]
    failed = [
        f"{finding.what} ({finding.detail})" for finding in outcome.findings if not finding.good
    ]
    parts = [f"\n### {outcome.client}\n", f"`{outcome.package}`\n"]
    for step in outcome.steps:
        status = f"\n(exit status {step.status})" if step.status else ""
        sign = "" if step.command.startswith("#") else "$ "
        parts.append(f"```console\n{sign}{step.command}\n{trimmed(step.output)}{status}\n```\n")
    parts.append(f"{len(passed)} of {len(outcome.findings)}: {'; '.join(passed)}.\n")
    parts += [f"Not: {'; '.join(failed)}.\n"] if failed else []
    return "\n".join(part for part in parts if part)


def trimmed(output: str) -> str:
    """The first lines of an output, none of them too wide for a page."""
    lines = [shown.rstrip() for shown in output.strip().splitlines()]
    wide = [
        shown if len(shown) <= SHOWN_COLUMNS else f"{shown[:SHOWN_COLUMNS]}…" for shown in lines
    ]
    more = [f"… {len(wide) - SHOWN_LINES} more lines"] if len(wide) > SHOWN_LINES else []
    return "\n".join(wide[:SHOWN_LINES] + more)


if __name__ == "__main__":
    sys.exit(main())
