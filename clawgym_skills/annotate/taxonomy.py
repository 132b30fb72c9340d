"""Categories and operations by the words of a skill, each with the lines that speak for it."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym_skills.annotate.record import Evidence
from clawgym_skills.annotate.text import LineKind, SkillText

CATEGORIES = (
    "Data & APIs",
    "Dev Tools",
    "Workflows",
    "Automation",
    "Security",
    "Prompts",
    "MCP Tools",
    "Others",
)
"""ClawGym's eight (arXiv:2604.26904)."""

_WORD = re.compile(r"[a-z][a-z0-9]*(?:[-+#][a-z0-9]+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;,]\s)[\s>*_`|+-]*(?:\d+[.)]\s*)?[*_`]*([A-Za-z][\w-]+)")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WEIGHTED = re.compile(r"(?P<word>[^()*]+)(?P<star>\*)?(?:\((?P<weight>\d+)\))?")

_NAME, _DESCRIPTION, _TAGS, _HEADING, _BODY = 4.0, 3.0, 2.0, 1.0, 0.25
_LEAD = 1.3
"""A word that begins an instruction says what is done."""

_BODY_CAP = 4
"""How often a word of the body counts: a long text must not win by repetition."""

_LEAST_CATEGORY = 2.0
_SHARE_OF_BEST = 0.5
_MOST_CATEGORIES = 3
_DIRECT_LEAST = 12.0
_LEAST_OPERATION = 1.5
_SHARE_OF_BEST_OPERATION = 0.2
_MOST_OPERATIONS = 6
_MOST_EVIDENCE = 3
_CHINESE_WEIGHT = 2.0


class _Hub(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    clawgym: str
    words: tuple[str, ...]


class _Direct(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clawgym: str
    words: tuple[str, ...]


class CategoryFile(BaseModel):
    """The file `categories.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    hub: tuple[_Hub, ...]
    direct: tuple[_Direct, ...]
    chinese: Mapping[str, tuple[str, ...]]


class OperationWords(BaseModel):
    """The file `operation_words.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Mapping[str, tuple[str, ...]]
    chinese: Mapping[str, tuple[str, ...]]


def _text(name: str) -> str:
    return files("clawgym_skills.annotate").joinpath(name).read_text("utf-8")


@cache
def category_file() -> CategoryFile:
    """The categories with their words."""
    return CategoryFile.model_validate(tomllib.loads(_text("categories.toml")))


@cache
def operation_words() -> OperationWords:
    """The operations with their words."""
    return OperationWords.model_validate(tomllib.loads(_text("operation_words.toml")))


def hub_categories() -> tuple[str, ...]:
    """ClawHub's fourteen."""
    return tuple(hub.name for hub in category_file().hub)


@dataclass(frozen=True)
class _Lexicon:
    """Words and beginnings of words, each with the labels it speaks for."""

    words: Mapping[str, tuple[tuple[str, float], ...]]
    stems: Mapping[str, tuple[tuple[str, float], ...]]
    chinese: tuple[tuple[str, str], ...]


def _lexicon(
    entries: Mapping[str, tuple[str, ...]], chinese: Mapping[str, tuple[str, ...]]
) -> _Lexicon:
    words: dict[str, list[tuple[str, float]]] = defaultdict(list)
    stems: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for label, forms in entries.items():
        for form in forms:
            found = _WEIGHTED.fullmatch(form)
            if found is None:
                raise ValueError(f"{form!r} of {label!r} is no word")
            target = stems if found["star"] else words
            target[found["word"]].append((label, float(found["weight"] or 1)))
    pairs = tuple((form, label) for label, forms in chinese.items() for form in forms)
    return _Lexicon(
        {word: tuple(labels) for word, labels in words.items()},
        {stem: tuple(labels) for stem, labels in stems.items()},
        pairs,
    )


_Kind = Literal["category", "operations"]
_Label = tuple[_Kind, str]


@cache
def _lexicons() -> Mapping[_Kind, _Lexicon]:
    held = category_file()
    entries = {hub.name: hub.words for hub in held.hub}
    entries |= {direct.clawgym: direct.words for direct in held.direct}
    return {
        "category": _lexicon(entries, held.chinese),
        "operations": _lexicon(operation_words().words, operation_words().chinese),
    }


@cache
def _pairs() -> frozenset[str]:
    """The words with a hyphen in the lists."""
    return frozenset(
        word for lexicon in _lexicons().values() for word in lexicon.words if "-" in word
    )


@lru_cache(maxsize=200_000)
def _spoken_for(word: str) -> tuple[tuple[_Label, float], ...]:
    """The labels of both kinds that a word speaks for, with its weight."""
    found: list[tuple[_Label, float]] = []
    for kind, lexicon in _lexicons().items():
        entries = list(lexicon.words.get(word, ()))
        for length in range(3, len(word) + 1):
            entries += lexicon.stems.get(word[:length], ())
        for name, weight in entries:
            label: _Label = (kind, name)
            found.append((label, weight))
    return tuple(found)


@dataclass
class _Scores:
    """What each label got, and the first words that gave it."""

    path: str
    totals: dict[_Label, float] = field(default_factory=lambda: defaultdict[_Label, float](float))
    places: dict[_Label, dict[str, tuple[int, float]]] = field(
        default_factory=lambda: defaultdict[_Label, dict[str, tuple[int, float]]](dict)
    )

    def add(self, label: _Label, weight: float, place: "Place", word: str) -> None:
        """Count a word for a label."""
        self.totals[label] += weight
        kept = self.places[label]
        if len(kept) < _MOST_EVIDENCE:
            kept.setdefault(word, (place.line, weight))

    def of(self, kind: _Kind) -> dict[str, float]:
        """The totals of one kind."""
        return {name: total for (of, name), total in self.totals.items() if of == kind}

    def evidence(self, kind: _Kind, name: str) -> list[Evidence]:
        """The words that gave a label most of what it has."""
        return [
            Evidence.model_construct(
                field=kind,
                signal=name,
                path=self.path,
                line=line,
                words=word,
                weight=round(weight, 3),
            )
            for word, (line, weight) in self.places.get((kind, name), {}).items()
        ]


@dataclass(frozen=True)
class Place:
    """A text in a skill, where it stands, and what a word in it counts for."""

    text: str
    line: int
    weight: float
    repeats: bool = False
    only: _Kind | None = None


@dataclass(frozen=True)
class Classification:
    """What a skill is about and what it does, each with its evidence."""

    category: str
    hub: tuple[str, ...]
    operations: tuple[str, ...]
    category_confidence: float
    operation_confidence: float
    evidence: tuple[Evidence, ...]


def classify(text: SkillText) -> Classification:
    """Choose categories and operations."""
    places = list(_places(text))
    scores = _score(places, text.document.path)
    by_category, by_operation = scores.of("category"), scores.of("operations")
    hub = _hub(by_category)
    category, certainty = _clawgym(by_category, hub)
    declared = [capability.operation for capability in text.skill.capabilities]
    operations = _operations(by_operation, declared)
    categories = dict.fromkeys([*hub, category])
    evidence = [e for name in categories for e in scores.evidence("category", name)]
    evidence += [e for name in operations for e in scores.evidence("operations", name)]
    best = max(by_operation.values(), default=0.0)
    sure = 0.95 if declared else min(0.9, 0.3 + 0.05 * best)
    return Classification(category, hub, operations, certainty, sure, tuple(evidence))


def _places(text: SkillText) -> Iterator[Place]:
    skill, document = text.skill, text.document
    header = {
        line.partition(":")[0].strip(): number
        for number, line in text.of(LineKind.HEADER)
        if line[:1].strip()
    }
    yield Place(skill.name.replace("_", " ").replace("-", " "), header.get("name", 1), _NAME)
    yield Place(skill.description, header.get("description", 1), _DESCRIPTION)
    for key in ("tags", "keywords", "triggers", "category"):
        if key in skill.frontmatter:
            yield Place(str(skill.frontmatter[key]), header.get(key, 1), _TAGS)
    for number, (kind, line) in enumerate(
        zip(document.kinds, document.lines, strict=True), start=1
    ):
        if kind is LineKind.HEADING:
            yield Place(line, number, _HEADING)
        elif kind in (LineKind.PROSE, LineKind.TABLE) and line:
            yield Place(line, number, _BODY, repeats=True)
            if leads := _leads(line):
                yield Place(leads, number, _LEAD, only="operations")


def _score(places: Iterable[Place], path: str) -> _Scores:
    scores = _Scores(path)
    seen: dict[str, int] = defaultdict(int)
    for place in places:
        lower = place.text.lower()
        words = _WORD.findall(lower) if place.repeats else dict.fromkeys(_forms(lower))
        for word in words:
            labels = _spoken_for(word)
            if labels and place.repeats:
                seen[word] += 1
            if labels and seen[word] <= _BODY_CAP:
                for label, weight in labels:
                    if place.only in (None, label[0]):
                        scores.add(label, weight * place.weight, place, word)
        if not lower.isascii():
            _add_chinese(scores, lower, place)
    return scores


def _leads(line: str) -> str:
    """The first words of the sentences of a line."""
    return " ".join(found[1] for found in _SENTENCE_START.finditer(line[:300]))


def _forms(lower: str) -> Iterator[str]:
    """Words, and pairs of words with a hyphen: `pull request` is `pull-request` in the lists."""
    before, pairs = "", _pairs()
    for word in _WORD.findall(lower):
        yield word
        if "-" in word:
            yield from word.split("-")
        if f"{before}-{word}" in pairs:
            yield f"{before}-{word}"
        before = word


def _add_chinese(scores: _Scores, lower: str, place: Place) -> None:
    if _HAN.search(lower):
        for kind, lexicon in _lexicons().items():
            for form, name in lexicon.chinese:
                if form in lower:
                    scores.add((kind, name), _CHINESE_WEIGHT * place.weight, place, form)


def _hub(totals: Mapping[str, float]) -> tuple[str, ...]:
    names = hub_categories()
    ranked = sorted((n for n in names if totals.get(n, 0.0) >= _LEAST_CATEGORY),
                    key=lambda n: (-totals[n], names.index(n)))  # fmt: skip
    if not ranked:
        return ("other",)
    floor = totals[ranked[0]] * _SHARE_OF_BEST
    return tuple(name for name in ranked[:_MOST_CATEGORIES] if totals[name] >= floor)


def _clawgym(totals: Mapping[str, float], hub: tuple[str, ...]) -> tuple[str, float]:
    """The one of eight: what direct words say where they are loud, else what the best hub means."""
    mapping = {entry.name: entry.clawgym for entry in category_file().hub}
    best = totals.get(hub[0], 0.0)
    direct = [(totals.get(d.clawgym, 0.0), d.clawgym) for d in category_file().direct]
    loudest, name = max(direct)
    if loudest >= max(_DIRECT_LEAST, 0.9 * best):
        return name, min(0.95, 0.5 + loudest / 60)
    second = max((totals[n] for n in mapping if n in totals and n != hub[0]), default=0.0)
    certainty = 0.4 + 0.5 * (best - second) / best if best else 0.3
    return mapping[hub[0]], round(certainty, 3)


def _operations(totals: Mapping[str, float], declared: list[str]) -> tuple[str, ...]:
    if declared:
        return tuple(dict.fromkeys(declared))
    order = list(operation_words().words)
    least = max(_LEAST_OPERATION, _SHARE_OF_BEST_OPERATION * max(totals.values(), default=0.0))
    enough = [name for name in order if totals.get(name, 0.0) >= least]
    enough.sort(key=lambda name: -totals[name])
    return tuple(enough[:_MOST_OPERATIONS])
