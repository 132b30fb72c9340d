"""Our workspace tools against the recorded outcomes of OpenClaw's own.

Every case has the same outcome and leaves the same files, or its row says why not (`differs`) and
what ours does instead (`ours`). The words of a result are ours and are not compared.
"""

import json
from typing import Any

import pytest

from clawgym.sandbox import BoxSpec, Limits, doctor, open_backend
from mcp_servers.workspace import workspace_tools
from tests.mcp_servers.openclaw_cases import OUTCOMES, Case, cases, compared, outcome, tree

RECORDED = json.loads(OUTCOMES.read_text(encoding="utf-8"))["outcomes"]
CASES = list(cases())
WORKING = {status.name for status in doctor() if status.works}
BACKEND = "bwrap" if "bwrap" in WORKING else "local"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_outcome_is_openclaws_or_the_difference_is_known(case: Case, tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    for path, data in case.files.items():
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_bytes(data)
    found = await ask(case, workspace)
    theirs = RECORDED[case.name]
    if "differs" in case.known:
        assert found == {**theirs, **case.known["ours"]}, case.known["differs"]
        assert found != theirs, "the difference is gone: remove it from the table"
    else:
        assert found == theirs


async def ask(case: Case, workspace) -> dict[str, Any]:
    """The outcomes of our tools in a box around `workspace`."""
    spec = BoxSpec(workspace_dir=workspace, limits=Limits(output_bytes=1024**2))
    box = await open_backend(BACKEND).create(spec)
    try:
        tools = {tool.name: tool for tool in workspace_tools(box)}
        outcomes: list[dict[str, Any]] = []
        session = "none"
        for name, given in case.calls:
            arguments = {"sessionId": session, **given} if name == "process" else dict(given)
            result = await tools[name].call(arguments)
            session = str(result.details.get("sessionId", session))
            outcomes.append(outcome(name, result.text, result.details, failed=result.is_error))
    finally:
        await box.close()
    return {"calls": compared(case, outcomes), "files": tree(workspace)}


def test_the_table_is_long_and_its_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES) >= 150


def test_every_outcome_belongs_to_a_case():
    assert set(RECORDED) == {case.name for case in CASES}
