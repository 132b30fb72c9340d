"""Keeping secrets out of everything that a model, a transcript or a reader of events sees."""

import os
import re
import string
from collections.abc import Iterable, Mapping
from typing import Self

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PRIVATE_?KEY)(?:_|$)",
    re.IGNORECASE,
)
_SHORTEST = 8
"""Characters; shorter values would be found in innocent text."""

_KEY_CHARACTERS = string.ascii_letters + string.digits + "_-"
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?"
    r"(?:(?P<end>-----END (?:[A-Z]+ )*PRIVATE KEY-----)|\Z)",
    re.DOTALL,
)
_BEGINNING = re.compile(r"-----BEGIN[A-Z ]*-{0,5}\Z")
_SHAPES = (
    _PRIVATE_KEY,  # before all that would eat the dashes of its head
    re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\b(?:ghp|gho|ghs|ghu|github_pat)_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
)
"""What keys of well-known services look like, wherever they come from.

But for private keys, all of a key is in one run of `_KEY_CHARACTERS`.
"""


class Redactor:
    """Replaces secrets by their names: values that are known, and text shaped like keys.

    Args:
        secrets: values by name; those that are too short to be told from innocent text are left.
    """

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        known = {value: name for name, value in (secrets or {}).items() if len(value) >= _SHORTEST}
        self._names = known
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    @classmethod
    def of_environment(cls, *, also: Iterable[str] = ()) -> Self:
        """The secrets in this process's environment, by the names of variables.

        Args:
            also: names of variables that hold a secret whatever they are called.
        """
        named = set(also)
        return cls(
            {
                name: value
                for name, value in os.environ.items()
                if name in named or _SECRET_NAME.search(name)
            }
        )

    def redact(self, text: str) -> str:
        """The text without secrets; the same text where it holds none."""
        if self._known:
            text = self._known.sub(lambda found: f"[secret {self._names[found[0]]}]", text)
        for shape in _SHAPES:
            text = shape.sub("[secret]", text)
        return text

    def settled(self, text: str) -> int:
        """How much of a text's beginning can be redacted by itself, whatever is added to the text.

        What comes after it may belong to a secret that is not whole yet.
        """
        end = len(text)
        while (earlier := self._cut_before(text, end)) < end:
            end = earlier
        return end

    def _cut_before(self, text: str, end: int) -> int:
        """The start of what a cut at `end` would part, or `end`."""
        starts = [len(text[:end].rstrip(_KEY_CHARACTERS))]
        starts += [_known_across(value, text, end) for value in self._names]
        if found := _BEGINNING.search(text):
            starts.append(found.start())
        for found in _PRIVATE_KEY.finditer(text):
            if found["end"] is None or found.end() > end:
                starts.append(found.start())
        return min(*starts, end)


def _known_across(value: str, text: str, end: int) -> int:
    """Where a value, or as much of it as the text has, begins before `end` and ends after it."""
    start = text.find(value[0], max(0, end - len(value) + 1), end)
    while start >= 0:
        if value.startswith(text[start : start + len(value)]):
            return start
        start = text.find(value[0], start + 1, end)
    return end
