"""Changing one entry of a settings file in JSON, with its comments, and nothing else in it.

Clients' files are JSON with comments and trailing commas, or JSON5 (names without quotes, strings
in single ones). A reader that keeps places is enough: the new entry is spliced into the text.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

_SPACE = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.DOTALL)
_WORDS: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\n": "", "0": "\0"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_DEPTH = 100


class SettingsSyntaxError(ValueError):
    """The file is not what its client would read."""


@dataclass
class _Value:
    """A value and its place: characters `start` to `end`."""

    start: int
    end: int
    value: JsonValue
    members: dict[str, "_Value"] = field(default_factory=dict[str, "_Value"])
    last: int | None = None
    """For an object that has members: where the last of them ends."""
    comma: bool = False
    """Whether a comma follows the last member."""


def read_jsonc(text: str) -> dict[str, JsonValue]:
    """The object that a settings file holds; of an empty file, the empty one.

    Raises:
        SettingsSyntaxError: it holds something else; the message has the line.
    """
    value = _parse(text).value
    assert isinstance(value, dict)
    return value


def set_in_jsonc(text: str, keys: Sequence[str], value: Mapping[str, JsonValue]) -> str:
    """The text with the entry at `keys` added or replaced.

    Raises:
        SettingsSyntaxError: the text is no settings file, or something on the way is no object.
    """
    if not text.strip("\ufeff \t\r\n"):
        text = "{\n}\n"
    here = _parse(text)
    unit = _indent_unit(text)
    for depth, key in enumerate(keys):
        if not isinstance(here.value, dict):
            raise SettingsSyntaxError(f"{'.'.join(keys[:depth])} is not an object")
        inner = here.members.get(key)
        if inner is None:
            missing: JsonValue = dict(value)
            for name in reversed(keys[depth + 1 :]):
                missing = {name: missing}
            return _insert(text, here, key, missing, unit * (depth + 1), unit)
        here = inner
    written = _written(dict(value), unit * len(keys), unit)
    return text[: here.start] + written + text[here.end :]


def _insert(text: str, into: _Value, key: str, value: JsonValue, indent: str, unit: str) -> str:
    member = f"\n{indent}{json.dumps(key)}: {_written(value, indent, unit)}"
    if into.last is None:
        inside = text[into.start + 1 : into.end - 1].rstrip()
        outer = indent.removesuffix(unit)
        return f"{text[: into.start + 1]}{inside}{member}\n{outer}{text[into.end - 1 :]}"
    comma = "" if into.comma else ","
    return f"{text[: into.last]}{comma}{member}{',' if into.comma else ''}{text[into.last :]}"


def _written(value: JsonValue, indent: str, unit: str) -> str:
    text = json.dumps(value, indent=unit, ensure_ascii=False)
    return text.replace("\n", f"\n{indent}")


def _indent_unit(text: str) -> str:
    found = re.search(r"^([ \t]+)[\"'\w]", text, re.MULTILINE)
    return found[1] if found else "  "


def _parse(text: str) -> _Value:
    reader = _Reader(text)
    if reader.space() == len(text):
        return _Value(0, 0, {})
    value = reader.value(0)
    if reader.space() != len(text):
        raise reader.wrong("the end of the file")
    if not isinstance(value.value, dict):
        raise SettingsSyntaxError("the file holds no object")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def wrong(self, wanted: str) -> SettingsSyntaxError:
        line = self._text.count("\n", 0, self._at) + 1
        return SettingsSyntaxError(f"line {line}: expected {wanted}")

    def space(self) -> int:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def value(self, depth: int) -> _Value:
        start = self.space()
        if depth > _DEPTH:
            raise self.wrong(f"at most {_DEPTH} levels")
        opening = self._text[start : start + 1]
        if opening == "{":
            return self._object(depth)
        if opening == "[":
            return self._list(depth)
        if found := _STRING.match(self._text, start):
            return self._taken(found, _unquoted(found[0]))
        if found := _NUMBER.match(self._text, start):
            return self._taken(found, _number(found[0]))
        found = _NAME.match(self._text, start)
        if found and found[0] in _WORDS:
            return self._taken(found, _WORDS[found[0]])
        raise self.wrong("a value")

    def _taken(self, found: re.Match[str], value: JsonValue) -> _Value:
        self._at = found.end()
        return _Value(found.start(), found.end(), value)

    def _object(self, depth: int) -> _Value:
        whole = _Value(self._at, self._at, None)
        entries: dict[str, JsonValue] = {}
        self._at += 1
        while not self._closed("}"):
            key = self._key()
            if key in entries:
                raise self.wrong(f"{key!r} once")
            self._expect(":")
            member = self.value(depth + 1)
            entries[key], whole.members[key] = member.value, member
            whole.last, whole.comma = self._at, self._comma("}")
            if whole.comma:
                whole.last = self._at
        whole.end, whole.value = self._at, entries
        return whole

    def _list(self, depth: int) -> _Value:
        start = self._at
        items: list[JsonValue] = []
        self._at += 1
        while not self._closed("]"):
            items.append(self.value(depth + 1).value)
            self._comma("]")
        return _Value(start, self._at, items)

    def _key(self) -> str:
        start = self.space()
        if found := _STRING.match(self._text, start):
            self._at = found.end()
            return _unquoted(found[0])
        if found := _NAME.match(self._text, start):
            self._at = found.end()
            return found[0]
        raise self.wrong("a name")

    def _closed(self, bracket: str) -> bool:
        if self._text[self.space() :][:1] != bracket:
            return False
        self._at += 1
        return True

    def _comma(self, bracket: str) -> bool:
        """Step over a comma; without one the bracket has to follow."""
        after = self._at
        following = self._text[self.space() :][:1]
        if following == ",":
            self._at += 1
            return True
        if following != bracket:
            raise self.wrong(f"a comma or {bracket}")
        self._at = after
        return False

    def _expect(self, character: str) -> None:
        if self._text[self.space() :][:1] != character:
            raise self.wrong(character)
        self._at += 1


def _unquoted(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if code := found[1] or found[2]:
            return chr(int(code, 16))
        return _ESCAPES.get(found[3], found[3])

    joined = _ESCAPE.sub(plain, text[1:-1])
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(text: str) -> JsonValue:
    if re.fullmatch(r"[+-]?0[xX].*", text):
        return int(text, 16)
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
