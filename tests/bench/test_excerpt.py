from hypothesis import given
from hypothesis import strategies as st

from bench.excerpt import clip, excerpt, visible
from bench.passage import Passages, Reference

anything = st.text(st.characters(exclude_categories=()), max_size=400)


def test_control_characters_are_shown_not_obeyed():
    assert visible("a\x00b\x1b[31mc\x7f\r") == "a␀b␛[31mc␡␍"


def test_text_that_would_reorder_the_page_is_named():
    assert visible("user\u202etxt.exe") == "user⟨U+202E⟩txt.exe"


def test_windows_line_ends_are_plain_line_ends():
    assert visible("a\r\nb") == "a\nb"


@given(anything)
def test_visible_text_is_valid_everywhere(text: str):
    shown = visible(text)
    shown.encode()
    assert not any(ord(c) < 32 and c not in "\t\n" for c in shown)
    assert visible(shown) == shown


@given(anything, st.integers(0, 300), st.integers(1, 5), st.integers(1, 80))
def test_an_excerpt_loses_nothing_but_what_it_counts(
    text: str, limit: int, lines: int, characters: int
):
    found = excerpt(text, limit, head_lines=lines, head_characters=characters)
    kept = text[:limit]
    assert found.omitted == len(text) - len(kept)
    assert kept in {found.head + found.rest, f"{found.head}\n{found.rest}", f"{found.head}\n"}


def test_the_head_ends_with_a_whole_line():
    found = excerpt("one\ntwo\nthree\nfour", 100, head_lines=2)
    assert (found.head, found.rest, found.rest_lines) == ("one\ntwo", "three\nfour", 2)


def test_one_long_line_is_cut_by_its_characters():
    found = excerpt("x" * 50, 40, head_characters=10)
    assert (len(found.head), len(found.rest), found.omitted) == (10, 30, 10)


def test_clipped_text_says_how_much_is_missing():
    assert clip("abcdef", 3) == "abc… [3 more characters]"
    assert clip("abc", 3) == "abc"


def test_a_long_text_is_printed_once_and_then_referred_to():
    passages = Passages("t1", limit=1_000)
    first = passages.passage("long " * 100, "step 3 of expert")
    again = passages.passage("long " * 100, "step 4 of flawed")
    assert first.excerpt
    assert again.excerpt is None
    assert again.same_as == Reference(first.anchor or "", "step 3 of expert")


def test_a_short_text_is_printed_every_time():
    passages = Passages("t1", limit=1_000)
    assert passages.passage("ok", "step 1") == passages.passage("ok", "step 2")


def test_a_text_that_stands_elsewhere_is_only_referred_to():
    passages = Passages("t1", limit=1_000)
    passages.print_at("Do this.\n", Reference("task-a", "the instruction above"))
    assert passages.passage("Do this.", "step 2").same_as == Reference(
        "task-a", "the instruction above"
    )
