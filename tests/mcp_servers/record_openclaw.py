"""Ask OpenClaw's own tools the questions of the differential test, and keep the answers.

    npm i --ignore-scripts --engine-strict=false openclaw@2026.9.6        # in a scratch directory
    python -m tests.mcp_servers.record_openclaw NODE SCRATCH/node_modules/openclaw

NODE is a Node 22.19 or later. The tools run as the calling user without a sandbox: the cases are
ours, and harmless.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.mcp_servers.openclaw_cases import OUTCOMES, Case, cases, compared, outcome, tree


class OpenClaw:
    """A Node process with the tools of one installed package."""

    def __init__(self, node: str, package: Path, home: Path) -> None:
        script = Path(__file__).parent / "data" / "openclaw_tools.mjs"
        self._process = subprocess.Popen(
            [node, str(script), str(package / "dist")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(home), "OPENCLAW_STATE_DIR": str(home / "state")},
            text=True,
        )

    def call(self, workspace: Path, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run one tool in one workspace."""
        assert self._process.stdin
        assert self._process.stdout
        request = {"workspace": str(workspace), "tool": tool, "args": arguments}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith("@@"):
            if not line:
                raise SystemExit("the Node process ended; run it by hand to see why")
        return json.loads(line[2:])


def record(tools: OpenClaw, case: Case, workspace: Path) -> dict[str, Any]:
    """The outcomes of one case, and the files that it leaves."""
    for path, data in case.files.items():
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_bytes(data)
    outcomes: list[dict[str, Any]] = []
    session = ""
    for tool, given in case.calls:
        arguments = {"sessionId": session, **given} if tool == "process" else given
        answer = tools.call(workspace, tool, arguments)
        texts = [part["text"] for part in answer.get("content", []) if part["type"] == "text"]
        details = answer.get("details") or {}
        session = details.get("sessionId", session)
        outcomes.append(outcome(tool, "\n".join(texts), details, failed=not answer["ok"]))
    return {"calls": compared(case, outcomes), "files": tree(workspace)}


def main() -> None:
    """Record every case."""
    node, package = sys.argv[1], Path(sys.argv[2]).resolve()
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, "home")
        home.mkdir()
        tools = OpenClaw(node, package, home)
        recorded: dict[str, Any] = {}
        for number, case in enumerate(cases()):
            workspace = Path(scratch, f"w{number}")
            workspace.mkdir()
            recorded[case.name] = record(tools, case, workspace)
    found = {"openclaw": version, "outcomes": recorded}
    OUTCOMES.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(recorded)} outcomes of OpenClaw {version} in {OUTCOMES}")


if __name__ == "__main__":
    main()
