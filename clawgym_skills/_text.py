"""From the bytes of a SKILL.md to clean text, and from Markdown to a one-paragraph summary."""

import re
from collections.abc import Iterator

from clawgym_skills.diagnostic import Code, Findings

MAX_DESCRIPTION = 1024

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PERHAPS_HIDDEN = re.compile(
    "[\u180e\u200b-\u200d\u202a-\u202e\u2060\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Every character that `_HIDDEN` begins with; most texts hold none and are done with quickly."""

_HIDDEN = re.compile(
    # Joiners belong to emoji and to many scripts; between ASCII letters they hide something.
    r"(?P<zero_width>[\u200b\u2060\u180e\ufeff]|(?<=[\x21-\x7e])[\u200c\u200d](?=[\x21-\x7e]))"
    r"|(?P<bidirectional>[\u202a-\u202e\u2066-\u2069])"
    # A black flag followed by tag characters is the flag of a region.
    r"|(?P<tag>(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f])"
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKUP = re.compile(r"[*`]+")


def decode(data: bytes, findings: Findings) -> str:
    """UTF-8 text with LF line ends; whatever had to be replaced is reported."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.add(Code.NOT_UTF8, line, error.reason)
        text = data.decode("utf-8-sig", errors="replace")
    if data.startswith(b"\xef\xbb\xbf") or "\r" in text:
        findings.add(Code.NEWLINES, 1)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def report_hidden(text: str, findings: Findings) -> None:
    """One finding for each kind of hidden character, at its first line."""
    if text.isascii() or not _PERHAPS_HIDDEN.search(text):
        return
    seen: set[str] = set()
    for found in _HIDDEN.finditer(text):
        kind = str(found.lastgroup)
        if kind not in seen:
            seen.add(kind)
            line = text.count("\n", 0, found.start()) + 1
            codepoint = f"{kind.replace('_', ' ')}, U+{ord(found[0]):04X}"
            findings.add(Code.HIDDEN_UNICODE, line, codepoint)


def one_line(text: str) -> str:
    """The text without control characters, every run of blanks a single space."""
    return " ".join(_CONTROL.sub(" ", text).split())


def without_controls(text: str) -> str:
    """The text without control characters other than line ends and tabs."""
    return _CONTROL.sub("", text)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a blank where there is one, ending in `…` if cut."""
    if len(text) <= limit:
        return text
    kept = text[: max(0, limit - 1)]
    head, blank, _ = kept.rpartition(" ")
    return (head if blank and len(head) > limit // 2 else kept).rstrip() + "…"


def first_paragraph(body: str) -> str:
    """The first prose of a Markdown text on one line, else its first heading, else ''."""
    prose: list[str] = []
    heading = ""
    for line in _outside_code(body):
        stripped = line.strip()
        if stripped.startswith("#"):
            heading = heading or _plain(stripped.lstrip("#"))
        if _is_prose(stripped):
            prose.append(stripped)
        elif prose:
            break
    return shorten(_plain(" ".join(prose)) or heading, MAX_DESCRIPTION)


def _outside_code(body: str) -> Iterator[str]:
    """The lines outside fenced code and HTML comments; those inside count as blank."""
    end = ""
    for line in body.split("\n"):
        stripped = line.strip()
        if end:
            end = "" if end in stripped else end
            yield ""
        elif stripped.startswith(("```", "~~~")):
            end = stripped[:3]
            yield ""
        elif stripped.startswith("<!--"):
            end = "" if "-->" in stripped else "-->"
            yield ""
        else:
            yield line


def _is_prose(stripped: str) -> bool:
    if not stripped or stripped.startswith(("#", "|", "![", "[!", "<")):
        return False
    return any(character.isalnum() for character in stripped)


def _plain(text: str) -> str:
    without_links = _LINK.sub(r"\1", text[:4000])
    return one_line(_MARKUP.sub("", without_links).strip().lstrip(">-+ "))
