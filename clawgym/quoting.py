r"""Quoting: the text of strangers as data that cannot be taken for anything else.

Material stands between two marker lines that carry a code, and each of its lines begins with `| `.
The code is a keyed digest of the material, so the same material is quoted in the same way (which is
what a cache needs), and a text that holds its own code would have to be a fixed point of HMAC.
"""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_KEY = b"clawgym quotation v1"
_CODE_DIGITS = 24

LINE = "| "
CONTINUED = "|+"
"""The first characters of a quoted line, and of one that goes on in the middle of a long line."""

_OPEN, _CLOSE = "\u27e6", "\u27e7"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_SUSPECTS = re.compile(r"[^\n\t\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]+")


@dataclass(frozen=True)
class Quotation:
    """Quoted material with its marker lines, ready to stand in a prompt."""

    begin: str
    end: str
    body: str

    @property
    def code(self) -> str:
        """What tells these markers from all others."""
        return self.begin.rstrip(">").rpartition(" ")[2]

    def __str__(self) -> str:
        return f"{self.begin}\n{self.body}\n{self.end}"


def quote_name(name: str) -> str:
    """A file name, or another short text of strangers, as one visible JSON string on one line."""
    return json.dumps(visible(name), ensure_ascii=False)


def quote_text(text: str, what: str) -> Quotation:
    """Quote a text, made visible. `what` says in capitals what it is, such as `SKILL`."""
    return quote_lines(as_quoted_lines(visible(text)), what)


def as_quoted_lines(text: str) -> list[str]:
    """Each line of a visible text, quoted."""
    return [LINE + line for line in text.split("\n")]


def quote_lines(lines: Sequence[str], what: str) -> Quotation:
    """Put lines that are quoted already between markers."""
    body = "\n".join(lines)
    attempt = 0
    while True:
        content = f"{what}\0{attempt}\0{body}".encode(errors="surrogatepass")
        code = hmac.new(_KEY, content, hashlib.sha256).hexdigest()[:_CODE_DIGITS]
        if code not in body:
            return Quotation(f"<<<BEGIN {what} {code}>>>", f"<<<END {what} {code}>>>", body)
        attempt += 1


def visible(text: str) -> str:
    r"""The text with controls, bidi marks, zero-width and unassigned characters as `⟦U+202E⟧`.

    Line breaks are made `\n`; tabs stay. The brackets themselves are spelled out too, so that no
    text can pretend to have been spelled out.
    """
    return _SUSPECTS.sub(_spell_out, text.replace("\r\n", "\n"))


def _spell_out(found: re.Match[str]) -> str:
    return "".join(
        f"{_OPEN}U+{ord(character):04X}{_CLOSE}" if _is_hidden(character) else character
        for character in found.group()
    )


def _is_hidden(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDDEN
        or character in _FILLERS
        or character in (_OPEN, _CLOSE)
        or "\U000e0100" <= character <= "\U000e01ef"  # variation selectors that can carry data
    )
