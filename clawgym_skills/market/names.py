"""How a registry names skills: `@owner/slug`, optionally with `@version` or `@tag`."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from clawgym.errors import UsageError

MIN_SLUG = 3
MAX_SLUG = 96
_SLUG = re.compile(r"[a-z0-9](?:(?!--)[a-z0-9-])*[a-z0-9]")
_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?", re.ASCII)
_SELECTOR = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]*", re.ASCII)
_MAX_SEGMENT = 200


@dataclass(frozen=True)
class SkillReference:
    """A skill in a registry; `selector` is a version or a tag, None for the latest version."""

    slug: str
    owner: str | None = None
    selector: str | None = None

    @property
    def key(self) -> str:
        """The name in `lock.json`: `@owner/slug`, or the bare slug."""
        return f"@{self.owner}/{self.slug}" if self.owner else self.slug

    def __str__(self) -> str:
        return f"{self.key}@{self.selector}" if self.selector else self.key


def parse_reference(text: str) -> SkillReference:
    """Read `slug`, `@owner/slug` or `owner/slug`, each with an optional `@version` or `@tag`.

    Nothing that could leave a folder gets through, whoever wrote it.

    Raises:
        UsageError: it is none of these.
    """
    stripped = text.strip()
    owner, slash, rest = stripped.rpartition("/")
    slug, at, selector = rest.partition("@")
    owner = owner.removeprefix("@").lower()
    well_formed = (
        (bool(slash) == bool(owner))
        and (not owner or is_segment(owner))
        and is_segment(slug)
        and (not at or bool(_SELECTOR.fullmatch(selector)))
    )
    if not well_formed:
        raise UsageError(
            f"{text!r} names no skill of a registry; write @owner/slug or @owner/slug@version "
            "(a folder or an archive is written with a slash, as ./folder)"
        )
    return SkillReference(slug, owner or None, selector or None)


def is_segment(text: str) -> bool:
    """Whether a handle or slug from anywhere is safe as the name of one folder."""
    return len(text) <= _MAX_SEGMENT and ".." not in text and _SEGMENT.fullmatch(text) is not None


def slug_problem(slug: str) -> str | None:
    """Why a new skill may not have this slug, in ClawHub's words; None if it may."""
    if not slug:
        return "Slug is required."
    if len(slug) < MIN_SLUG:
        return f"Slug must be at least {MIN_SLUG} characters."
    if len(slug) > MAX_SLUG:
        return f"Slug must be at most {MAX_SLUG} characters."
    if not _SLUG.fullmatch(slug):
        return (
            "Slug must start and end with a letter or digit, contain only lowercase letters, "
            "digits, and single hyphens, and not contain consecutive hyphens."
        )
    return _reserved_problem(slug)


def _reserved_problem(slug: str) -> str | None:
    if slug in _words("reserved_slugs.txt"):
        return f'"{slug}" is reserved and cannot be used as a slug.'
    for affix in _words("protected_affixes.txt"):
        if slug.startswith(f"{affix}-") or slug.endswith(f"-{affix}"):
            return (
                f'"{slug}" uses the protected "{affix}" slug namespace. Choose a slug that does '
                f'not start with "{affix}-" or end with "-{affix}".'
            )
    return None


@cache
def _words(name: str) -> tuple[str, ...]:
    return tuple(files("clawgym_skills.market").joinpath(name).read_text("ascii").split())


def slug_of(text: str) -> str:
    """A slug made of any name, as the publishing CLI makes it of a folder's."""
    return re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9-]+", "-", text.strip().lower()).strip("-"))


def title_of(text: str) -> str:
    """A title made of a folder's name: `csv-tools` becomes `Csv Tools`."""
    words = re.sub(r"[-_]+", " ", text.strip())
    return re.sub(r"\b\w", lambda found: found[0].upper(), re.sub(r"\s+", " ", words))
