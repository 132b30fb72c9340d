import codecs
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import ToolFailure
from mcp_servers.workspace._document import Document, Replacement, Span
from mcp_servers.workspace._edit import Edit, find_replacements
from mcp_servers.workspace._search import occurrences

RAW = st.lists(st.sampled_from(["a", "b", "c", " ", "\u201c", "\n", "\r\n"]), max_size=40).map(
    "".join
)
"""Files with mixed line ends."""


def edit(old: str, new: str) -> dict[str, str]:
    return {"oldText": old, "newText": new}


def edited(text: str, *pairs: tuple[str, str]) -> str:
    edits = [Edit.model_validate(edit(old, new)) for old, new in pairs]
    document = Document(text)
    return document.replace(find_replacements(document.text, edits, "f.txt")).raw


def test_a_passage_is_replaced():
    assert edited("one two three", ("two", "2")) == "one 2 three"


def test_all_edits_match_the_original_text():
    assert edited("a b", ("a", "b"), ("b", "c")) == "b c"


def test_edits_may_come_in_any_order_and_touch():
    assert edited("abcd", ("cd", "2"), ("ab", "1")) == "12"


def test_a_passage_that_occurs_twice_is_refused_with_the_count():
    with pytest.raises(ToolFailure, match=r"edits\[0\] occurs 2 times in f.txt"):
        edited("x = 1\nx = 1\n", ("x = 1", "x = 2"))


def test_overlapping_occurrences_count():
    with pytest.raises(ToolFailure, match="occurs 2 times"):
        edited("aaa", ("aa", "b"))


def test_overlapping_edits_are_refused_by_index():
    with pytest.raises(ToolFailure, match=r"edits\[1\] and edits\[0\] overlap"):
        edited("abcdef", ("cde", "1"), ("bcd", "2"))


def test_one_bad_edit_changes_nothing():
    with pytest.raises(ToolFailure, match=r"edits\[1\] is not in f.txt"):
        edited("abc", ("a", "1"), ("z", "2"))


def test_a_missing_passage_shows_the_closest_lines_with_their_numbers():
    with pytest.raises(ToolFailure) as failure:
        edited("import os\n\ndef total(rows):\n    return 0\n", ("def totals(row):", "x"))
    message = str(failure.value)
    assert re.search(
        r"line 3 \(\d+% alike, differs from character 10 of its text\): def total", message
    )
    assert "The file reads:\nimport os" in message


def test_wrong_indentation_is_pointed_out():
    with pytest.raises(ToolFailure, match=r"line 2 \(100% alike, the same but for its indentation"):
        edited("if a:\n        go()\n", (["if b:", "    go()", ""][1] + "\n    stop()", ""))


def test_quotes_dashes_and_spaces_may_be_plain_if_the_place_is_unique():
    assert edited("\u201cRe\u2013use\u201d\u00a0it", ('"Re-use" it', "ok")) == "ok"


def test_trailing_blanks_of_lines_may_be_missing():
    assert edited("a  \nb\nc", ("a\nb", "x")) == "x\nc"


def test_an_exact_place_hides_approximate_ones():
    assert edited("\u2018a\u2019 'a'", ("'a'", "b")) == "\u2018a\u2019 b"


def test_an_approximate_place_has_to_be_unique_too():
    with pytest.raises(ToolFailure, match="occurs 2 times"):
        edited("\u2018a\u2019 \u2018a\u2019", ("'a'", "b"))


def test_part_of_a_composed_character_is_not_a_place():
    assert occurrences("\ufb01", "f") == []
    assert occurrences("\ufb01t", "fit") == [Span(0, 2)]


def test_windows_line_ends_stay_and_new_lines_get_them():
    assert edited("a\r\nb\r\nc\r\n", ("b\n", "x\ny\n")) == "a\r\nx\r\ny\r\nc\r\n"


def test_lines_that_are_not_touched_keep_mixed_line_ends():
    assert edited("a\nb\r\nc\nd", ("c", "x")) == "a\nb\r\nx\nd"


@given(st.text("ab\r\n\ufeff", max_size=40))
def test_decoding_and_encoding_is_the_identity(text):
    data = codecs.BOM_UTF8 + text.encode()
    assert Document.decode(data).encode() == data
    assert Document.decode(text.encode()).encode() == text.encode()


@given(RAW, st.data())
def test_replacing_a_span_by_itself_changes_nothing_but_its_line_ends(raw, data):
    document = Document(raw)
    start = data.draw(st.integers(0, len(document.text)))
    end = data.draw(st.integers(start, len(document.text)))
    again = document.replace([Replacement(Span(start, end), document.text[start:end])])
    assert again.text == document.text


@given(RAW, st.text('abc \n"', min_size=1, max_size=6), st.text("xy\n", max_size=5))
def test_a_unique_passage_is_replaced_and_everything_else_stays(raw, old, new):
    document = Document(raw)
    places = occurrences(document.text, old)
    if len(places) != 1:
        with pytest.raises(ToolFailure):
            edited(raw, (old, new))
        return
    before, after = document.text[: places[0].start], document.text[places[0].end :]
    assert Document(edited(raw, (old, new))).text == before + new + after


async def test_the_tool_reports_a_short_diff(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"one\ntwo\nthree\n")
    result = await call("edit", path="a.txt", edits=[edit("two", "2")])
    assert not result.is_error
    assert result.text == "Changed 1 place in a.txt:\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert await sandbox.read("a.txt") == b"one\n2\nthree\n"


async def test_a_long_diff_says_that_it_goes_on(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"old\n" + b"line\n" * 3)
    result = await call("edit", path="a.txt", edits=[edit("old", "new\n" * 100)])
    assert result.text.endswith("[The diff goes on; read the file to see the rest.]")


async def test_byte_order_mark_and_line_ends_survive_the_tool(call, sandbox: Sandbox):
    await sandbox.write("a.txt", codecs.BOM_UTF8 + b"one\r\ntwo\r\n")
    await call("edit", path="a.txt", edits=[edit("one\ntwo", "1\n2")])
    assert await sandbox.read("a.txt") == codecs.BOM_UTF8 + b"1\r\n2\r\n"


async def test_an_edit_that_changes_nothing_is_an_ordinary_result(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"one")
    result = await call("edit", path="a.txt", edits=[edit("one", "one")])
    assert not result.is_error
    assert "nothing changed" in result.text


async def test_edits_may_arrive_as_a_json_string(call, sandbox: Sandbox):
    await sandbox.write("a.txt", b"one")
    await call("edit", path="a.txt", edits='[{"oldText": "one", "newText": "two"}]')
    assert await sandbox.read("a.txt") == b"two"


async def test_a_binary_file_is_refused(call, sandbox: Sandbox):
    await sandbox.write("a.bin", b"\xff\x00")
    result = await call("edit", path="a.bin", edits=[edit("a", "b")])
    assert result.is_error
    assert "not UTF-8 text" in result.text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"path": "a", "oldText": "x", "newText": "y"}, "edits: Field required"),
        ({"path": "a", "edits": []}, "at least 1 item"),
        ({"path": "a", "edits": [{"oldText": "", "newText": "y"}]}, "edits.0.oldText"),
        ({"path": "a", "edits": [{"old_text": "x", "newText": "y"}]}, "edits.0.old_text: Extra"),
        ({"path": "a", "edits": "[{"}, "not JSON"),
        ({"file_path": "a", "edits": [edit("x", "y")]}, "path: Field required"),
        ({"path": "a", "edits": [edit("x", "\ud800")]}, "half of a surrogate pair"),
    ],
)
async def test_bad_arguments_are_errors_with_the_reason(call, arguments, reason):
    result = await call("edit", **arguments)
    assert result.is_error
    assert reason in result.text
