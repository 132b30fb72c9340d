"""The few places where JavaScript's idea of text and numbers decides what OpenClaw reads."""

import json
import math
from typing import TypeAlias

from pydantic import JsonValue

JsValue: TypeAlias = JsonValue
"""A value as `JSON.parse` returns it; unlike JSON proper it may hold NaN and infinities."""

SPACES = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `String.prototype.trim` takes away, and `\\s` matches."""


def trim(text: str) -> str:
    """The text without blanks at its ends."""
    return text.strip(SPACES)


def number_text(value: float) -> str:
    """A number as `String(value)` writes it."""
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    mantissa, _, exponent = repr(number).partition("e")
    if not exponent:
        return mantissa
    power = int(exponent)
    if -7 < power < 0:
        return f"{number:.{max(0, len(mantissa.replace('.', '').lstrip('-')) - 1 - power)}f}"
    return f"{mantissa.removesuffix('.0')}e{power:+d}"


def text_of(value: JsValue) -> str:
    """A value as `String(value)` writes it; arrays and objects as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return "null" if value is None else to_json(value)


def to_json(value: JsValue) -> str:
    """A value as `JSON.stringify` writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return number_text(value) if math.isfinite(value) else "null"
    if isinstance(value, dict):
        pairs = (f"{to_json(key)}:{to_json(value[key])}" for key in _ordered(value))
        return "{" + ",".join(pairs) + "}"
    return "[" + ",".join(map(to_json, value)) + "]"


def _ordered(entries: dict[str, JsValue]) -> list[str]:
    """The keys as JavaScript lists them: small integers first, in their order."""
    numbers = [key for key in entries if key.isdecimal() and key.isascii() and _is_index(key)]
    numbers.sort(key=int)
    return numbers + [key for key in entries if key not in set(numbers)]


def _is_index(key: str) -> bool:
    return (key == "0" or not key.startswith("0")) and len(key) < 11 and int(key) < 2**32 - 1
