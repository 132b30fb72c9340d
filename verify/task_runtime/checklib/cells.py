"""Cells: when two of them say the same."""

import json
import math
import re

TOLERANCE = 0.0051
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


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
