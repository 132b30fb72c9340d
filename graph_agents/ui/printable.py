"""Text of models, tools and files, made harmless: nothing in it can steer the terminal."""

import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS and their like: titles, clipboard
    r"|\x1b[ -/]*[0-Z\\^-~]"  # two characters: charsets, resets
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REORDERING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
"""Marks that make text read otherwise than it is stored (CVE-2021-42574)."""

_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without escape sequences and control characters but for newline and tab.

    A carriage return begins a new line. Half a surrogate pair, which no stream can write, becomes
    a replacement character.
    """
    text = _SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return drop_controls(text)


def drop_controls(text: str) -> str:
    """A piece of a stream, where a sequence may be cut anywhere: single characters are dropped."""
    text = _REORDERING.sub("", _CONTROL.sub("", text))
    return _HALF_A_PAIR.sub("\ufffd", text)


def one_line(text: str, width: int = 160) -> str:
    """The text in one line of at most `width` characters."""
    line = printable(text).replace("\n", "⏎").replace("\t", " ")
    return line if len(line) <= width else f"{line[: width - 1]}…"
