"""Quoting: the text of strangers as data that cannot be taken for anything else.

Material stands between two marker lines that carry a code, and each of its lines begins with `| `.
The code is a keyed digest of the material, so the same material is quoted in the same way (which is
what a cache needs), and a text that holds its own code would have to be a fixed point of HMAC.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from verify.rubric.render import visible

_KEY = b"clawgym judge quotation v1"
_CODE_DIGITS = 24

LINE = "| "
CONTINUED = "|+"
"""The first characters of a quoted line, and of one that goes on in the middle of a long line."""


@dataclass(frozen=True)
class Quotation:
    """Quoted material with its marker lines, ready to stand in a prompt."""

    begin: str
    end: str
    body: str

    def __str__(self) -> str:
        return f"{self.begin}\n{self.body}\n{self.end}"


def quote_name(name: str) -> str:
    """A file name, or another short text of strangers, as one visible JSON string on one line."""
    return json.dumps(visible(name), ensure_ascii=False)


def quote_lines(text: str) -> list[str]:
    """Each line of a visible text, quoted."""
    return [LINE + line for line in text.split("\n")]


def quote(lines: Sequence[str], what: str) -> Quotation:
    """Put quoted lines between markers. `what` says in capitals what it is, such as `TASK`."""
    body = "\n".join(lines)
    code = _code(body, what)
    return Quotation(f"<<<BEGIN {what} {code}>>>", f"<<<END {what} {code}>>>", body)


def _code(body: str, what: str) -> str:
    attempt = 0
    while True:
        content = f"{what}\0{attempt}\0{body}".encode(errors="surrogatepass")
        code = hmac.new(_KEY, content, hashlib.sha256).hexdigest()[:_CODE_DIGITS]
        if code not in body:
            return code
        attempt += 1
