import json

import anyio
import pytest

from clawgym.sandbox.protocol import WORKSPACE, Sandbox
from mcp_servers.workspace import workspace_tools


async def test_the_schemas_use_openclaws_names_and_refuse_others(sandbox: Sandbox):
    schemas = {tool.name: tool.input_schema for tool in workspace_tools(sandbox)}
    assert {name: list(schema["properties"]) for name, schema in schemas.items()} == {
        "read": ["path", "offset", "limit", "cursor", "optional"],
        "write": ["path", "content"],
        "edit": ["path", "edits"],
        "apply_patch": ["input"],
        "exec": [
            *("command", "title", "workdir", "env", "yieldMs", "background", "timeoutSeconds"),
            *("pty", "host"),
        ],
        "process": [
            *("action", "sessionId", "data", "eof", "keys", "hex", "literal", "text", "bracketed"),
            *("offset", "limit", "timeout"),
        ],
        "memory_search": ["query", "maxResults", "minScore", "corpus"],
        "memory_get": ["path", "from", "lines", "corpus"],
    }
    assert all(schema["additionalProperties"] is False for schema in schemas.values())


async def test_a_written_file_is_read_back(call):
    written = await call("write", path="notes/a.txt", content="h\u00e9llo\n")
    assert written.text == "Wrote 7 bytes to notes/a.txt"
    assert (await call("read", path="notes/a.txt")).text == "h\u00e9llo\n"


async def test_read_shows_lf_lines_without_a_byte_order_mark(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert (await call("read", path="a.txt")).text == "one\ntwo\n"


async def test_read_pages(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"".join(b"%d\n" % n for n in range(1, 11)))
    page = await call("read", path="a.txt", offset=4, limit=2)
    assert page.text == "4\n5\n[Lines 4-5 of 10; 5 more. Read on with offset=6.]"


async def test_paths_of_the_workspace_may_be_absolute_or_untidy(call, sandbox: Sandbox):
    await sandbox.write("d/a.txt", b"x")
    for path in (f"{sandbox.place(WORKSPACE)}/d/a.txt", "./d//a.txt", "d/../d/a.txt"):
        assert (await call("read", path=path)).text == "x"


async def test_a_missing_file_names_similar_ones(call, sandbox: Sandbox):
    await sandbox.write("data/orders.csv", b"")
    result = await call("read", path="data/order.csv")
    assert result.is_error
    assert result.text == "Error: data/order.csv does not exist; did you mean data/orders.csv?"


async def test_a_missing_directory_is_said(call):
    result = await call("read", path="nowhere/a.txt")
    assert result.text == "Error: nowhere/a.txt does not exist, nor does its directory"


async def test_reading_a_directory_says_what_is_in_it(call, sandbox: Sandbox):
    await sandbox.write("data/a.csv", b"")
    await sandbox.write("data/deep/b.csv", b"")
    inside = await call("read", path="data")
    assert inside.is_error
    assert inside.text.endswith("data is a directory, not a file. It holds:\na.csv\ndeep/")
    assert (await call("read", path=".")).text.endswith("It holds:\ndata/")


async def test_a_binary_file_is_not_shown(call, sandbox: Sandbox):
    await sandbox.write("a.bin", b"ok\xff\xfe")
    result = await call("read", path="a.bin")
    assert result.is_error
    assert "a.bin is not UTF-8 text (byte 2 of 4)" in result.text


async def test_mounted_skills_can_be_read_but_not_written(call, sandbox: Sandbox):
    path = f"{sandbox.place('skills')}/csv-analysis/SKILL.md"
    assert "Use the csv module." in (await call("read", path=path)).text
    refused = await call("write", path=path, content="pwned")
    assert refused.is_error
    assert "outside the workspace" in refused.text


async def test_a_skill_file_larger_than_the_output_limit_is_read_whole(call, sandbox: Sandbox):
    path = f"{sandbox.place('skills')}/csv-analysis/scripts/profile.py"
    page = await call("read", path=path, offset=4_990)
    assert page.text == "print('profile')\n" * 11


async def test_missing_skill_files_and_directories_are_explained(call, sandbox: Sandbox):
    skills = sandbox.place("skills")
    missing = await call("read", path=f"{skills}/csv-analysis/SKIL.md")
    assert missing.text.endswith(f"did you mean {skills}/csv-analysis/SKILL.md?")
    folder = await call("read", path=f"{skills}/csv-analysis")
    assert folder.text.endswith("It holds:\nSKILL.md\nscripts/")


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/passwd", "/", ".."])
@pytest.mark.parametrize("tool", ["read", "write", "edit"])
async def test_paths_that_leave_the_workspace_are_refused(call, tool, path):
    extra = {
        "read": {},
        "write": {"content": "x"},
        "edit": {"edits": [{"oldText": "root", "newText": "x"}]},
    }
    result = await call(tool, path=path, **extra[tool])
    assert result.is_error
    assert "is outside the workspace: give a path relative to it" in result.text


@pytest.mark.parametrize("path", ["a\0b", "a\nb", "a\\b", "x" * 600])
async def test_strange_paths_are_refused(call, path):
    assert (await call("read", path=path)).is_error


async def test_links_are_not_followed(call, sandbox: Sandbox):
    await sandbox.exec(["ln", "-s", "/etc/passwd", "file"])
    await sandbox.exec(["ln", "-s", "/etc", "folder"])
    for name in ("file", "folder/passwd"):
        assert (await call("read", path=name)).is_error
        assert (await call("write", path=name, content="x")).is_error


async def test_write_refuses_a_directory(call, sandbox: Sandbox):
    await sandbox.write("d/a", b"")
    assert (await call("write", path="d", content="x")).is_error
    assert (await call("write", path=".", content="x")).is_error


async def test_exec_shows_both_streams_and_the_exit_code(call):
    result = await call("exec", command="echo out; echo err >&2; exit 3")
    assert not result.is_error
    assert result.text == "out\nerr\n(Command exited with code 3)"


async def test_exec_starts_in_the_workspace_or_below(call, sandbox: Sandbox):
    await sandbox.write("d/a.txt", b"")
    assert (await call("exec", command="ls")).text.startswith("d\n")
    assert (await call("exec", command="ls", workdir="d")).text.startswith("a.txt\n")
    assert (await call("exec", command="ls", workdir="/etc")).is_error


async def test_a_command_out_of_time_is_said_in_words(call):
    result = await call("exec", command="sleep 30", timeoutSeconds=0.3)
    assert not result.is_error
    assert "ran out of time" in result.text


async def test_output_that_was_cut_says_so_where_it_was(call):
    result = await call("exec", command="seq 1 20000")
    assert result.text.startswith("1\n2\n")
    assert "bytes of output are left out here: send the output to a file" in result.text
    assert result.text.endswith("\n20000\n(Command exited with code 0)")


async def test_parallel_edits_of_one_file_are_all_kept(call, sandbox: Sandbox):
    await sandbox.write("a.txt", "\n".join(f"<{n}>" for n in range(20)).encode())
    async with anyio.create_task_group() as group:
        for n in range(20):
            edits = [{"oldText": f"<{n}>", "newText": f"[{n}]"}]
            group.start_soon(lambda e=edits: call("edit", path="a.txt", edits=e))
    assert await sandbox.read("a.txt") == "\n".join(f"[{n}]" for n in range(20)).encode()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "path: Field required"),
        ({"path": 3}, "path: Input should be a valid string"),
        ({"path": "a", "offset": 0}, "offset: Input should be greater than or equal to 1"),
        ({"path": "a", "lines": 3}, "lines: Extra inputs are not permitted"),
    ],
)
async def test_bad_arguments_are_errors_with_the_reason(call, arguments, reason):
    result = await call("read", **arguments)
    assert result.is_error
    assert reason in result.text


async def test_arguments_may_be_the_raw_text_of_a_model(sandbox: Sandbox):
    tool = workspace_tools(sandbox)[1]
    assert not (await tool.call(json.dumps({"path": "a", "content": "x"}))).is_error
    assert "not valid JSON" in (await tool.call("{oops")).text
