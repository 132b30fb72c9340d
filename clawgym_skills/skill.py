"""The noun of this room: a skill as it was read, its bytes untouched."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import JsonValue

from clawgym.files import Files
from clawgym.operation import Capability
from clawgym_skills._frontmatter import Frontmatter
from clawgym_skills.diagnostic import Diagnostic, Severity
from clawgym_skills.metadata import (
    OpenClawMetadata,
    declared_formats,
    declared_operations,
    metadata_of,
    openclaw_metadata,
)


@dataclass(frozen=True)
class Skill:
    """A directory with a `SKILL.md`.

    `name` and `description` are single lines, derived where the author gave none (then a
    diagnostic says so). `frontmatter` is as written, `body` is the Markdown without it. `files`
    holds every file, `SKILL.md` included, byte for byte; `file_name` is how `SKILL.md` is spelled
    in it. `path` is the source directory; the files are not read from there again.
    """

    name: str
    description: str
    body: str
    frontmatter: Frontmatter = field(hash=False)
    files: Files
    path: Path
    file_name: str = "SKILL.md"
    owner: str | None = None
    qualifier: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def id(self) -> str:
        """How a catalogue addresses it: the name, or `qualifier/name` where that was taken."""
        return f"{self.qualifier}/{self.name}" if self.qualifier else self.name

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over paths, modes and bytes of all files, in hexadecimal."""
        return self.files.digest

    @cached_property
    def capabilities(self) -> tuple[Capability, ...]:
        """What the skill declares under `clawgym-operations`, in the order written."""
        return declared_operations(metadata_of(self.frontmatter) or {}).capabilities

    @cached_property
    def formats(self) -> tuple[str, ...]:
        """What the names of files end in that it is for, by `clawgym-formats`; () for all."""
        return declared_formats(metadata_of(self.frontmatter) or {})

    @cached_property
    def openclaw(self) -> OpenClawMetadata:
        """OpenClaw's emoji and requirements; empty where the author gave none."""
        return openclaw_metadata(metadata_of(self.frontmatter) or {})

    @property
    def emoji(self) -> str:
        """One emoji, or ''."""
        return self.openclaw.emoji or ""

    @property
    def user_invocable(self) -> bool:
        """Whether a user may call it by name; true unless the author says otherwise."""
        return _flag(self.frontmatter, "user-invocable", default=True)

    @property
    def model_invocable(self) -> bool:
        """Whether a model may choose it; true unless `disable-model-invocation` is set."""
        return not _flag(self.frontmatter, "disable-model-invocation", default=False)

    @property
    def repaired(self) -> bool:
        """Whether the reader had to repair something."""
        return any(found.severity is Severity.REPAIRED for found in self.diagnostics)


def _flag(frontmatter: Frontmatter, key: str, *, default: bool) -> bool:
    value: JsonValue = frontmatter.get(key, frontmatter.get(key.replace("-", "_")))
    if isinstance(value, str):
        value = {"true": True, "yes": True, "false": False, "no": False}.get(value.lower())
    return value if isinstance(value, bool) else default
