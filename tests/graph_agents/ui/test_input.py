"""From bytes to an edited line."""

from hypothesis import given
from hypothesis import strategies as st

from graph_agents.ui.editor import LineEditor
from graph_agents.ui.keys import Key, KeyReader


def keys(*chunks: bytes) -> list[Key]:
    reader = KeyReader()
    return [key for chunk in chunks for key in reader.feed(chunk)]


def typed(data: str, editor: LineEditor | None = None) -> LineEditor:
    editor = editor or LineEditor()
    for key in keys(data.encode()):
        editor.press(key)
    return editor


def shown(editor: LineEditor) -> str:
    return f"{editor.text[: editor.cursor]}|{editor.text[editor.cursor :]}"


def test_text_control_keys_and_sequences_are_told_apart():
    assert keys("hé\x7f\x1b[A\x1b[1;5D\r".encode()) == [
        Key("text", "hé"),
        Key("backspace"),
        Key("up"),
        Key("word_left"),
        Key("enter"),
    ]


def test_what_no_key_is_known_by_does_nothing():
    assert shown(typed("ab\x1b[99~\x1b[?1;2c\x00\x1bz")) == "ab|"


def test_pasted_text_is_one_piece_with_its_line_ends():
    assert keys(b"\x1b[200~a\r\nb\rc\x1b[20", b"1~d") == [Key("paste", "a\nb\nc"), Key("text", "d")]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn", "Zl", "Zp"])), st.data())
def test_text_arrives_whole_however_its_bytes_are_cut(text, data):
    raw = f"{text}\x1b[A{text}\r".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    found = keys(*pieces)
    assert "".join(key.text for key in found) == text * 2
    assert [key.name for key in found if key.name != "text"] == ["up", "enter"]


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader_or_put_controls_into_the_line(data):
    editor = LineEditor()
    for key in keys(data):
        editor.press(key)
    assert 0 <= editor.cursor <= len(editor.text)
    assert not [letter for letter in editor.text if ord(letter) < 0x20 and letter not in "\n\t"]


def test_the_usual_keys_edit():
    assert shown(typed("one two\x01\x06\x0b")) == "o|"
    assert shown(typed("one two three\x17\x17")) == "one |"
    assert shown(typed("one two\x1b[1;5D\x15")) == "|two"
    assert shown(typed("abc\x1b[D\x1b[3~")) == "ab|"
    assert shown(typed("one\x1b\rtwo")) == "one\ntwo|"


def test_entered_lines_come_back_and_the_draft_is_kept():
    editor = LineEditor()
    assert [editor.press(key) for key in keys(b"first\r")][-1] == "first"
    typed("second\r", editor)
    assert shown(typed("dra\x1b[A", editor)) == "second|"
    assert shown(typed("\x1b[A\x1b[A", editor)) == "first|"
    assert shown(typed("\x1b[B\x1b[B", editor)) == "dra|"


def test_tab_finishes_what_can_be_meant_in_one_way():
    editor = LineEditor(
        lambda line: [word for word in ("/undo ", "/help ") if word.startswith(line)]
    )
    assert shown(typed("/u\t", editor)) == "/undo |"
    assert shown(typed("\x15/\t", editor)) == "/|"
