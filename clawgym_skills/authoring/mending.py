"""Mechanical repairs of a SKILL.md: the lines at fault are written anew, all others stay."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import yaml
from pydantic import JsonValue

from clawgym_skills._fences import ENTRY
from clawgym_skills._yaml import YamlRefusedError, parse_yaml

_FENCE = re.compile(r"---[ \t]*")
_NAME = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_TOOL = re.compile(r"(?:[^\s,()]|\([^()]*\))+")
_TEXT_KEYS = ("name", "description", "license", "compatibility")
_UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_STRUCTURE = tuple("&*!{[|>\"'%@`#")


@dataclass(frozen=True)
class _Entry:
    """The lines of one key, as they stand."""

    key: str
    lines: tuple[str, ...]

    @property
    def raw(self) -> str:
        """What stands behind the colon of the first line."""
        return self.lines[0].partition(":")[2].strip()

    @property
    def single(self) -> bool:
        """Whether nothing but blank lines and comments follows the first line."""
        return all(not line.strip() or line.lstrip().startswith("#") for line in self.lines[1:])

    def with_value(self, value: str) -> "_Entry":
        """The key with another value on its first line; blank lines and comments stay."""
        head = self.lines[0].partition(":")[0]
        kept = self.lines[1:] if self.single else _trailing_blanks(self.lines)
        return _Entry(self.key, (f"{head}: {value}", *kept))


def mend(data: bytes, directory_name: str) -> bytes:
    """The file with what can be repaired without judgement repaired.

    Byte order marks and line ends; values that are no YAML unless quoted; a name that is no slug or
    differs from its directory; `allowed-tools` as one line; metadata values as text. A file
    without frontmatter, or that is no UTF-8, keeps all of its text.
    """
    try:
        text = data.decode().lstrip("\ufeff")
    except UnicodeDecodeError:
        return data
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    closing = _closing_fence(lines)
    if closing is None:
        return "\n".join(lines).encode()
    if closing == len(lines) - 1:
        lines.append("")
    header = [
        line for entry in _entries(lines[1:closing]) for line in _mended(entry, directory_name)
    ]
    return "\n".join([lines[0], *header, *lines[closing:]]).encode()


def _closing_fence(lines: Sequence[str]) -> int | None:
    if not _FENCE.fullmatch(lines[0]):
        return None
    return next((n for n, line in enumerate(lines) if n and _FENCE.fullmatch(line)), None)


def _entries(header: Sequence[str]) -> list[_Entry]:
    """The header cut before each key at the margin; lines before the first have no key."""
    cut: list[tuple[str, list[str]]] = [("", [])]
    for line in header:
        if found := ENTRY.match(line):
            cut.append((found["key"], [line]))
        else:
            cut[-1][1].append(line)
    return [_Entry(key, tuple(lines)) for key, lines in cut if lines]


def _mended(entry: _Entry, directory_name: str) -> tuple[str, ...]:
    if entry.key == "name":
        return _named(entry, directory_name).lines
    repair = _REPAIRS.get(entry.key, _quoted_if_needed)
    return repair(entry).lines


def _named(entry: _Entry, directory_name: str) -> _Entry:
    value = _value(entry)
    wanted = directory_name if is_slug(directory_name) else slug(str(value or directory_name))
    if value == wanted or not wanted:
        return _text_entry(entry)
    return entry.with_value(_plain_or_quoted(wanted))


def is_slug(name: str) -> bool:
    """Whether this is a name that the specification allows."""
    return 0 < len(name) <= 64 and name == name.lower() and _NAME.fullmatch(name) is not None


def slug(name: str) -> str:
    """The nearest name of lowercase ASCII letters, digits and single hyphens; may be empty."""
    return _NOT_IN_SLUG.sub("-", name.lower()).strip("-")[:64].rstrip("-")


def _text_entry(entry: _Entry) -> _Entry:
    """A field that must be text, quoted where YAML reads something else."""
    if entry.single and entry.raw and (_value(entry) is None or _is_other_type(entry.raw)):
        return entry.with_value(_quoted(_without_comment(entry.raw)))
    return entry


def _quoted_if_needed(entry: _Entry) -> _Entry:
    """Any single line that is no YAML becomes a text."""
    if entry.key and entry.single and entry.raw and not _parses(entry.lines):
        return entry.with_value(_quoted(_unquoted(entry.raw)))
    return entry


def _joined_tools(entry: _Entry) -> _Entry:
    value = _value(entry)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return entry.with_value(_plain_or_quoted(" ".join(str(item).strip() for item in value)))
    if value is None and entry.single and entry.raw:
        value = _unquoted(entry.raw)
    if isinstance(value, str) and ("," in value or not _parses(entry.lines)):
        return entry.with_value(_plain_or_quoted(" ".join(_TOOL.findall(value))))
    return entry


def _flat_metadata(entry: _Entry) -> _Entry:
    """Metadata as `key: text`; a nested value becomes compact JSON, as publication renders it."""
    value = _value(entry)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _loaded_json(value)
    if not isinstance(value, dict) or (not value and entry.raw == "{}"):
        return entry
    if entry.raw or _first_word(entry.lines[1:]).startswith("{"):
        lines = [f"  {_key(key)}: {_quoted(_as_text(item))}" for key, item in value.items()]
        return _Entry(entry.key, ("metadata:", *lines, *_trailing_blanks(entry.lines)))
    return _Entry(entry.key, (entry.lines[0], *_mended_children(entry.lines[1:])))


def _mended_children(lines: Sequence[str]) -> list[str]:
    indents = [len(line) - len(line.lstrip()) for line in lines if _says_something(line)]
    margin = min(indents, default=0)
    children: list[list[str]] = []
    for line in lines:
        if _says_something(line) and len(line) - len(line.lstrip()) == margin:
            children.append([line])
        elif children:
            children[-1].append(line)
        else:
            children.append([line])
    return [line for child in children for line in _mended_child(child, margin)]


def _mended_child(lines: list[str], margin: int) -> Sequence[str]:
    cut = [line[margin:] for line in lines]
    found = re.match(r"(?P<key>[^\s:#][^:]*):(?:\s|$)", cut[0])
    if not found:
        return lines
    entry = _Entry(found["key"], tuple(cut))
    value = _value(entry, _unquoted(found["key"].strip()))
    if entry.single and entry.raw and (value is None or _is_other_type(entry.raw)):
        text = _without_comment(entry.raw)
    elif isinstance(value, list | dict):
        text = _as_text(value)
    else:
        return lines
    return [(" " * margin + line if line.strip() else line) for line in _child_lines(entry, text)]


def _child_lines(entry: _Entry, text: str) -> tuple[str, ...]:
    return entry.with_value(_quoted(text)).lines


_REPAIRS: dict[str, Callable[[_Entry], _Entry]] = {
    **dict.fromkeys(_TEXT_KEYS, _text_entry),
    "allowed-tools": _joined_tools,
    "metadata": _flat_metadata,
}


def _value(entry: _Entry, key: str | None = None) -> JsonValue:
    """What YAML reads; None where it reads nothing."""
    try:
        parsed = parse_yaml("\n".join(entry.lines))
    except YamlRefusedError:
        return None
    return parsed.get(key or entry.key) if isinstance(parsed, dict) else None


def _parses(lines: Sequence[str]) -> bool:
    try:
        return isinstance(parse_yaml("\n".join(lines)), dict)
    except YamlRefusedError:
        return False


def _is_other_type(raw: str) -> bool:
    """Whether YAML 1.1, which most readers speak, reads no text here: 1.0, yes, a date."""
    if raw.startswith(_STRUCTURE):
        return False
    try:
        return not isinstance(yaml.safe_load(raw), str)
    except (yaml.YAMLError, ValueError):
        return False


def _loaded_json(text: str) -> JsonValue:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _as_text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(text: str) -> str:
    """A scalar in double quotes; one that holds such quotes itself reads better in single ones."""
    if '"' in text and "\n" not in text and not _UNSAFE.search(text):
        return "'" + text.replace("'", "''") + "'"
    escaped = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)


def _plain_or_quoted(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][\w ().*/-]*(?::[\w*]+[\w ().*/:-]*)?", text)
    try:
        return text if plain and yaml.safe_load(f"k: {text}") == {"k": text} else _quoted(text)
    except yaml.YAMLError:
        return _quoted(text)


def _key(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][\w-]*", text) and not _is_other_type(text)
    return text if plain else _quoted(text)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _without_comment(raw: str) -> str:
    return _unquoted(re.sub(r"\s+#.*$", "", raw) if _is_other_type(raw) else raw)


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _first_word(lines: Sequence[str]) -> str:
    return next((line.strip() for line in lines if _says_something(line)), "")


def _trailing_blanks(lines: Sequence[str]) -> tuple[str, ...]:
    count = 0
    while count < len(lines) - 1 and not lines[-1 - count].strip():
        count += 1
    return tuple(lines[len(lines) - count :])
