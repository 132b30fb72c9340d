"""Semantic versions, as node's `semver` reads and orders them: https://semver.org/."""

import re
from dataclasses import dataclass
from functools import total_ordering

_NUMBER = r"(?:0|[1-9]\d*)"
_LABEL = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"(?P<core>{_NUMBER}\.{_NUMBER}\.{_NUMBER})(?:-(?P<pre>{_LABEL}(?:\.{_LABEL})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_MAX_LENGTH = 256
_MAX_NUMBER = 2**53 - 1


@total_ordering
@dataclass(frozen=True)
class Version:
    """A version without its build label, which does not count: `1.2.3-beta.1`."""

    core: tuple[int, int, int]
    prerelease: tuple[str, ...] = ()

    def __str__(self) -> str:
        core = ".".join(map(str, self.core))
        return f"{core}-{'.'.join(self.prerelease)}" if self.prerelease else core

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[object, ...]:
        labels = tuple(
            (0, int(label), "") if label.isdigit() else (1, 0, label) for label in self.prerelease
        )
        return self.core, not self.prerelease, labels

    def next_patch(self) -> "Version":
        """The next release: `1.2.3-beta` becomes `1.2.3`, `1.2.3` becomes `1.2.4`."""
        major, minor, patch = self.core
        return Version((major, minor, patch if self.prerelease else patch + 1))


def parse_version(text: str) -> Version | None:
    """The version that `text` is, or None; a leading `v` or `=` and outer blanks are allowed."""
    text = re.sub(r"^[=v]+\s*", "", text.strip())
    found = _VERSION.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if found is None:
        return None
    major, minor, patch = map(int, found["core"].split("."))
    if max(major, minor, patch) > _MAX_NUMBER:
        return None
    return Version(
        (major, minor, patch), tuple((found["pre"] or "").split(".")) if found["pre"] else ()
    )
