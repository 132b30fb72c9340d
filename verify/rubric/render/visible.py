"""Text with nothing hidden: what a person would not see is spelled out."""

import re
import unicodedata

_OPEN = "\u27e6"
_CLOSE = "\u27e7"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_SUSPECTS = re.compile(r"[^\n\t\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]+")


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
