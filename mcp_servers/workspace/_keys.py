"""What a terminal sends when a key is pressed."""

import re
from collections.abc import Sequence

_NAMED = {
    "enter": "\r",
    "return": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "esc": "\x1b",
    "space": " ",
    "backspace": "\x7f",
    "bspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[1~",
    "end": "\x1b[4~",
    "insert": "\x1b[2~",
    "delete": "\x1b[3~",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "btab": "\x1b[Z",
    **{f"f{n}": f"\x1bO{letter}" for n, letter in enumerate("PQRS", 1)},
    **{
        f"f{n}": f"\x1b[{code}~"
        for n, code in zip(range(5, 13), (15, 17, 18, 19, 20, 21, 23, 24), strict=True)
    },
}
_MODIFIED = re.compile(r"([CM])-(.+)", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"[@A-Z\[\\\]^_?]")


class NoSuchKeyError(ValueError):
    """There is no such key, or no such byte."""


def encode_keys(keys: Sequence[str], hexadecimal: Sequence[str], literal: str) -> str:
    """The characters that these keys send, then the literal text, then the bytes.

    Raises:
        NoSuchKeyError: a name or a number is none.
    """
    typed = "".join(map(_key, keys)) + literal
    for number in hexadecimal:
        if not re.fullmatch(r"(0x)?[0-7]?[0-9a-f]", number, re.IGNORECASE):
            raise NoSuchKeyError(f"{number!r} is not a byte below 80 in hexadecimal")
        typed += chr(int(number, 16))
    return typed


def _key(name: str) -> str:
    if name.lower() in _NAMED:
        return _NAMED[name.lower()]
    if found := _MODIFIED.fullmatch(name):
        return _modified(found[1].upper(), found[2])
    if len(name) == 1:
        return name
    raise NoSuchKeyError(f"there is no key {name!r}; type text with literal")


def _modified(modifier: str, key: str) -> str:
    if modifier == "M":
        return f"\x1b{_key(key)}"
    if not _CONTROL.fullmatch(key.upper()):
        raise NoSuchKeyError(f"there is no key C-{key}")
    return "\x7f" if key == "?" else chr(ord(key.upper()) & 0x1F)


def pasted(text: str, *, bracketed: bool) -> str:
    """A text as a terminal sends it when it is pasted; it cannot end the paste itself."""
    if not bracketed:
        return text
    return "\x1b[200~" + text.replace("\x1b[201~", "") + "\x1b[201~"
