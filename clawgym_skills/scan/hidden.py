"""What a person does not see but a model reads: characters, comments, encoded text, metadata."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression
from clawgym_skills.scan.image import image_texts
from clawgym_skills.scan.rule import rules

_TAGS = re.compile(r"(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ZERO_WIDTH = re.compile(r"(?<=[A-Za-z0-9])[\u200b\u200c\u200d\u2060\ufeff\u00ad]+(?=[A-Za-z0-9])")
_SMUGGLED = expression("hidden.smuggled")
_MIXED = expression("hidden.mixed")
_MARKDOWN_COMMENT = re.compile(r"(?m)^\[(?://|comment|_)\]:? ?#? ?[(\"'](?P<text>.{1,2000})[)\"']$")
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{40,20000}={0,2}|(?:\\x[0-9a-fA-F]{2}){12,4000}")
_HEX = re.compile(r"[0-9a-fA-F]{40,}")
_COMMANDS = expression("hidden.commands")
_CONCEALED = expression("hidden.concealed")
_ADDRESSED = expression("hidden.addressed")
_MOST_BLOBS = 60
_MOST_PLACES = 200


def scan_hidden(document: Document, found: Collector) -> None:
    """Look at the characters, comments and encoded parts of a text."""
    if not document.text.isascii():
        _scan_characters(document, found)
    if document.kind == "markdown":
        _scan_comments(document, found)
    _scan_blobs(document, found)


def scan_image(path: str, data: bytes, found: Collector) -> None:
    """Look at the text in a picture for something that addresses an agent."""
    for text in image_texts(data):
        if _CONCEALED.search(text[:8_000]) or _is_injection(text[:8_000]):
            found.add("SC210", path, detail=text)


# Characters


def _scan_characters(document: Document, found: Collector) -> None:
    for tags in islice(_TAGS.finditer(document.text), _MOST_PLACES):
        hidden = "".join(chr(ord(character) - 0xE0000) for character in tags[0][:400])
        _add(found, "SC201", document, tags.start(), f"hidden text: {hidden}")
    for smuggled in islice(_SMUGGLED.finditer(document.text), _MOST_PLACES):
        count = f"{len(smuggled[0])} invisible characters in a row"
        _add(found, "SC205", document, smuggled.start(), count)
    for mark in islice(_BIDI.finditer(document.text), _MOST_PLACES):
        line = document.line(document.line_at(mark.start()))
        rule_id = "SC203" if _is_prose(document) or _RIGHT_TO_LEFT.search(line) else "SC202"
        _add(found, rule_id, document, mark.start(), f"U+{ord(mark[0]):04X} in: {line}")
    for gap in islice(_ZERO_WIDTH.finditer(document.text), _MOST_PLACES):
        number = document.line_at(gap.start())
        _add(found, "SC204", document, gap.start(), document.line(number))
    _scan_scripts(document, found)


def _is_prose(document: Document) -> bool:
    return document.kind in ("markdown", "text", "data")


def _scan_scripts(document: Document, found: Collector) -> None:
    """Words of look-alike letters from two alphabets, in code."""
    for snippet in document.snippets:
        if snippet.text.isascii() or snippet.kind == "text":
            continue
        for word in _MIXED.finditer(snippet.text):
            if {"CYRILLIC", "LATIN"} <= _alphabets(word[0]):
                number = snippet.first_line + snippet.text.count("\n", 0, word.start())
                found.add_in("SC220", document, number, detail=ascii(word[0]))


def _alphabets(word: str) -> set[str]:
    return {unicodedata.name(character, "?").partition(" ")[0] for character in word}


# Comments


def _scan_comments(document: Document, found: Collector) -> None:
    comments = [*_html_comments(document.text)]
    comments += [(m.start(), m["text"]) for m in _MARKDOWN_COMMENT.finditer(document.text)]
    for start, text in comments:
        number = document.line_at(start)
        if number in document.fenced:
            continue
        if _CONCEALED.search(text[:8_000]):
            _add(found, "SC206", document, start, text)
        elif _ADDRESSED.search(text[:8_000]):
            _add(found, "SC207", document, start, text)


def _html_comments(text: str) -> Iterator[tuple[int, str]]:
    """Offset and text of each comment, in one pass."""
    end = 0
    while (start := text.find("<!--", end)) >= 0 and (end := text.find("-->", start)) >= 0:
        yield start, text[start + 4 : end]


def _is_injection(text: str) -> bool:
    patterns = rules()["SC209"].patterns
    return any(re.search(pattern.line, text, re.IGNORECASE) for pattern in patterns)


# Encoded text


def _scan_blobs(document: Document, found: Collector) -> None:
    for count, blob in enumerate(_BLOB.finditer(document.text)):
        if count >= _MOST_BLOBS:
            return
        for text in _decodings(blob[0]):
            if _COMMANDS.search(text):
                _add(found, "SC208", document, blob.start(), f"decodes to: {text[:200]}")
                break


def _decodings(blob: str) -> Iterator[str]:
    """The readable texts that a blob stands for."""
    candidates: list[bytes] = []
    if blob.startswith("\\x"):
        candidates.append(bytes.fromhex(blob.replace("\\x", "")))
    elif _HEX.fullmatch(blob) and len(blob) % 2 == 0:
        candidates.append(bytes.fromhex(blob))
    else:
        plain = blob.replace("-", "+").replace("_", "/").rstrip("=")
        plain = plain[: len(plain) - (len(plain) % 4 == 1)]
        try:
            candidates.append(base64.b64decode(plain + "=" * (-len(plain) % 4)))
        except (binascii.Error, ValueError):
            return
    for data in candidates:
        readable = sum(1 for byte in data if 32 <= byte < 127 or byte in (9, 10, 13))
        if data and readable >= len(data) * 0.95:
            yield data.decode("latin-1")


def _add(found: Collector, rule_id: str, document: Document, offset: int, detail: str) -> None:
    number = document.line_at(offset)
    column = offset - document.starts[number - 1]
    found.add_in(rule_id, document, number, column, detail)
