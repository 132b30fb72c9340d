"""The subset of YAML that frontmatter needs, read from a parser's events.

No aliases, no tags of one's own, bounded depth and size, and scalars that keep their spelling: only
`null`, `true`/`false` and integers that print back as they were written become something other
than text, so `version: 1.10` stays `1.10` and `on` stays `on`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

import yaml
from pydantic import JsonValue
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_DEPTH = 24
MAX_EVENTS = 10_000

_STANDARD_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_TYPED = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+"
    r"|[-+]?\.(?:inf|nan)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?|(?:yes|no|on|off|true|false)",
    re.IGNORECASE,
)
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class YamlRefusedError(Exception):
    """The text is not YAML, or uses something that frontmatter may not; `line` counts from 0."""

    def __init__(
        self, reason: str, line: int, *, alias: bool = False, duplicate: bool = False
    ) -> None:
        super().__init__(reason)
        self.line = line
        self.alias = alias
        self.duplicate = duplicate


class Unquoted(str):
    """Text without quotes that other readers take for a number, a truth value or a date."""

    __slots__ = ()


@dataclass
class TextMode:
    """Asks for every scalar as text, and takes down what strict readers refuse.

    `foreign_lines` are those of flow collections, anchors and tags, counted from 0.
    """

    foreign_lines: list[int] = field(default_factory=list[int])


def parse_yaml(text: str, *, mode: TextMode | None = None) -> JsonValue:
    """Read one document; an empty one is None.

    In text mode every scalar is text, and `Unquoted` where others read something else.

    Raises:
        YamlRefusedError: the text cannot or may not be read.
    """
    try:
        return _Builder(event_source(text), mode).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise YamlRefusedError(error.problem or "not valid YAML", line) from error
    except yaml.YAMLError as error:
        raise YamlRefusedError(str(error).partition("\n")[0], 0) from error


class _EventLoader(Protocol):
    """What PyYAML's stubs leave open."""

    def get_event(self) -> Event: ...


def event_source(text: str) -> Callable[[], Event]:
    """A function that returns the next event of a YAML text, by libyaml where it is built in."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return cast("_EventLoader", loader(text)).get_event


class _Builder:
    """Builds JSON values from events, and stops at whatever it may not build."""

    def __init__(self, next_event: Callable[[], Event], mode: TextMode | None = None) -> None:
        self._next_event = next_event
        self._mode = mode
        self._scalar = _text if mode else _scalar
        self._left = MAX_EVENTS

    def document(self) -> JsonValue:
        self._next()  # stream start
        if isinstance(self._next(), StreamEndEvent):
            return None
        value = self._value(self._next(), 0)
        if not isinstance(self._next(), DocumentEndEvent):
            raise YamlRefusedError("expected the end of the document", 0)
        if not isinstance(event := self._next(), StreamEndEvent):
            raise YamlRefusedError("more than one document", _line(event))
        return value

    def _next(self) -> Event:
        event = self._next_event()
        self._left -= 1
        if self._left < 0:
            raise YamlRefusedError(f"more than {MAX_EVENTS:,} values", _line(event))
        return event

    def _value(self, event: Event, depth: int) -> JsonValue:
        if depth > MAX_DEPTH:
            raise YamlRefusedError(f"nested deeper than {MAX_DEPTH} levels", _line(event))
        if isinstance(event, AliasEvent):
            raise YamlRefusedError("aliases are not expanded", _line(event), alias=True)
        if (tag := _tag(event)) and not tag.startswith(_STANDARD_TAG):
            raise YamlRefusedError(f"unknown tag {tag}", _line(event))
        if self._mode and _is_foreign(event):
            self._mode.foreign_lines.append(_line(event))
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(depth)
        return self._mapping(depth)

    def _sequence(self, depth: int) -> JsonValue:
        items: list[JsonValue] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> JsonValue:
        entries: dict[str, JsonValue] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise YamlRefusedError("a key must be text", _line(event))
            if event.value in entries:
                raise YamlRefusedError(
                    f"the key {event.value!r} appears twice", _line(event), duplicate=True
                )
            entries[event.value] = self._value(self._next(), depth + 1)
        return entries


def _scalar(event: ScalarEvent) -> JsonValue:
    text = str(event.value)
    if event.tag is not None or not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _text(event: ScalarEvent) -> str:
    text = str(event.value)
    plain = event.tag is None and event.implicit[0]
    return Unquoted(text) if plain and (text in _WORDS or _TYPED.fullmatch(text)) else text


def _is_foreign(event: Event) -> bool:
    """Whether the event is outside the plainest YAML."""
    flow = isinstance(event, CollectionStartEvent) and bool(event.flow_style)
    anchored = isinstance(event, NodeEvent) and event.anchor is not None
    return flow or anchored or bool(_tag(event))


def _tag(event: Event) -> str | None:
    if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
        return event.tag
    return None


def _line(event: Event) -> int:
    return event.start_mark.line if event.start_mark else 0
