"""YAML 1.2 core, as strict and as lenient as the JavaScript parser that OpenClaw uses.

libyaml reads the syntax; what it takes and that parser refuses is checked here, and what it
refuses for the characters alone is hidden from it behind private ones.
"""

import re
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from clawgym_skills._yaml import event_source
from clawgym_skills.openclaw._javascript import JsValue, text_of, to_json

MAX_DEPTH = 100
MAX_TIGHT_COLONS = 30
MAX_LOOSENED = 20_000
MAX_VALUES = 50_000
"""Values that one block may hold, what its aliases stand for included."""

_CONTROLS = (*range(9), 11, 12, *range(14, 32), *range(127, 160))
_REFUSED_BY_LIBYAML = (*_CONTROLS, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)
_HIDE = {code: 0xF0000 + code for code in _REFUSED_BY_LIBYAML}
_SHOW = {hidden: code for code, hidden in _HIDE.items()}

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Yaml12Error(Exception):
    """The block is refused; `line` counts from 0 and is where the JavaScript parser would point.

    `colon` says that an unquoted value holds a colon, `alias` that an alias has no anchor.
    """

    def __init__(self, reason: str, line: int, *, colon: bool = False, alias: bool = False) -> None:
        super().__init__(reason)
        self.line = line
        self.colon = colon
        self.alias = alias


@dataclass(frozen=True)
class Block:
    """A parsed block: its value, and for a mapping where each key starts (line, column from 0)."""

    value: JsValue
    keys: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])


def parse_block(text: str) -> Block:
    """Parse one document.

    Raises:
        Yaml12Error: it is no YAML, or more than a skill may hold.
    """
    hidden = text.translate(_HIDE)
    for _ in range(MAX_TIGHT_COLONS if len(text) < MAX_LOOSENED else 1):
        builder = _Builder(hidden, shielded=hidden != text)
        try:
            return Block(builder.document(), builder.keys)
        except yaml.MarkedYAMLError as error:
            if error.problem != "found unexpected ':'" or error.problem_mark is None:
                raise builder.error_of(error) from error
            hidden = _loosened(hidden, error.problem_mark.line, error.problem_mark.column)
        except yaml.YAMLError as error:
            raise Yaml12Error(str(error).partition("\n")[0], 0) from error
    raise Yaml12Error("too many colons without a blank", 0)


def _loosened(text: str, line: int, column: int) -> str:
    """The text with a blank behind a colon that a bracket follows: YAML 1.2 needs none."""
    lines = text.split("\n")
    lines[line] = f"{lines[line][: column + 1]} {lines[line][column + 1 :]}"
    return "\n".join(lines)


@dataclass
class _Anchored:
    value: JsValue
    size: int


class _Builder:
    """Builds values from events."""

    def __init__(self, text: str, *, shielded: bool) -> None:
        self.keys: dict[str, tuple[int, int]] = {}
        self._next_event = event_source(text)
        self._lines = text.split("\n")
        self._shielded = shielded
        self._anchors: dict[str, _Anchored] = {}
        self._count = 0

    def document(self) -> JsValue:
        self._next_event()  # stream start
        if isinstance(self._next_event(), StreamEndEvent):
            return None
        value = self._value(self._next_event(), 0, 0)
        if not isinstance(event := self._next_event(), DocumentEndEvent):
            raise Yaml12Error("expected the end of the document", _line(event))
        if not isinstance(event := self._next_event(), StreamEndEvent):
            raise Yaml12Error("more than one document", _line(event))
        return value

    def error_of(self, error: yaml.MarkedYAMLError) -> Yaml12Error:
        """The error in our terms, at the line where the JavaScript parser sees it."""
        mark, start = error.problem_mark, error.context_mark
        line = min(mark.line if mark else 0, len(self._lines) - 1)
        if start and "quoted scalar" in (error.context or "") and "end of" in str(error.problem):
            line = self._unindented(start.line, len(self._lines) - 1, 1) or len(self._lines) - 1
        problem = error.problem or "not valid YAML"
        return Yaml12Error(problem, line, colon="mapping values are not allowed" in problem)

    def _value(self, event: Event, depth: int, indent: int) -> JsValue:
        """`indent` is the least indentation that a continuation line must have."""
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_VALUES:
            raise Yaml12Error("too deep or too many values", _line(event))
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._count
        value = self._node(event, depth, indent)
        anchor = event.anchor if isinstance(event, ScalarEvent | CollectionStartEvent) else None
        if anchor:
            self._anchors[str(anchor)] = _Anchored(value, self._count - before + 1)
        return value

    def _node(self, event: Event, depth: int, indent: int) -> JsValue:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, indent)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, depth, indent)
        return self._mapping(event, depth, indent)

    def _alias(self, event: AliasEvent) -> JsValue:
        found = self._anchors.get(str(event.anchor))
        if found is None:
            raise Yaml12Error("unresolved alias", _line(event), alias=True)
        self._count += found.size
        return found.value

    def _scalar(self, event: ScalarEvent, indent: int) -> JsValue:
        if event.style in ("'", '"'):
            self._check_indentation(event, event, indent)
        text = str(event.value)
        if self._shielded:
            text = text.translate(_SHOW)
        if not event.style and event.tag in (None, "!") and event.implicit[0]:
            return _resolve(text)
        return text

    def _sequence(self, start: SequenceStartEvent, depth: int, indent: int) -> JsValue:
        items: list[JsValue] = []
        inner = 0 if start.flow_style else _column(start) + 1
        while not isinstance(event := self._next_event(), SequenceEndEvent):
            items.append(self._value(event, depth + 1, inner))
        if start.flow_style:
            self._check_indentation(start, event, indent)
        return items

    def _mapping(self, start: Event, depth: int, indent: int) -> JsValue:
        entries: dict[str, JsValue] = {}
        seen: set[tuple[type, str]] = set()
        flow = isinstance(start, MappingStartEvent) and bool(start.flow_style)
        inner = 0 if flow else _column(start) + 1
        while not isinstance(event := self._next_event(), MappingEndEvent):
            key = self._value(event, depth + 1, inner)
            name = _key_text(key)
            if isinstance(event, ScalarEvent) and (type(key), name) in seen:
                raise Yaml12Error(f"the key {name[:40]!r} appears twice", _line(event))
            seen.add((type(key), name))
            if depth == 0:
                self.keys[name] = (_line(event), _column(event))
            value = self._next_event()
            if not flow:
                _check_column(event, value, inner)
            entries[name] = self._value(value, depth + 1, inner)
        if flow:
            self._check_indentation(start, event, indent)
        return entries

    def _check_indentation(self, first: Event, last: Event, indent: int) -> None:
        """Refuse continuation lines that libyaml takes though they are not indented."""
        if indent == 0 or first.start_mark is None or last.end_mark is None:
            return
        start, end = first.start_mark.line, last.end_mark.line
        if start == end:
            return
        bad = self._unindented(start, end, indent)
        if bad is None:
            return
        line = self._lines[bad]
        blank = len(line) - len(line.lstrip(" "))
        closes = bad == end and blank == indent - 1 and last.end_mark.column == blank + 1
        if not closes or isinstance(first, ScalarEvent):
            raise Yaml12Error("a continued value must be indented", bad)

    def _unindented(self, start: int, end: int, indent: int) -> int | None:
        """The first line after `start` with less than `indent` blanks before its text."""
        for number in range(start + 1, min(end, len(self._lines) - 1) + 1):
            line = self._lines[number]
            text = line.lstrip(" ")
            if text and len(line) - len(text) < indent:
                return number
        return None


def _check_column(key: Event, value: Event, indent: int) -> None:
    """Refuse a value that starts on a later line than its key without being indented."""
    sequence = isinstance(value, SequenceStartEvent) and not value.flow_style
    least = indent - 1 if sequence else indent
    if _line(value) > _line(key) and _column(value) < least and not _is_empty(value):
        raise Yaml12Error("a value must be indented more than its key", _line(value))


def _is_empty(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and not event.value and not event.style


def _resolve(text: str) -> JsValue:
    """A plain scalar by the core schema."""
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if special := _SPECIAL.fullmatch(text):
        return float(f"{special['sign']}inf") if special["sign"] is not None else float("nan")
    return text


def _integer(text: str) -> float:
    if text.startswith(("0o", "0x")):
        digits, base = text[2:], 8 if text[1] == "o" else 16
        return float(int(digits[:300], base)) if len(digits) <= 200 else float("inf")
    return float(text)  # as a JavaScript number; Python's int would be quadratic in the digits


def _key_text(key: JsValue) -> str:
    if key is None:
        return ""
    return to_json(key) if not isinstance(key, str | bool | int | float) else text_of(key)


def _line(event: Event) -> int:
    return event.start_mark.line if event.start_mark else 0


def _column(event: Event) -> int:
    return event.start_mark.column if event.start_mark else 0
