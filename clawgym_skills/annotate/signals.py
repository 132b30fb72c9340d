"""Signals: words that speak for a field, found by plain search and weighed by their context."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice
from typing import Literal

from pydantic import BaseModel, ConfigDict

from clawgym_skills.annotate.record import Evidence
from clawgym_skills.annotate.text import LineKind, SkillText, TextFile, beginning_of

Field = Literal["auth", "media", "risk", "network"]

_MOST_HITS = 12
"""Of one signal in one file; what comes after could not change its capped weight."""

_MOST_IN_A_LINE = 3
_NEAR = 60
_LONGEST_LINE = 600
_LONGEST_WORDS = 80
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|[\u3002\uff01\uff1f\uff1b]|\s[\u2013\u2014]\s|\|")
_IMAGE_LINK = re.compile(r"!\[[^\]]*\]\([^)]*\)")

_KIND_FACTORS = {
    LineKind.HEADER: 1.0,
    LineKind.HEADING: 1.0,
    LineKind.PROSE: 1.0,
    LineKind.TABLE: 0.8,
    LineKind.COMMAND: 1.0,
    LineKind.CODE: 0.8,
    LineKind.SAMPLE: 0.3,
}
_SUMMARY_FACTOR = 1.8
"""For the line of the description: what a skill says there is what it is for."""


class Signal(BaseModel):
    """One entry of `signals.toml`, described there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    field: Field
    reason: str
    weight: float
    cap: float
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    about: re.Pattern[str] | None = None
    kinds: frozenset[LineKind] | None = None
    gate: bool = False
    scripts: bool = False
    declared: bool = False

    @cached_property
    def needles(self) -> tuple[tuple[bytes, bytes], ...]:
        """The anchors as they are searched for, each with the beginning of its first word.

        One that holds another adds nothing.
        """
        found = sorted(self.anchors, key=len)
        kept = [a for n, a in enumerate(found) if not any(short in a for short in found[:n])]
        return tuple((anchor.encode(), beginning_of(anchor)) for anchor in kept)


class _Context(BaseModel):
    """One entry of `contexts.toml`, described there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    factor: float
    fields: frozenset[Field] = frozenset({"auth", "media", "risk", "network"})
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    around: re.Pattern[str] | None = None

    def fits(self, before: str, after: str) -> bool:
        """Whether it is the context of words with this much sentence on either side."""
        return bool(
            (self.before and self.before.search(before))
            or (self.after and self.after.search(after))
            or (
                self.around
                and (self.around.search(before[-_NEAR:]) or self.around.search(after[:_NEAR]))
            )
        )


class _SignalFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    signal: tuple[Signal, ...]


class _ContextFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    context: tuple[_Context, ...]


def _toml(name: str) -> dict[str, object]:
    return tomllib.loads(files("clawgym_skills.annotate").joinpath(name).read_text("utf-8"))


@cache
def signals() -> tuple[Signal, ...]:
    """Every signal, in the order of the file."""
    return _SignalFile.model_validate(_toml("signals.toml")).signal


@cache
def _contexts() -> tuple[_Context, ...]:
    return _ContextFile.model_validate(_toml("contexts.toml")).context


@cache
def gating_signals() -> frozenset[str]:
    """The names of the risks that keep a skill out of synthesis by default."""
    return frozenset(signal.name for signal in signals() if signal.gate)


def find_evidence(text: SkillText) -> list[Evidence]:
    """Everything that speaks for or against a field, in the order of signals and lines."""
    summary = _summary_lines(text)
    skill = text.skill
    subject = f"{skill.name.replace('-', ' ')}. {skill.description}".lower()
    return [
        evidence
        for signal in signals()
        for file in (text.files if signal.scripts else (text.document,))
        for evidence in _hits(
            signal,
            file,
            summary if file is text.document else frozenset(),
            off_subject=_off_subject(signal, text, subject),
        )
    ]


def _off_subject(signal: Signal, text: SkillText, subject: str) -> bool:
    """Whether the skill as a whole says that the words mean something else.

    Who declares typed operations says what the skill works on, and that is text.
    """
    if signal.declared and text.skill.capabilities:
        return True
    return signal.about is not None and signal.about.search(subject) is not None


def _summary_lines(text: SkillText) -> frozenset[int]:
    """The indices of the lines that carry the description, or the first prose without one."""
    document = text.document
    found: set[int] = set()
    inside = False
    for index, (kind, line) in enumerate(zip(document.kinds, document.lines, strict=True)):
        if kind is not LineKind.HEADER:
            break
        if line[:1].strip():
            inside = line.startswith(("description:", "summary:", "name:"))
        if inside:
            found.add(index)
    if not found:
        prose = (number - 1 for number, line in text.of(LineKind.PROSE) if line.strip())
        found.update(index for index, _ in zip(prose, range(2), strict=False))
    return frozenset(found)


def _hits(
    signal: Signal, file: TextFile, summary: frozenset[int], *, off_subject: bool
) -> Iterator[Evidence]:
    """What a signal finds in one file, line by line."""
    count = 0
    for index in sorted(_lines_with(signal.needles, file)):
        kind = file.kinds[index]
        if count >= _MOST_HITS or (signal.kinds and kind not in signal.kinds):
            continue
        for evidence in _weigh(signal, file, index, in_summary=index in summary):
            if off_subject:
                yield evidence.model_copy(update={"weight": 0.0, "context": "other meaning"})
            else:
                yield evidence
            count += 1


def _lines_with(needles: tuple[tuple[bytes, bytes], ...], file: TextFile) -> set[int]:
    """Which lines hold an anchor. Plain search is what makes this fast: most are nowhere."""
    lower, found = file.lower, set[int]()
    beginnings = None if file.script else file.beginnings
    ascii_only = lower.isascii()
    for needle, beginning in needles:
        if beginnings and beginning and beginning not in beginnings:
            continue
        if ascii_only and not needle.isascii():
            continue
        position = lower.find(needle)
        while position >= 0 and len(found) < 3 * _MOST_HITS:
            found.add(file.line_at(position))
            end = lower.find(b"\n", position)
            position = lower.find(needle, end) if end >= 0 else -1
    return found


def _weigh(signal: Signal, file: TextFile, index: int, *, in_summary: bool) -> Iterator[Evidence]:
    """The matches in one line, each with its weight in its context."""
    line = file.lines[index][:_LONGEST_LINE]
    lower = line.lower()
    if "![" in lower:
        lower = _IMAGE_LINK.sub(lambda link: " " * len(link[0]), lower)
    kind = file.kinds[index]
    for found in islice(signal.pattern.finditer(lower), _MOST_IN_A_LINE):
        context, factor = _context(signal, lower, found)
        if not context and kind is LineKind.SAMPLE:
            context = "sample text"
        elif not context and _is_comment(file, line):
            context, factor = "comment", 0.5
        factor *= _KIND_FACTORS[kind] * (_SUMMARY_FACTOR if in_summary else 1)
        words = line[found.start() : found.end()].strip()[:_LONGEST_WORDS]
        # Not validated again: there are dozens of these in a skill, all made here.
        yield Evidence.model_construct(
            field=signal.field,
            signal=signal.name,
            path=file.path,
            line=index + 1,
            words=words,
            weight=round(signal.weight * factor, 3),
            context=context,
        )


def _is_comment(file: TextFile, line: str) -> bool:
    return file.script and line.lstrip().startswith(("#", "//", "*", '"""'))


def _context(signal: Signal, lower: str, found: re.Match[str]) -> tuple[str, float]:
    """The name of the context that takes weight away, and the share that is left."""
    sentence_start, sentence_end = _sentence(lower, found.start(), found.end())
    sentence = lower[sentence_start:sentence_end]
    if signal.unless and signal.unless.search(sentence):
        return "other meaning", 0.0
    before, after = lower[sentence_start : found.start()], lower[found.end() : sentence_end]
    through = lower[sentence_start : found.end()]  # a long match may hold its own negation
    for context in _contexts():
        fits = context.fits(before, after) or (context.before and context.before.search(through))
        if signal.field in context.fields and fits:
            return context.name, context.factor
    return "", 1.0


def _sentence(lower: str, start: int, end: int) -> tuple[int, int]:
    begin = 0
    for stop in _SENTENCE_END.finditer(lower, 0, start):
        begin = stop.end()
    following = _SENTENCE_END.search(lower, end)
    return begin, following.start() if following else len(lower)


def field_scores(evidence: list[Evidence]) -> dict[str, float]:
    """For each field the weight of its evidence, every signal's up to its cap."""
    by_signal: dict[str, float] = {}
    for item in evidence:
        by_signal[item.signal] = by_signal.get(item.signal, 0.0) + item.weight
    totals: dict[str, float] = {"auth": 0.0, "media": 0.0, "risk": 0.0, "network": 0.0}
    for signal in signals():
        totals[signal.field] += min(signal.cap, by_signal.get(signal.name, 0.0))
    return totals
