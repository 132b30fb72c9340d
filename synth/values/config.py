"""Settings: an INI file as its lines, and as sections of keys."""

from dataclasses import dataclass
from typing import TypedDict

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from verify.checks import Check, ConfigCheck


class _Content(TypedDict):
    path: str
    values: dict[str, dict[str, str]]
    kept: dict[str, dict[str, str]]
    comments: tuple[str, ...]


class Change(BaseModel):
    """A change that somebody may want: every value of `key` times `factor`, and `why`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    factor: float
    why: str


@dataclass(frozen=True)
class Config(Value):
    """An INI file: `text` is what was there at the beginning, `sections` what holds now.

    `changes` are what may be wanted of it; `grouped_by` is the column that the keys of its section
    `baseline` are values of, empty where it has no such section.
    """

    text: str
    sections: dict[str, dict[str, str]]
    changes: tuple[Change, ...] = ()
    grouped_by: str = ""

    @property
    def comments(self) -> tuple[str, ...]:
        """The comment lines, stripped."""
        lines = (line.strip() for line in self.text.splitlines())
        return tuple(line for line in lines if line.startswith(("#", ";")))

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The lines with the values that hold now."""
        return {path: _edited(self.text, self.sections).encode()}

    def checks(self, step: Step) -> list[Check]:
        """The rest unchanged as a gate, then the new values."""
        before = step.inputs[0]
        assert isinstance(before, Config)
        changed: dict[str, dict[str, str]] = {}
        kept: dict[str, dict[str, str]] = {}
        for section, entries in self.sections.items():
            for key, text in entries.items():
                same = before.sections.get(section, {}).get(key) == text
                (kept if same else changed).setdefault(section, {})[key] = text
        said = "; ".join(f"{s}.{k} = {v}" for s, part in changed.items() for k, v in part.items())
        gate = step.gate(
            "kept",
            f"all other settings and comments of {step.path} are as before",
            "other keys and comments",
        )
        core = step.core("values", 1.0, f"{step.path} has the new values of the settings", said)
        content = _Content(path=step.path, values=changed, kept=kept, comments=before.comments)
        return [
            ConfigCheck(**gate, **content, type="config_kept"),
            ConfigCheck(**core, **content, type="config_values"),
        ]


def _edited(text: str, sections: dict[str, dict[str, str]]) -> str:
    """Values replaced in place; keys that a section lacks are added at its end."""
    section, lines = "", list[str]()
    missing = {name: dict(values) for name, values in sections.items()}
    for line in [*text.splitlines(), "["]:
        if line.startswith("["):
            lines += [f"{key} = {value}" for key, value in missing.get(section, {}).items()]
            section = line.strip()[1:-1]
        key, equals, _ = line.partition("=")
        known = missing.get(section, {})
        edit = bool(equals) and key.strip() in known
        lines.append(f"{key.strip()} = {known.pop(key.strip())}" if edit else line)
    return "\n".join(lines[:-1]) + "\n"
