"""What a server lists as its skills, checked before any of it is believed."""

import hashlib
import re
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from clawgym.errors import ClawGymError
from clawgym.invalid import explain
from clawgym.paths import check_relative

MAX_FILES = 512
MAX_BYTES = 16 * 1024 * 1024
SKILL_FILE = "SKILL.md"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOCAL = {"file", "data", "javascript", "blob"}
"""Schemes that a host could be led to open itself. A server's own name for a skill is none."""


class SkillRefusedError(ClawGymError):
    """A skill of a server, or a file of one, may not be used; the message says why."""


class ListedFile(BaseModel):
    """A file of a skill: `size` in bytes, `digest` as `sha256:` and 64 hexadecimal digits."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    uri: str
    digest: str
    size: int = Field(ge=0)


class Entry(BaseModel):
    """A skill as a server lists it. `resources` names all its files, unless they are made anew."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    uri: str
    frontmatter: dict[str, JsonValue]
    resources: tuple[ListedFile, ...] | Literal["dynamic"]

    @property
    def name(self) -> str:
        """What the skill calls itself: no identity, as another server's skill may do so too."""
        return str(self.frontmatter.get("name", ""))

    @property
    def description(self) -> str:
        """What the skill says of itself."""
        return str(self.frontmatter.get("description", ""))

    @property
    def root(self) -> str:
        """The URI of its directory, with a final slash."""
        return self.uri.removesuffix(SKILL_FILE)

    @property
    def files(self) -> dict[str, ListedFile]:
        """The listed files by URI."""
        listed = self.resources if isinstance(self.resources, tuple) else ()
        return {file.uri: file for file in listed}

    @property
    def fingerprint(self) -> str:
        """A SHA-256 over the set of its files and their digests: what an approval is bound to."""
        lines = sorted(f"{file.uri}\0{file.digest}\n" for file in self.files.values())
        return hashlib.sha256("".join([f"{self.uri}\n", *lines]).encode()).hexdigest()

    def path_of(self, uri: str) -> str:
        """A listed file's path below the skill's directory."""
        return unquote(uri.removeprefix(self.root))


def checked_entry(data: JsonValue) -> Entry:
    """An entry of `skills/list` that a host may hold.

    Raises:
        SkillRefusedError: it breaks a rule of SEP-2640; the message names it.
    """
    try:
        entry = Entry.model_validate(data)
    except ValidationError as error:
        raise SkillRefusedError(
            f"a listed skill is malformed: {explain(error, 'entry')}"
        ) from error
    if problem := _problem(entry):
        raise SkillRefusedError(f"the listed skill {entry.uri} is refused: {problem}")
    return entry


def _problem(entry: Entry) -> str:
    scheme = urlsplit(entry.uri).scheme.lower()
    if not scheme or scheme in _LOCAL:
        return f"its scheme {scheme or '(none)'!r} is not a server's to use"
    if not entry.uri.endswith(f"/{SKILL_FILE}"):
        return f"its URI does not end in /{SKILL_FILE}"
    if unquote(entry.root.rstrip("/").rpartition("/")[2]) != entry.name:
        return f"its directory is not called {entry.name!r}, as the skill is"
    if not isinstance(entry.resources, tuple):
        return "its files are made anew on each read, so that nothing can be verified or approved"
    return _files_problem(entry, entry.resources)


def _files_problem(entry: Entry, files: tuple[ListedFile, ...]) -> str:
    if entry.uri not in entry.files:
        return "its own SKILL.md is not among its files"
    if len(entry.files) < len(files):
        return "a file is listed twice"
    if len(files) > MAX_FILES or sum(file.size for file in files) > MAX_BYTES:
        return f"it has more than {MAX_FILES} files or {MAX_BYTES} bytes"
    for file in files:
        if not _DIGEST.fullmatch(file.digest):
            return f"the digest of {file.uri} is not SHA-256"
        if not file.uri.startswith(entry.root) or not _is_plain(entry.path_of(file.uri)):
            return f"the file {file.uri} lies outside its directory"
    return ""


def _is_plain(path: str) -> bool:
    try:
        check_relative(path)
    except ValueError:
        return False
    return True
