"""Numbers as people write them: thousands separators, currencies, percent, `k` and `m`, units."""

import re

SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "billion": 1e9,
}
PERCENT = ("%", "percent", "per cent", "pct")
# Blanks are no thousands separators here: `in 12 345 items` is two numbers to a reader too.
TOKEN = re.compile(
    r"(?<![\w.,])(?P<sign>[-+\u2212]?)(?P<before>[$\u20ac\u00a3\u00a5]|[A-Z]{3}(?=[ \d]))?[ \u00a0]?"
    r"(?P<minus>[-\u2212]?)"
    r"(?P<number>\d{1,3}(?:[,'\u2019\u00a0\u202f\u2009]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<power>[eE][+-]?\d{1,3})?"
    r"(?![\d]|[.,]\d)"
)
WORD = re.compile(
    r"[\s-]?(per cent\b|%|[^\W\d_]{1,20}(?:/[^\W\d_]{1,10})?|[$\u20ac\u00a3\u00a5\u00b0])"
)
AFTER_SCALE = re.compile(r"[\w-]")
HEDGE = re.compile(r"\s*(?:-|\u2013|\u2014|/|to|or|through)\s*(?:maybe\s+)?", re.IGNORECASE)


class Quantity:
    """A number in a text: where it stands, what it is worth, the words around it.

    `plain` says that it has no sign of being an amount: digits alone, as in a year.
    """

    def __init__(self, start, end, value, units, plain):
        self.start, self.end, self.value = start, end, value
        self.units, self.plain = units, plain


def quantities(text, units=(), decimal="."):
    """Every number of a text, in order."""
    if decimal == ",":
        text = text.translate({ord(","): ".", ord("."): ","})
    known = {unit.casefold() for unit in units}
    return [
        quantity
        for quantity in (quantity_at(text, match, known) for match in TOKEN.finditer(text))
        if quantity
    ]


def quantity_at(text, match, known):
    if len(match["number"]) > 40 or stuck_to_a_word(text, match):
        return None
    digits = re.sub(r"[,'\u2019\u00a0\u202f\u2009]", "", match["number"])
    value = float(digits + (match["power"] or ""))
    carried, end, scale = words_after(text, match.end(), known)
    if carried is None:
        return None
    if match["before"]:
        carried.append(match["before"].casefold())
    if {match["sign"], match["minus"]} & {"-", "\u2212"}:
        value = -value
    amount = any(word in known or word in PERCENT or is_symbol(word) for word in carried)
    plain = match["number"].isdigit() and not amount and scale == 1
    return Quantity(match.start(), end, value * scale, set(carried), plain)


def stuck_to_a_word(text, match):
    """`INV-0042`, `Q3-7`: a part of a name, not a number."""
    before = text[max(0, match.start() - 2) : match.start()]
    if match["sign"] in ("-", "+"):
        return before[-1:].isalnum()
    return before[-1:] == "-" and before[:1].isalpha()


def hedged(text, quantities):
    """The quantities that are one end of a range or a choice: `5-7`, `5 or 7`."""
    ends = set()
    for left, right in zip(quantities, quantities[1:]):  # noqa: RUF007 - new in 3.10
        if HEDGE.fullmatch(text, left.end, right.start) and left.value != right.value:
            ends |= {left, right}
    return ends


def words_after(text, end, known):
    """The unit behind a number, where it ends, and its scale; no unit list for `3rd` or `7b2`."""
    scale, carried = 1, []
    word = WORD.match(text, end)
    said = word[1].casefold() if word else ""
    if said in SCALES and said not in known and not AFTER_SCALE.match(text, word.end()):
        scale, end = SCALES[said], word.end()
        word = WORD.match(text, end)
    if word:
        said = word[1].casefold()
        glued = text[end : end + 1] not in (" ", "\n", "\t", "-", "\u00a0")
        carried.append(said)
        if glued and said not in known and said not in PERCENT and not is_symbol(said):
            return None, end, scale
        end = word.end() if said in known or said in PERCENT or is_symbol(said) else end
    return carried, end, scale


def is_symbol(word):
    return len(word) == 1 and not word.isalnum()


def carries(quantity, units):
    """Whether a number has the unit that is asked for; without one, whether it is no percentage."""
    wanted = {unit.casefold() for unit in units}
    if wanted & set(PERCENT):
        wanted |= set(PERCENT)
    if wanted:
        return bool(wanted & quantity.units)
    return not quantity.units & set(PERCENT)


def is_year(quantity):
    return quantity.plain and 1900 <= quantity.value <= 2100


def as_quantity(value, units=()):
    """The one number that a cell holds, in whatever notation; None if it holds none or several."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str) or len(value) > 100:
        return None
    found = quantities(value.strip(), units)
    return found[0].value if len(found) == 1 else None
