"""Keeping secrets out of everything that a model, a transcript or a reader of events sees."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Self

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PRIVATE_?KEY)(?:_|$)",
    re.IGNORECASE,
)
_SHORTEST = 8
"""Characters; shorter values would be found in innocent text."""

_SHAPES = (
    re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\b(?:ghp|gho|ghs|ghu|github_pat)_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    re.compile(
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----|\Z)",
        re.DOTALL,
    ),
)
"""What keys of well-known services look like, wherever they come from."""


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
