"""Cells: when two of them say the same."""

import json
import math
import re

TOLERANCE = 0.0051
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
GROUPED = re.compile(
    r"[+-]?\d{1,3}(?P<mark>[,' \u00a0\u2009\u202f])\d{3}(?:(?P=mark)\d{3})*(?:\.\d*)?"
)


def as_number(value):
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if len(value) > 40 or not NUMBER.fullmatch(value):
            return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def ungrouped(text):
    """A figure of a page without the marks between its thousands; `12,50` is left as it is."""
    found = GROUPED.fullmatch(text.strip())
    return text.strip().replace(found["mark"], "") if found else text


def canonical(value):
    """A cell as text, and a plain number in the shortest way: `8` for `8.0`, but `08` is a text."""
    text = as_text(value)
    if len(text) > 40 or not DECIMAL.fullmatch(text):
        return text
    return repr(float(text)).removesuffix(".0")


def as_text(value):
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)


def same(expected, found, numeric):
    if not numeric:
        return as_text(expected) == as_text(found)
    left, right = as_number(expected), as_number(found)
    if left is None or right is None:
        return as_text(expected) == as_text(found) == ""
    return abs(left - right) <= TOLERANCE


def close(expected, found, absolute, relative):
    """Whether two finite numbers are the same within either tolerance (relative to `expected`)."""
    allowed = max(absolute, relative * abs(expected))
    return abs(expected - found) <= allowed + 1e-12 * max(abs(expected), abs(found))
