"""Large results go to files, and nothing of them is lost."""

import json

from clawgym.model import ToolRequest
from graph_agents.context.offload import WorkspaceOffload
from mcp_servers.toolkit import ToolResult
from mcp_servers.workspace import workspace_tools

CALL = ToolRequest("c1", "exec", "{}")
LONG = "".join(f"line {number}\n" for number in range(1, 5001))


async def test_a_small_result_stays_as_it_is(sandbox):
    result = ToolResult("short")
    assert await WorkspaceOffload(sandbox).shorten(CALL, result) is result


async def test_the_whole_is_in_a_file_and_the_preview_has_both_ends(sandbox, workspace):
    result = await WorkspaceOffload(sandbox).shorten(
        CALL, ToolResult(LONG, details={"exitCode": 0})
    )
    path = result.details["offloaded"]
    assert path.startswith(".clawgym/results/exec-")
    assert (workspace / path).read_text() == LONG
    assert result.text.startswith("line 1\n")
    assert result.text.endswith("line 5000\n")
    assert len(result.text) < 6_000
    assert result.details["exitCode"] == 0


async def test_the_preview_says_from_where_to_read_on(sandbox):
    result = await WorkspaceOffload(sandbox).shorten(CALL, ToolResult(LONG))
    last_shown = result.text.split("\n\n")[0].splitlines()[-1]
    offset = int(result.text.split("offset=")[1].split(" ")[0])
    read = next(tool for tool in workspace_tools(sandbox) if tool.name == "read")
    following = await read.call({"path": result.details["offloaded"], "offset": offset})
    assert following.text.splitlines()[0] == f"line {int(last_shown.split()[1]) + 1}"


async def test_one_endless_line_can_be_read_on_by_cursor(sandbox):
    result = await WorkspaceOffload(sandbox).shorten(CALL, ToolResult("x" * 40_000))
    assert "offset=1 cursor=3000" in result.text


async def test_the_same_result_makes_one_file(sandbox, workspace):
    offload = WorkspaceOffload(sandbox)
    first = await offload.shorten(CALL, ToolResult(LONG))
    second = await offload.shorten(ToolRequest("c2", "exec", "{}"), ToolResult(LONG))
    assert first.details == second.details
    assert len(list((workspace / ".clawgym/results").iterdir())) == 1


async def test_the_folder_stays_out_of_commits(sandbox, workspace):
    await WorkspaceOffload(sandbox).shorten(CALL, ToolResult(LONG))
    assert (workspace / ".clawgym/.gitignore").read_text() == "*\n"


async def test_a_long_page_of_read_is_shortened_and_not_copied(sandbox, workspace):
    (workspace / "long.txt").write_text(LONG)
    read = next(tool for tool in workspace_tools(sandbox) if tool.name == "read")
    arguments = {"path": "long.txt", "offset": 101}
    shown = await read.call(arguments)
    call = ToolRequest("c1", "read", json.dumps(arguments))
    result = await WorkspaceOffload(sandbox, characters=5_000).shorten(call, shown)
    assert "offloaded" not in result.details
    assert not (workspace / ".clawgym").exists()
    offset = int(result.text.rpartition("offset=")[2].rstrip(".]"))
    assert result.text.splitlines()[-2] == f"line {offset - 1}"


async def test_what_cannot_be_written_stays_in_the_conversation(sandbox, workspace):
    (workspace / ".clawgym").write_text("a file is in the way")
    result = ToolResult(LONG)
    assert await WorkspaceOffload(sandbox).shorten(CALL, result) is result
