"""Untrusted text on its way into a page: made visible, bounded, and said so."""

from dataclasses import dataclass

_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
_REORDERING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNPRINTABLE = (*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_VISIBLE = str.maketrans(
    _CONTROLS
    | {0x7F: "\u2421"}
    | {code: f"\u27e8U+{code:04X}\u27e9" for code in _REORDERING}
    | dict.fromkeys(_UNPRINTABLE, "\ufffd")
)

HEAD_LINES = 12
HEAD_CHARACTERS = 900


def visible(text: str) -> str:
    r"""Show control characters as symbols, so that no text can hide, reorder or break its page.

    Tabs and line feeds stay, and `\r\n` becomes `\n`. What is left is valid in HTML, XML and UTF-8.
    """
    return text.replace("\r\n", "\n").translate(_VISIBLE)


@dataclass(frozen=True)
class Excerpt:
    """The start of a text, what can be unfolded below it, and what was left out altogether."""

    head: str
    rest: str = ""
    omitted: int = 0

    @property
    def rest_lines(self) -> int:
        """How many lines unfold."""
        return self.rest.count("\n") + 1 if self.rest else 0


def excerpt(
    text: str,
    limit: int,
    *,
    head_lines: int = HEAD_LINES,
    head_characters: int = HEAD_CHARACTERS,
) -> Excerpt:
    """Split the first `limit` characters into a head and a rest; `omitted` counts the others.

    The head ends at a line break where there is one, so that no line is torn.
    """
    kept = text[:limit]
    cut = min(_end_of_lines(kept, head_lines), head_characters)
    if cut < len(kept):
        break_at = kept.rfind("\n", 0, cut + 1)
        cut = break_at if break_at > 0 else cut
    rest = kept[cut:].removeprefix("\n")
    return Excerpt(kept[:cut], rest, len(text) - len(kept))


def clip(text: str, limit: int) -> str:
    """At most the first `limit` characters, and how many more there were."""
    left_out = len(text) - limit
    return f"{text[:limit]}… [{left_out:,} more characters]" if left_out > 0 else text


def _end_of_lines(text: str, count: int) -> int:
    position = -1
    for _ in range(count):
        position = text.find("\n", position + 1)
        if position < 0:
            return len(text)
    return position
