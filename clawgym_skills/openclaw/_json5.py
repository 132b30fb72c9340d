"""JSON5, the dialect of OpenClaw's configuration and of `metadata` in skills.

JSON with comments, trailing commas, single quotes, unquoted keys and a few more numbers.
Source: https://spec.json5.org.
"""

import json
import re

from clawgym_skills.openclaw._javascript import SPACES, JsValue

MAX_DEPTH = 100

_LEXEME = re.compile(
    rf"(?P<skip>[{SPACES}]+|//[^\n\r\u2028\u2029]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<mark>[{}\[\]:,])"
    r"|(?P<text>\"(?:[^\"\\\n\r]|\\(?:\r\n|[\s\S]))*\"|'(?:[^'\\\n\r]|\\(?:\r\n|[\s\S]))*')"
    r"|(?P<word>[+-]?(?:\.?[0-9](?:[eE][+-]|[\w.])*|(?:[^\W\d]|[$\\])(?:[\w$\\\u200c\u200d])*))"
)
_ESCAPE = re.compile(
    r"\\(?:(?P<gone>\r\n|[\n\r\u2028\u2029])|x(?P<hex>[0-9a-fA-F]{2})|u(?P<unit>[0-9a-fA-F]{4})"
    r"|(?P<bad>[1-9xu])|(?P<one>[\s\S]))"
)
_SINGLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_DECIMAL = re.compile(
    r"(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
)
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,200}")
_WORDS: dict[str, JsValue] = {"null": None, "true": True, "false": False}
_NUMBERS = {"Infinity": float("inf"), "NaN": float("nan")}


class Json5Error(ValueError):
    """The text is not JSON5; the message names the position."""


def parse_json5(text: str) -> JsValue:
    """Parse JSON5, by the faster JSON parser where it is plain JSON.

    Raises:
        Json5Error: it is neither.
    """
    try:
        plain: JsValue = json.loads(text)
    except (ValueError, RecursionError):
        return _Parser(text).document()
    return plain


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._kind = self._current = ""
        self._advance()

    def document(self) -> JsValue:
        value = self._value(0)
        if self._kind:
            raise self._error("expected the end")
        return value

    def _advance(self) -> None:
        """Read the next token; at the end its kind is ''."""
        self._kind = self._current = ""
        while self._position < len(self._text):
            found = _LEXEME.match(self._text, self._position)
            if found is None:
                raise self._error("unexpected character")
            self._position = found.end()
            if found.lastgroup != "skip":
                self._kind, self._current = str(found.lastgroup), found[0]
                return

    def _value(self, depth: int) -> JsValue:
        if depth > MAX_DEPTH:
            raise self._error("nested too deeply")
        kind, lexeme = self._kind, self._current
        self._advance()
        if kind == "text":
            return self._unescaped(lexeme[1:-1])
        if kind == "word":
            return self._word(lexeme)
        if lexeme == "{":
            return self._object(depth)
        if lexeme == "[":
            return self._array(depth)
        raise self._error("expected a value")

    def _object(self, depth: int) -> JsValue:
        entries: dict[str, JsValue] = {}
        while self._current != "}" or self._kind != "mark":
            key = self._key()
            self._expect(":")
            entries[key] = self._value(depth + 1)
            if self._current != "}" or self._kind != "mark":
                self._expect(",")
        self._advance()
        return entries

    def _array(self, depth: int) -> JsValue:
        items: list[JsValue] = []
        while self._current != "]" or self._kind != "mark":
            items.append(self._value(depth + 1))
            if self._current != "]" or self._kind != "mark":
                self._expect(",")
        self._advance()
        return items

    def _key(self) -> str:
        kind, lexeme = self._kind, self._current
        self._advance()
        if kind == "text":
            return self._unescaped(lexeme[1:-1])
        if kind == "word" and lexeme[0] not in "+-.0123456789":
            return self._unescaped(lexeme)
        raise self._error("expected a key")

    def _expect(self, mark: str) -> None:
        if self._kind != "mark" or self._current != mark:
            raise self._error(f"expected {mark!r}")
        self._advance()

    def _word(self, lexeme: str) -> JsValue:
        if lexeme in _WORDS:
            return _WORDS[lexeme]
        sign, digits = (-1, lexeme[1:]) if lexeme[0] == "-" else (1, lexeme.removeprefix("+"))
        if digits in _NUMBERS:
            return sign * _NUMBERS[digits]
        if _HEX.fullmatch(digits):
            return sign * float(int(digits, 16))
        if _DECIMAL.fullmatch(digits):
            return sign * float(digits)
        raise self._error(f"unexpected {lexeme[:40]!r}")

    def _unescaped(self, text: str) -> str:
        if "\\" not in text:
            return text
        units = _ESCAPE.sub(self._character, text).encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "replace")  # two escapes may spell one character

    def _character(self, found: re.Match[str]) -> str:
        if found["bad"]:
            raise self._error(f"unknown escape {found[0]!r}")
        if code := found["hex"] or found["unit"]:
            return chr(int(code, 16))
        return "" if found["gone"] else _SINGLE.get(found["one"], found["one"])

    def _error(self, reason: str) -> Json5Error:
        return Json5Error(f"{reason} before character {self._position:,}")
