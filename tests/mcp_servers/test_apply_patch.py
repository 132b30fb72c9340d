"""Patches: what the differential test does not say. See `test_openclaw_differential.py`."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import ToolFailure
from mcp_servers.workspace._document import Document
from mcp_servers.workspace._hunks import apply_hunks
from mcp_servers.workspace._patch import Hunk, Update, parse_patch

LINES = st.lists(st.text("ab \u201c", max_size=3), min_size=1, max_size=8)


def patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


@given(before=LINES, after=LINES, end=st.sampled_from(["\n", "\r\n"]))
def test_a_hunk_of_all_lines_makes_any_text_any_other(before, after, end):
    hunk = Hunk(lines=tuple([("-", line) for line in before] + [("+", line) for line in after]))
    document = Document(end.join([*before, ""]))
    assert apply_hunks(document, [hunk], "x").raw == end.join([*after, ""])


@given(lines=LINES)
def test_lines_that_stay_are_the_files_own(lines):
    hunk = Hunk(lines=tuple((" ", line.strip()) for line in lines))
    document = Document("\n".join([*lines, ""]))
    with contextlib.suppress(ToolFailure):  # it may fit in several places
        assert apply_hunks(document, [hunk], "x") == document


@given(st.text("*+-@ ab\n", max_size=60))
def test_any_text_is_a_patch_or_is_refused_in_words(text):
    with contextlib.suppress(ToolFailure):
        assert parse_patch(patch(text))


def test_a_patch_is_read_as_it_is_written():
    (update,) = parse_patch(patch("*** Update File: a b.txt", "@@ def f():", "-x", "+y", " z"))
    assert update == Update("a b.txt", (Hunk("def f():", (("-", "x"), ("+", "y"), (" ", "z"))),))


async def test_no_file_changes_if_any_hunk_does_not_fit(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"a\n")
    result = await call(
        "apply_patch",
        input=patch(
            "*** Update File: a.txt", "-a", "+b", "*** Add File: n", "+n", "*** Delete File: z"
        ),
    )
    assert result.is_error
    assert await sandbox.read("a.txt") == b"a\n"
    assert "n" not in await sandbox.list()


async def test_a_file_can_be_made_and_changed_in_one_patch(call, sandbox: Sandbox):
    lines = ["*** Add File: n.txt", "+one", "*** Update File: n.txt", "-one", "+two"]
    assert not (await call("apply_patch", input=patch(*lines))).is_error
    assert await sandbox.read("n.txt") == b"two\n"


async def test_a_file_can_be_deleted_and_made_anew(call, sandbox: Sandbox):
    await sandbox.write("n.txt", b"old\n")
    lines = ["*** Delete File: n.txt", "*** Add File: n.txt", "+new"]
    assert not (await call("apply_patch", input=patch(*lines))).is_error
    assert await sandbox.read("n.txt") == b"new\n"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["*** Rename File: a"], "line 2 of the patch is"),
        (["*** Add File: a", "one"], "starts with +"),
        (["*** Update File: a", "@@", "x"], "line 4 of the patch is 'x'"),
        (["*** Delete File: a", "*** Delete File: a"], "is deleted or moved earlier"),
        (["*** Delete File: ../a"], "outside the workspace"),
    ],
)
async def test_what_is_wrong_is_said_with_its_place(call, sandbox: Sandbox, lines, reason):
    await sandbox.write("a", b"a\n")
    result = await call("apply_patch", input=patch(*lines))
    assert result.is_error
    assert reason in result.text
