"""How good an annotator is: precision and recall against skills that people have labelled."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.errors import UsageError
from clawgym.files import Files
from clawgym.invalid import explain
from clawgym_skills._folder import SkillFolder
from clawgym_skills.annotate.record import Additions, Annotation, Facts, Language
from clawgym_skills.diagnostic import Findings
from clawgym_skills.reading import interpret
from clawgym_skills.skill import Skill

FLAGS = ("auth", "media", "risk", "network")


class GoldSkill(BaseModel):
    """One labelled skill: the text of its `SKILL.md`, other files, and what is true of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str
    language: Language
    auth: bool
    media: bool
    risk: bool
    network: bool
    category: str
    operations: tuple[str, ...]
    files: Mapping[str, str] = {}

    @property
    def skill(self) -> Skill:
        """The skill, read as from a folder of its name."""
        files = Files({"SKILL.md": self.text, **self.files})
        folder = Path("/gold") / self.id
        return interpret(SkillFolder(folder, "SKILL.md", files, Findings(str(folder))))


class _GoldFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skill: tuple[GoldSkill, ...]


def load_gold(path: Path) -> tuple[GoldSkill, ...]:
    """Read a gold set.

    Raises:
        UsageError: the file cannot be read or is no gold set.
    """
    try:
        return _GoldFile.model_validate(tomllib.loads(path.read_text("utf-8"))).skill
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read the gold set {path}: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path} is no gold set: {explain(error, 'file')}") from error


@dataclass(frozen=True)
class Quality:
    """On one field: counts of right and wrong decisions, with the skills that went wrong."""

    field: str
    right: int
    false_positives: tuple[str, ...] = ()
    false_negatives: tuple[str, ...] = ()

    @property
    def precision(self) -> float:
        """Of what was said, the share that is true; 1 where nothing was said."""
        return _share(self.right, len(self.false_positives))

    @property
    def recall(self) -> float:
        """Of what is true, the share that was said; 1 where nothing is true."""
        return _share(self.right, len(self.false_negatives))


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0


def measure(gold: Sequence[GoldSkill], records: Iterable[Annotation]) -> list[Quality]:
    """Compare records with labels, in the same order; a failed record counts as saying nothing.

    For flags the positive class is true; for single values each wrong one is a false positive and
    a false negative; for operations every one counts by itself.
    """
    pairs = list(zip(gold, records, strict=True))
    said = [_said(record) for _, record in pairs]
    return [
        *(_flag(name, pairs, said) for name in FLAGS),
        *(_sets(name, pairs, said) for name in ("language", "category", "operations")),
    ]


_Said = Mapping[str, frozenset[str]]


def _said(record: Annotation) -> _Said:
    facts, additions = record.annotation, record.clawgym
    if facts is None or additions is None:
        return dict.fromkeys((*FLAGS, "language", "category", "operations"), frozenset[str]())
    return _statements(facts, additions)


def _statements(facts: Facts, additions: Additions) -> _Said:
    flags = {
        "auth": facts.auth_required,
        "media": not facts.text_only_compatible,
        "risk": facts.has_risk,
        "network": additions.needs_network,
    }
    return {
        **{name: frozenset(["true"] if holds else []) for name, holds in flags.items()},
        "language": frozenset([str(facts.language)]),
        "category": frozenset([additions.category]),
        "operations": frozenset(additions.operations),
    }


def _true_of(gold: GoldSkill, name: str) -> frozenset[str]:
    if name == "operations":
        return frozenset(gold.operations)
    if name in FLAGS:
        return frozenset(["true"] if getattr(gold, name) else [])
    return frozenset([str(getattr(gold, name))])


def _flag(
    name: str, pairs: Sequence[tuple[GoldSkill, Annotation]], said: Sequence[_Said]
) -> Quality:
    quality = _sets(name, pairs, said)
    return Quality(
        name,
        quality.right,
        tuple(text.split(":")[0] for text in quality.false_positives),
        tuple(text.split(":")[0] for text in quality.false_negatives),
    )


def _sets(
    name: str, pairs: Sequence[tuple[GoldSkill, Annotation]], said: Sequence[_Said]
) -> Quality:
    right = 0
    extra: list[str] = []
    missing: list[str] = []
    for (gold, _), statements in zip(pairs, said, strict=True):
        true, found = _true_of(gold, name), statements[name]
        right += len(true & found)
        extra += [f"{gold.id}: {value}" for value in sorted(found - true)]
        missing += [f"{gold.id}: {value}" for value in sorted(true - found)]
    return Quality(name, right, tuple(extra), tuple(missing))
