"""What is typed, from bytes to keys."""

import codecs
import re
from dataclasses import dataclass
from typing import Literal

Name = Literal[
    "text",
    "paste",
    "enter",
    "newline",
    "tab",
    "backspace",
    "delete",
    "left",
    "right",
    "word_left",
    "word_right",
    "home",
    "end",
    "up",
    "down",
    "kill_word",
    "kill_line",
    "kill_rest",
    "eof",
    "redraw",
    "unknown",
]


@dataclass(frozen=True)
class Key:
    """A key, or a stretch of text; `text` is set for `text` and `paste`."""

    name: Name
    text: str = ""


_CONTROLS: dict[str, Name] = {
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x01": "home",
    "\x05": "end",
    "\x02": "left",
    "\x06": "right",
    "\x10": "up",
    "\x0e": "down",
    "\x04": "eof",
    "\x0b": "kill_rest",
    "\x15": "kill_line",
    "\x17": "kill_word",
    "\x0c": "redraw",
}
_SEQUENCES: dict[str, Name] = {
    "[A": "up",
    "[B": "down",
    "[C": "right",
    "[D": "left",
    "[H": "home",
    "[F": "end",
    "[1~": "home",
    "[3~": "delete",
    "[4~": "end",
    "[7~": "home",
    "[8~": "end",
    "OA": "up",
    "OB": "down",
    "OC": "right",
    "OD": "left",
    "OH": "home",
    "OF": "end",
    "[1;5C": "word_right",
    "[1;5D": "word_left",
    "[1;3C": "word_right",
    "[1;3D": "word_left",
    "b": "word_left",
    "f": "word_right",
    "\r": "newline",
    "\n": "newline",
    "\x7f": "kill_word",
}
_WHOLE = re.compile(r"\[[0-?]*[ -/]*[@-~]|O.|[^\[O]", re.DOTALL)
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"


class KeyReader:
    """Reads keys from chunks that may end anywhere, inside a character or a sequence too."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._left = ""

    def feed(self, data: bytes) -> list[Key]:
        """The keys that are complete now."""
        self._left += self._decode(data)
        keys: list[Key] = []
        while self._left and (key := self._take()):
            keys.append(key)
        return keys

    def _take(self) -> Key | None:
        first = self._left[0]
        if first == "\x1b":
            return self._take_sequence()
        if name := _CONTROLS.get(first):
            self._left = self._left[1:]
            return Key(name)
        if not first.isprintable() and ord(first) < 0xA0:
            self._left = self._left[1:]
            return Key("unknown")
        end = next(
            (at for at, letter in enumerate(self._left) if ord(letter) < 0x20 or letter == "\x7f"),
            len(self._left),
        )
        text, self._left = self._left[:end], self._left[end:]
        return Key("text", text)

    def _take_sequence(self) -> Key | None:
        if self._left.startswith(_PASTE):
            text, end, rest = self._left[len(_PASTE) :].partition(_PASTED)
            if not end:
                return None
            self._left = rest
            return Key("paste", text.replace("\r\n", "\n").replace("\r", "\n"))
        whole = _WHOLE.match(self._left, 1)
        if whole is None:
            return None
        self._left = self._left[whole.end() :]
        return Key(_SEQUENCES.get(whole[0], "unknown"))
