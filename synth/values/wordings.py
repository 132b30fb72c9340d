"""How people write a figure or a name in a sentence."""

import re

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

_OF_ANOTHER = re.compile(r"-?\d{1,3}[.,]\d{3}")
"""With a decimal comma, such as `1.234` for 1234: to most readers, that is another figure."""


def wordings(value: Cell) -> tuple[str, ...]:
    """The ways to write a value, the plainest first.

    A figure may have its thousands set apart, a decimal comma, or zeros at its end; a small one may
    be a word. A name may have blanks where a file has hyphens or underscores.
    """
    if isinstance(value, str):
        return tuple(dict.fromkeys((value, value.replace("_", " "), value.replace("-", " "))))
    forms = {plain(value): None, f"{value:.2f}": None}
    if value == int(value):
        forms = {f"{value:.0f}": None, f"{value:.1f}": None} | forms
    else:
        forms[f"{value:.10g}"] = None
    for form in list(forms):
        forms |= dict.fromkeys(_marked(form))
    return (*forms, *_WORDS.get(value, ()))


def to_the_cent(amount: float) -> tuple[str, ...]:
    """The ways to write an amount with two decimals, the plainest first."""
    digits = f"{amount:.2f}".replace(".", "")
    forms = wordings(amount)
    exact = [form for form in forms if "".join(filter(str.isdigit, form)) == digits]
    return (f"{amount:.2f}", *(form for form in exact if form != f"{amount:.2f}"))


def _marked(form: str) -> list[str]:
    """A figure of digits and a point, with other marks."""
    whole, point, rest = form.partition(".")
    if not whole.lstrip("-").isdigit():
        return []
    grouped = f"{int(whole):,}"
    forms = [
        (grouped.replace(",", thousands) + (decimals + rest if point else ""), decimals)
        for thousands, decimals in _MARKS
    ]
    return [
        form for form, decimals in forms if not (decimals == "," and _OF_ANOTHER.fullmatch(form))
    ]
