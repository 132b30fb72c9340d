"""How people write a figure or a name in a sentence."""

from synth.values.plain import Cell, plain

_WORDS: dict[float, tuple[str, ...]] = {
    2: ("two", "twice"),
    3: ("three",),
    4: ("four",),
    5: ("five",),
    6: ("six",),
    7: ("seven",),
    8: ("eight",),
    9: ("nine",),
    10: ("ten",),
    11: ("eleven",),
    12: ("twelve",),
}
_MARKS = ((",", "."), (" ", "."), ("'", "."), (".", ","), (" ", ","))
"""Thousands are set apart by, and the decimals behind: the first as in 1,234.50."""


def wordings(value: Cell) -> tuple[str, ...]:
    """The ways to write a value, the plainest first.

    A figure may have its thousands set apart, a decimal comma, or zeros at its end; a small one may
    be a word. A name may have blanks where a file has hyphens or underscores.
    """
    if isinstance(value, str):
        return tuple(dict.fromkeys((value, value.replace("_", " "), value.replace("-", " "))))
    forms = {plain(value): None, f"{value:.2f}": None}
    if value == int(value):
        forms = {f"{value:.0f}": None} | forms
    else:
        forms[f"{value:.10g}"] = None
    for form in list(forms):
        forms |= dict.fromkeys(_marked(form))
    return (*forms, *_WORDS.get(value, ()))


def _marked(form: str) -> list[str]:
    """A figure of digits and a point, with other marks."""
    whole, point, rest = form.partition(".")
    if not whole.lstrip("-").isdigit():
        return []
    grouped = f"{int(whole):,}"
    return [
        grouped.replace(",", thousands) + (decimals + rest if point else "")
        for thousands, decimals in _MARKS
    ]
