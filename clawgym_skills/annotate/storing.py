"""Skills to be annotated out of folders or a catalogue, and their records into one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym_skills.annotate.entry import Entry
from clawgym_skills.annotate.record import Additions, Annotation, SkillIds
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.diagnostic import SkillRefusedError
from clawgym_skills.discovery import discover_skills
from clawgym_skills.reading import read_skill
from clawgym_skills.records import AnnotationRecord, CategoryRecord
from clawgym_skills.skill import Skill


@dataclass(frozen=True)
class Source:
    """Skills with their ids, and why others could not be read."""

    entries: tuple[Entry, ...]
    refused: tuple[str, ...] = ()


def from_directories(directories: Sequence[Path]) -> Source:
    """Every skill at or below these folders.

    Raises:
        UsageError: a folder does not exist.
    """
    skills: list[Skill] = []
    refused: list[str] = []
    for directory in discover_skills(directories).directories:
        try:
            skills.append(read_skill(directory))
        except SkillRefusedError as error:
            refused.append(str(error))
    return Source(tuple(_entries(skills)), tuple(refused))


def from_catalogue(catalogue: Catalogue) -> Source:
    """Every skill of a catalogue; it does not keep those that were refused."""
    return Source(tuple(_entries(catalogue.iterate())))


def _entries(skills: Iterable[Skill]) -> Iterator[Entry]:
    ids = SkillIds()
    for skill in skills:
        owner = skill.owner or skill.qualifier
        yield Entry(skill, ids.give(skill.path.name, owner), str(skill.path))


def record_all(catalogue: Catalogue, records: Iterable[Annotation]) -> int:
    """Put what succeeded into the catalogue, by digest and annotator; returns how many."""
    count = 0
    for record in records:
        if record.clawgym:
            found = record.clawgym
            stored = AnnotationRecord(found.annotator, found.version, record.dumps())
            catalogue.record_annotation(found.digest, stored, _categories(found))
            count += 1
    return count


def recorded(catalogue: Catalogue, digest: str, annotator: str) -> Annotation | None:
    """What an annotator said about a revision, if a catalogue has it."""
    stored = catalogue.annotation(digest, annotator)
    return Annotation.model_validate_json(stored.record) if stored else None


def _categories(found: Additions) -> list[CategoryRecord]:
    """ClawHub's and ClawGym's category, each with its words and lines."""
    names = dict.fromkeys([*found.hub_categories, found.category])
    return [CategoryRecord(name, _evidence(found, name)) for name in names]


def _evidence(found: Additions, name: str) -> str:
    return ", ".join(
        f"{item.words} ({item.path}:{item.line})"
        for item in found.evidence
        if item.field == "category" and item.signal == name
    )
