from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.pages import MAX_BYTES, MAX_LINES, page


def read_all(text: str, limit: int = MAX_LINES) -> list[str]:
    bodies, offset, cursor = [], 1, 0
    while offset is not None:
        piece = page(text, offset, limit, cursor)
        bodies.append(piece.body)
        offset, cursor = piece.offset, piece.cursor
    return bodies


@given(st.text(max_size=400), st.integers(1, 7))
def test_the_pages_one_after_the_other_are_the_text(text, limit):
    assert "".join(read_all(text, limit)) == text


@given(
    st.lists(st.text("ab\u20ac\U0001f980\u2028", max_size=30), max_size=8),
    st.integers(8_000, 30_000),
)
def test_pages_of_long_lines_are_the_text_and_none_is_above_the_limit(pieces, repeats):
    text = "\n".join(piece * (repeats // 10) for piece in pieces)
    bodies = read_all(text)
    assert "".join(bodies) == text
    assert all(len(body.encode()) <= MAX_BYTES for body in bodies)


def test_a_whole_file_has_no_notice():
    assert page("a\nb\n").text == "a\nb\n"


def test_a_page_ends_at_the_line_limit_and_names_the_next_offset():
    text = "x\n" * (MAX_LINES + 5)
    first = page(text)
    assert first.body == "x\n" * MAX_LINES
    assert f"Read on with offset={MAX_LINES + 1}." in first.notice
    assert page(text, MAX_LINES + 1).text == "x\n" * 5


def test_a_page_ends_at_the_byte_limit_between_lines():
    line = "y" * 1_023 + "\n"
    first = page(line * 60)
    assert first.body == line * 50
    assert "50 KB" in first.notice
    assert first.offset == 51


def test_a_line_longer_than_a_page_goes_on_at_a_cursor():
    first = page("z" * (MAX_BYTES + 10))
    assert len(first.body) == MAX_BYTES
    assert f"offset=1 cursor={MAX_BYTES}" in first.notice


def test_a_limit_says_how_many_lines_are_left():
    assert "[Lines 2-3 of 10; 7 more. Read on with offset=4.]" in page("l\n" * 10, 2, 2).text


def test_past_the_end_names_the_largest_valid_offset():
    assert page("a\nb\n", 9).text == "[The file has 2 lines: the largest valid offset is 2.]"


def test_a_cursor_past_the_line_is_said():
    assert "Line 1 has 2 characters" in page("a\n", cursor=7).text


def test_empty_and_blank_files_are_said_in_words():
    assert page("").text == "[The file is empty.]"
    assert page("\n\n").text.strip() == "[Only blank text: 2 lines.]"


def test_only_line_feeds_end_a_line():
    assert page("a\u2028b\x0bc\rd\n", 1, 1).text == "a\u2028b\x0bc\rd\n"
