"""Whether a rewriting still asks for the same, sentence by sentence, as far as rules can tell.

Both texts are read as literals (paths, names, values, numbers) and marks: words that decide what
is asked, by kind, so that "at least 5" and "5 or more" are the same. Each sentence of the
instruction must be found again, in order, with the same literals and marks; the rewriting may part
its sentences as it likes, and say in between whatever holds neither.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from operator import itemgetter

from pydantic import BaseModel, ConfigDict

PATH = re.compile(
    r"(?<![\w./-])(?:[\w-]+/)+[\w.-]*[\w-]|(?<![\w./-])[\w-]+\.(?:csv|tsv|jsonl?|md|ini|toml|yaml|log|txt|mbox|ics|html|xml|py)\b"
)
"""A path outside back-ticks."""

_LITERAL = re.compile(
    rf"`[^`\n]+`|\"[^\"\n]{{1,200}}\"|\u201c[^\u201d\n]{{1,200}}\u201d|{PATH.pattern}"
    r"|(?<![\w.])-?\d+(?:[-:,./]\d+)*(?!\w)"
)
_NUMBERS: dict[str, str] = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBERS)})\b", re.IGNORECASE)
_MARKER = re.compile(r"^[ \t>]*(?:\d+[.)]|[-*]|#+)[ \t]", re.MULTILINE)
_WRAPPED = re.compile(r"(?<=\S)\n(?=[a-z(])")
_END = re.compile(r"\n|(?<=[.!?])[ )]+(?=[A-Z¤(])")
_CUT = re.compile(
    r"[.;:!?,\n()\u2013\u2014]|\b(?:and|then|so|which|where|but|with)\b", re.IGNORECASE
)
_STEP = re.compile(r"\bstep \d", re.IGNORECASE)
_NUMBERED = re.compile(r"^[ \t>]*(\d+)[.)][ \t]", re.MULTILINE)
_MASK = "¤"
_SHOWN = 160


class _Paths(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: frozenset[str]
    rather_source: frozenset[str]
    result: frozenset[str]
    passed_over: frozenset[str]


class _Kinds(BaseModel):
    """`meaning.toml`: patterns by kind, and how much of each kind a rewriting must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counted: dict[str, tuple[str, ...]]
    present: dict[str, tuple[str, ...]]
    negated: dict[str, tuple[str, ...]]
    kept: dict[str, tuple[str, ...]]
    opposed: tuple[tuple[str, ...], ...]
    paths: _Paths

    @property
    def patterns(self) -> dict[str, tuple[str, ...]]:
        """All kinds in the order in which they are tried."""
        return {**self.counted, **self.present, **self.negated, **self.kept}


@dataclass(frozen=True)
class _Token:
    """A literal, or a mark of a kind. `role` is the word that tells which way a path goes."""

    start: int
    end: int
    kind: str = ""
    literal: str = ""
    role: str = ""
    is_path: bool = False


@dataclass(frozen=True)
class _Sense:
    """What some tokens in a row ask for."""

    literals: tuple[_Token, ...]
    counted: dict[str, list[frozenset[str]]]
    present: tuple[str, ...]
    kept: frozenset[str]

    @classmethod
    def of(cls, tokens: Sequence[_Token]) -> "_Sense":
        literals: list[_Token] = []
        counted: dict[str, list[frozenset[str]]] = {}
        present, kept = dict[str, None](), set[str]()
        kinds = _kinds()
        for place, token in enumerate(tokens):
            if token.literal:
                literals.append(token)
            elif token.kind in kinds.present:
                present[token.kind] = None  # in the order of first mention
            elif token.kind in kinds.kept:
                kept.add(token.kind)
            else:
                counted.setdefault(token.kind, []).append(_beside(tokens, place))
        if not literals and "unchanged" in present:
            kept.clear()  # "leave my files alone" is about all of them anyhow
        return cls(tuple(literals), counted, tuple(present), frozenset(kept))

    def those_of(self, group: Sequence[str]) -> list[str]:
        """The kinds of a group that are present, in the order of first mention."""
        return [kind for kind in self.present if kind in group]

    @property
    def is_empty(self) -> bool:
        return not (self.literals or self.counted or self.present or self.kept)

    def is_said_by(self, other: "_Sense") -> bool:
        """Whether other words say the same."""
        return (
            set(self.present) == set(other.present)
            and all(self.those_of(group) == other.those_of(group) for group in _kinds().opposed)
            and self.kept <= other.kept
            and self.counted.keys() == other.counted.keys()
            and _same_literals(self.literals, other.literals)
            and all(_same_places(places, other.counted[k]) for k, places in self.counted.items())
        )


@dataclass(frozen=True)
class _Sentence:
    text: str
    sense: _Sense


def meaning_problems(instruction: str, rewriting: str) -> list[str]:
    """The first sentence of an instruction that a rewriting does not say again; none if all are."""
    sentences = list(_sentences(instruction))
    start = next((n for n, s in enumerate(sentences) if s.sense.literals), len(sentences))
    masked = _masked(rewriting)
    tokens = _tokens(rewriting, masked)
    cuts = _cuts(masked, tokens)
    reached = set(_after_opening(sentences[:start], tokens, cuts))
    for sentence in sentences[start:]:
        before, reached = reached, _after(sentence, tokens, cuts, reached)
        if not reached:
            return [_told(sentence, tokens, cuts, before)]
    if len(tokens) not in reached:
        said = _names(_Sense.of(tokens[max(reached, default=0) :]))
        return [f"the rewriting says more than the instruction: {said}"]
    if _STEP.search(instruction) and _NUMBERED.findall(instruction) != _NUMBERED.findall(rewriting):
        return ["the instruction refers to its steps by number: keep them in a numbered list"]
    return []


def numbers_in_words(text: str) -> set[str]:
    """The numbers that a text has in words, in digits."""
    return {_number(word) for word in _NUMBER_WORD.findall(text)}


def without_markers(text: str) -> str:
    """A text without the marks and numbers that its lists and headings begin with."""
    return _MARKER.sub("", text)


def _sentences(text: str) -> Iterator[_Sentence]:
    """The sentences that ask for something, and those before them."""
    masked = _masked(text)
    tokens = _tokens(text, masked)
    ends = [*(found.start() for found in _END.finditer(masked)), len(masked)]
    begin = 0
    for end in ends:
        sense = _Sense.of([token for token in tokens if begin <= token.start < end])
        if not sense.is_empty:
            yield _Sentence(text[begin:end].strip(), sense)
        begin = end


def _after_opening(
    opening: Sequence[_Sentence], tokens: Sequence[_Token], cuts: Sequence[bool]
) -> Iterator[int]:
    """Where the opening may end. It tells why, and may be told anew, but adds no condition."""
    marks = Counter[str]()
    for sentence in opening:
        marks.update({kind: len(places) for kind, places in sentence.sense.counted.items()})
        marks.update([*sentence.sense.present])
    for end in range(len(tokens) + 1):
        said = _Sense.of(tokens[:end])
        if said.literals:
            return
        used = Counter({kind: len(places) for kind, places in said.counted.items()})
        used.update([*said.present])
        if used <= marks and ("unchanged" in used) == ("unchanged" in marks) and cuts[end]:
            yield end


def _after(
    sentence: _Sentence, tokens: Sequence[_Token], cuts: Sequence[bool], starts: set[int]
) -> set[int]:
    """Where the words for a sentence may end that begin at one of these places."""
    known = {token.literal for token in sentence.sense.literals}
    reached: set[int] = set()
    for start in starts:
        for end in range(start, len(tokens) + 1):
            if end > start and (said := tokens[end - 1].literal) and said not in known:
                break
            said_again = cuts[end] and end not in reached
            if said_again and sentence.sense.is_said_by(_Sense.of(tokens[start:end])):
                reached.add(end)
    return reached


def _told(
    sentence: _Sentence, tokens: Sequence[_Token], cuts: Sequence[bool], starts: set[int]
) -> str:
    """What a sentence must hold, and what was found where it should stand."""
    text = " ".join(sentence.text.split())
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    size = len(sentence.sense.literals) + 2
    start = max(starts, default=0)
    found = _names(_Sense.of(tokens[start : start + size]))
    return (
        f"this sentence is not said again in its place with all it asks for: {shown!r}; it has, in "
        f"this order, {_names(sentence.sense)}; the rewriting goes on there with {found}"
    )


def _names(sense: _Sense) -> str:
    """What a sense holds, for somebody who has to mend it."""
    marks = [f"{kind} x{len(places)}" for kind, places in sense.counted.items()]
    marks += [*sense.present, *sorted(sense.kept)]
    literals = ", ".join(token.literal for token in sense.literals)
    return f"the names [{literals}] and the meanings [{', '.join(marks).replace('_', ' ')}]"


def _same_literals(one: Sequence[_Token], two: Sequence[_Token]) -> bool:
    """Whether both name the same in one order. A path may move, as long as it goes the same way."""
    paths = _kinds().paths
    if [token.literal for token in one] == [token.literal for token in two]:
        mine, theirs = _going(one, paths.source), _going(two, paths.source)
        return all(
            one_way == other_way or not (one_way and other_way)
            for (one_way, _), (other_way, _) in zip(mine, theirs, strict=True)
        )
    sources = paths.source | paths.rather_source
    mine, theirs = _going(one, sources), _going(two, sources)
    return (
        [t.literal for t in one if not t.is_path] == [t.literal for t in two if not t.is_path]
        and all(way for way, _ in mine)
        # Stable: which of two sources is joined to which must stay.
        and sorted(mine, key=itemgetter(0)) == sorted(theirs, key=itemgetter(0))
    )


def _going(literals: Sequence[_Token], sources: frozenset[str]) -> list[tuple[str, str]]:
    """Which way each path goes, and its name, in their order."""
    result = _kinds().paths.result
    return [
        ("source" if t.role in sources else "result" if t.role in result else "", t.literal)
        for t in literals
        if t.is_path
    ]


def _same_places(one: Sequence[frozenset[str]], two: Sequence[frozenset[str]]) -> bool:
    """Whether marks of a kind stand beside the same literals, one by one."""
    return len(one) == len(two) and all(
        mine & other or not (mine and other) for mine, other in zip(one, two, strict=True)
    )


def _beside(tokens: Sequence[_Token], place: int) -> frozenset[str]:
    """The literals on both sides of a mark."""
    before = next((t.literal for t in reversed(tokens[:place]) if t.literal), "")
    after = next((t.literal for t in tokens[place:] if t.literal), "")
    return frozenset(filter(None, (before, after)))


def _masked(text: str) -> str:
    """The text with its literals and list markers struck out, each character at its place."""
    text = _WRAPPED.sub(" ", text)
    text = _MARKER.sub(lambda found: " " * len(found[0]), text)
    text = _LITERAL.sub(lambda found: _MASK * len(found[0]), text)
    return _NUMBER_WORD.sub(lambda found: _MASK * len(found[0]), text)


def _tokens(text: str, masked: str) -> list[_Token]:
    text = _MARKER.sub(lambda found: " " * len(found[0]), text)
    bare = _LITERAL.sub(lambda found: _MASK * len(found[0]), text)
    found = [_literal(literal, masked) for literal in _LITERAL.finditer(text)]
    found += [
        _Token(word.start(), word.end(), literal=_number(word[0]))
        for word in _NUMBER_WORD.finditer(bare)
    ]
    found += [
        _Token(mark.start(), mark.end(), kind=mark.lastgroup or "")
        for mark in _marks().finditer(masked)
    ]
    return sorted(found, key=lambda token: token.start)


def _literal(found: re.Match[str], masked: str) -> _Token:
    name = found[0].strip('`"\u201c\u201d').replace(",", "")
    is_path = "/" in name or PATH.fullmatch(name) is not None
    role = _role(masked[: found.start()])
    return _Token(found.start(), found.end(), literal=name, role=role, is_path=is_path)


def _cuts(masked: str, tokens: Sequence[_Token]) -> list[bool]:
    """Whether the tokens may be parted before each of them, and after the last: at a pause."""
    between = [_CUT.search(masked, one.end, two.start) is not None for one, two in pairwise(tokens)]
    return [True, *between, True] if tokens else [True]


def _role(before: str) -> str:
    """The word before a path that tells which way it goes; empty where none does."""
    paths = _kinds().paths
    clause = re.split(r"[.;:!?,\n¤]", before[-80:])[-1]
    words = reversed(re.findall(r"\w+", clause.lower()))
    word = next((word for word in words if word not in paths.passed_over), "")
    return word if word in paths.source | paths.rather_source | paths.result else ""


def _number(word: str) -> str:
    return _NUMBERS[word.lower()]


@cache
def _kinds() -> _Kinds:
    text = files("synth.authoring").joinpath("meaning.toml").read_text("utf-8")
    return _Kinds.model_validate(tomllib.loads(text))


@cache
def _marks() -> re.Pattern[str]:
    kinds = [f"(?P<{kind}>{'|'.join(ways)})" for kind, ways in _kinds().patterns.items()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(kinds)})(?!\w)", re.IGNORECASE)
