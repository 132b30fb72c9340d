"""Rubrics of other suites: ClawGym's `rules` and the criterion sections of PinchBench.

Both readers are tolerant and loud: what they had to mend comes back as `Repair`s, what they cannot
understand raises. Nothing is dropped in silence.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from clawgym.errors import TaskFormatError
from clawgym.invalid import explain
from verify.rubric.rubric import BANDS, LEVELS, Band, Criterion, Rubric

JsonObject = Mapping[str, JsonValue]

_HEADING = re.compile(
    r"^###\s+Criterion\s+(?P<number>\d+)\s*:\s*(?P<name>.*?)\s*"
    r"(?:\(\s*Weight\s*:\s*(?P<weight>\d+(?:\.\d+)?)\s*%?\s*\))?\s*$",
    re.IGNORECASE,
)
_ANCHOR = re.compile(r"^\*\*Score\s+(?P<level>[\d.]+)\s*:?\*\*\s*:?\s*(?P<text>.*)$", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass(frozen=True)
class Repair:
    """What was mended: a stable code, the criterion, and a sentence."""

    code: str
    where: str
    message: str


@dataclass(frozen=True)
class ImportedRubric:
    """A rubric and what had to be mended; None where the source says that it has none."""

    rubric: Rubric | None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class _Draft:
    name: str
    bands: dict[Band, str]
    weight: float | None = None
    target: str | None = None


def from_clawgym_rules(rules: JsonValue, where: str = "rules") -> ImportedRubric:
    """Read ClawGym's `rules`: a list, or the persona route's object around one.

    A rule is `{name, file_path, scores: {band: text}}`, or in the legacy form
    `{name, target_file, rule}`, whose five bands are then degrees of that sentence.

    Raises:
        TaskFormatError: this is no list of rules.
    """
    if isinstance(rules, Mapping):
        if rules.get("skip_rubric") is True or "rules" not in rules:
            return _skipped(rules, where)
        rules = rules["rules"]
    if rules is None or rules == []:
        return ImportedRubric(None)
    if not isinstance(rules, list):
        raise TaskFormatError(f"{where} must be a list of rules, found {type(rules).__name__}")
    repairs: list[Repair] = []
    drafts = [_read_rule(rule, f"{where}[{i}]", repairs) for i, rule in enumerate(rules)]
    return ImportedRubric(_assemble(drafts, where, repairs), tuple(repairs))


def from_pinchbench_sections(markdown: str, where: str = "rubric") -> ImportedRubric:
    """Read PinchBench's section "LLM Judge Rubric"; None where it holds no criterion.

    The judge of that suite sees all files of the workspace, and so does ours for these rubrics.
    Each criterion is a heading `### Criterion N: Name (Weight: X%)` with paragraphs that begin with
    `**Score 1.0**:` and so on down to `0.0`. Headings within code fences are text.
    """
    repairs: list[Repair] = []
    drafts = [
        _read_section(name, weight, lines, f"{where}: {name}", repairs)
        for name, weight, lines in _sections(markdown)
    ]
    if not drafts:
        return ImportedRubric(None)
    weights = [draft.weight for draft in drafts if draft.weight is not None]
    if len(weights) == len(drafts) and abs(sum(weights) - 100) > 0.5:
        message = f"the weights add up to {sum(weights):g} %, they are divided by that"
        repairs.append(Repair("rubric-weights", where, message))
    rubric = _assemble(drafts, where, repairs).model_copy(update={"include_inputs": True})
    return ImportedRubric(rubric, tuple(repairs))


def _skipped(rules: JsonObject, where: str) -> ImportedRubric:
    if rules.get("skip_rubric") is not True:
        raise TaskFormatError(f"{where} is an object without `rules` or `skip_rubric`")
    reason = str(rules.get("reason") or "no reason given")
    return ImportedRubric(None, (Repair("rubric-skipped", where, reason),))


def _read_rule(rule: JsonValue, where: str, repairs: list[Repair]) -> _Draft:
    if not isinstance(rule, Mapping):
        raise TaskFormatError(f"{where} must be an object, found {type(rule).__name__}")
    name, target = _text(rule, "name"), _text(rule, "file_path") or _text(rule, "target_file")
    if not name:
        name = f"criterion {where}"
        repairs.append(Repair("rubric-name", where, "the rule has no name"))
    scores = rule.get("scores")
    if isinstance(scores, Mapping):
        bands = _read_bands(((level, str(text)) for level, text in scores.items()), where, repairs)
    elif sentence := _text(rule, "rule"):
        repairs.append(Repair("rubric-legacy-rule", where, "one sentence was made five bands"))
        bands = _degrees(sentence)
    else:
        raise TaskFormatError(f"{where} has neither `scores` nor a `rule`")
    return _Draft(name, bands, target=_glob(target) if target else None)


def _text(rule: JsonObject, key: str) -> str:
    value = rule.get(key)
    return value.strip() if isinstance(value, str) else ""


def _glob(path: str) -> str:
    """A path as a glob that matches only it: `[` is no wildcard in foreign rules."""
    plain = path.removeprefix("./").replace("[", "[[]")
    return f"{plain}*" if plain.endswith("/") else plain


def _read_bands(
    anchors: Iterator[tuple[str, str]], where: str, repairs: list[Repair]
) -> dict[Band, str]:
    found: dict[Band, str] = {}
    for level, text in anchors:
        band = _band(level)
        if band is None:
            _move(level, text.strip(), found, where, repairs)
            continue
        if band != level:
            repairs.append(Repair("rubric-band-name", where, f"band {level!r} is read as {band!r}"))
        if band in found:
            raise TaskFormatError(f"{where} has two texts for the band {band}")
        found[band] = text.strip()
    return _completed(found, where, repairs)


def _move(level: str, text: str, found: dict[Band, str], where: str, repairs: list[Repair]) -> None:
    """Put a level of another scale into the nearest band, which may then hold two texts."""
    try:
        number = float(level)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        message = f"{level!r} is none of the bands {', '.join(BANDS)}: {text[:80]}"
        raise TaskFormatError(f"{where}: {message}")
    band = min(BANDS, key=lambda band: abs(float(band) - number))
    found[band] = f"{found[band]} Or: {text}" if band in found else text
    repairs.append(Repair("rubric-band-moved", where, f"level {level} is read as band {band}"))


def _band(level: str) -> Band | None:
    try:
        return BANDS[LEVELS.index(float(level))]
    except ValueError:
        return None


def _completed(found: dict[Band, str], where: str, repairs: list[Repair]) -> dict[Band, str]:
    """Between anchors that exist, a missing band can be said in words; without any, it cannot."""
    written: dict[Band, str] = {band: text for band, text in found.items() if text}
    if not written:
        raise TaskFormatError(f"{where} has no band with a text")
    bands: dict[Band, str] = {}
    for position, band in enumerate(BANDS):
        if band in written:
            bands[band] = written[band]
            continue
        repairs.append(Repair("rubric-band-missing", where, f"the band {band} has no text"))
        bands[band] = _between(BANDS[:position], BANDS[position + 1 :], written)
    return bands


def _between(below: Sequence[Band], above: Sequence[Band], written: Mapping[Band, str]) -> str:
    low = next((band for band in reversed(below) if band in written), None)
    high = next((band for band in above if band in written), None)
    if low and high:
        return f"Better than what is said at {low}, and not yet what is said at {high}."
    return f"Clearly better than what is said at {low}." if low else f"Not yet {high}, far from it."


def _degrees(sentence: str) -> dict[Band, str]:
    degrees = ("Not met at all", "Hardly met", "Met in part", "Mostly met", "Fully met")
    return {band: f"{said}: {sentence}" for band, said in zip(BANDS, degrees, strict=True)}


def _sections(markdown: str) -> Iterator[tuple[str, float | None, list[str]]]:
    name, weight, lines, fenced = "", None, list[str](), False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        ends = not fenced and re.match(r"#{1,3}\s", line) is not None
        if ends and name:
            yield name, weight, lines
            name = ""
        if heading:
            name = heading["name"] or f"Criterion {heading['number']}"
            weight = float(heading["weight"]) if heading["weight"] else None
            lines = []
        elif name:
            lines.append(line)
    if name:
        yield name, weight, lines


def _read_section(
    name: str, weight: float | None, lines: Sequence[str], where: str, repairs: list[Repair]
) -> _Draft:
    anchors: list[tuple[str, list[str]]] = []
    for line in lines:
        if found := _ANCHOR.match(line.strip()):
            anchors.append((found["level"], [found["text"]]))
        elif anchors:
            anchors[-1][1].append(line)
        elif line.strip():
            message = f"text before the first score is no part of a band: {line.strip()[:80]}"
            repairs.append(Repair("rubric-stray-text", where, message))
    texts = ((_plain_level(level), "\n".join(text).strip()) for level, text in anchors)
    bands = _read_bands(texts, where, repairs)
    if weight is None or weight <= 0:
        repairs.append(Repair("rubric-weight-missing", where, "the criterion has no weight"))
        weight = None
    return _Draft(name, bands, weight)


def _plain_level(level: str) -> str:
    """`1.0` is how PinchBench writes a band everywhere, so that is nothing to mend."""
    return _band(level) or level


def _assemble(drafts: Sequence[_Draft], where: str, repairs: list[Repair]) -> Rubric:
    named = [draft.weight for draft in drafts if draft.weight]
    fallback = sum(named) / len(named) if named else 1.0
    ids: list[str] = []
    for draft in drafts:
        ids.append(_free_id(draft.name, ids))
    try:
        criteria = tuple(
            Criterion(
                id=name,
                name=draft.name,
                weight=draft.weight or fallback,
                target=draft.target,
                bands=draft.bands,
            )
            for name, draft in zip(ids, drafts, strict=True)
        )
        return Rubric(criteria=criteria)
    except ValidationError as error:
        raise TaskFormatError(f"{where} is not a usable rubric: {explain(error)}") from error


def _free_id(name: str, taken: Sequence[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48] or "criterion"
    number = 2
    free = plain
    while free in taken:
        free, number = f"{plain}-{number}", number + 1
    return free
