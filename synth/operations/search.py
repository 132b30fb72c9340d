"""search: find the lines that say something, or rank texts by how much they speak of it."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import (
    GroundedOperation,
    Params,
    ParamsModel,
    Slot,
    differing,
    listing,
    told_if,
)
from synth.values import Field, Role, Row, RowSet, Use, Value, matter
from synth.values.texts import Texts
from synth.world import Source, World
from synth.world.notebook import make_notes
from synth.world.project import make_project

_WORD = re.compile(r"[^\W_]+")
_DEFINED = re.compile(r"^def (\w{4,})")
_TEXT = "text"


class SearchParams(ParamsModel):
    """What to look for.

    `lines` takes every line that has all `words` in it, whatever the case, as parts of words as
    well. `rank` counts them as whole words, in each file or in each section below a `## ` heading,
    and keeps the `most` that have the most. `place` names what is ranked.
    """

    mode: Literal["lines", "rank"]
    words: tuple[str, ...]
    many: bool
    most: int = 0


class Search(GroundedOperation):
    """Lines with their place, or texts with their number of hits."""

    name = "search"
    kinds = (
        ArtifactKind.DOCUMENT,
        ArtifactKind.ARCHIVE,
        ArtifactKind.LOG,
        ArtifactKind.CODE,
    )

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Notes, logs and code that the task starts with."""
        for slot in slots:
            plain = kind in (ArtifactKind.LOG, ArtifactKind.CODE)
            if slot.kind is kind and slot.fresh and (plain or isinstance(slot.value, Texts)):
                yield (slot.id,)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """Notes, or the log where the events come as one."""
        if kind is ArtifactKind.LOG:
            return world.feed_source(kind)
        if kind is ArtifactKind.CODE:
            rng = world.rng("project")
            project = make_project(rng, world.knobs.level, buggy=False)
            return (Source(kind, world.input_path(project.package, "", "code"), project),)
        folder = kind is ArtifactKind.ARCHIVE
        path = world.input_path("notes", "" if folder else "md")
        return (Source(kind, path, make_notes(world, folder=folder)),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Words that some lines have and most have not."""
        texts = _texts(inputs[0])
        if texts is None:
            return None
        first, terms = inputs[0], _terms(inputs[0], texts)
        families = first.families if isinstance(first, Texts) and rng.random() < 0.5 else ()
        for _ in range(12):
            params = (
                _rank(rng, texts, rng.choice(families))
                if families
                else _lines(rng, texts, terms, knobs)
            )
            if params and len(self.apply(params, inputs).rows) >= 2:
                return params
        return None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The hits, in the order of the files and their lines, or by rank."""
        texts = _texts(inputs[0])
        assert texts is not None
        wanted = SearchParams.model_validate(params)
        if wanted.mode == "rank":
            return _ranked(texts, wanted)
        return _found(texts, wanted, str.casefold)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The case minded; lines counted from 0; parts of words counted; ties the other way."""
        return differing(self.apply(params, inputs), self._wrong(rng, params, inputs))

    def revise(
        self, rng: random.Random, params: Params, inputs: Sequence[Value], knobs: Knobs
    ) -> Params | None:
        """Other words, or another number of them; the same words keep their order."""
        other = self.propose(rng, inputs, knobs)
        if other is None:
            return None
        was, now = (SearchParams.model_validate(said) for said in (params, other))
        if set(was.words) != set(now.words):
            return other
        return now.model_copy(update={"words": was.words}).model_dump(mode="json")

    def _wrong(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        wanted, truth = SearchParams.model_validate(params), self.apply(params, inputs)
        texts = _texts(inputs[0])
        assert texts is not None
        if wanted.mode == "lines":
            yield _found(texts, wanted, str)
            at = truth.index("line")
            yield truth.with_rows(
                [(*row[:at], int(row[at]) - 1, *row[at + 1 :]) for row in truth.rows]
            )
            return
        longer = _for_words(wanted, wanted.words[:1])
        if longer != wanted:
            yield _ranked(texts, longer)
        yield truth.with_rows([(rank, name, int(hits) + 1) for rank, name, hits in truth.rows])

    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """`{words}` quoted, `{columns}`, `{order}`, and `{most}` of the ranking.

        `capitals` says that some hits are in other letters, `ties` that parts have as many hits,
        `rest` that parts without one would come next.
        """
        wanted = SearchParams.model_validate(params)
        quoted = [f'"{word}"' for word in wanted.words]
        texts, truth = _texts(inputs[0]) or (), self.apply(params, inputs)
        single = wanted.mode == "lines" and _some_inside(truth, wanted)
        found = {
            "words": _say_words(wanted, quoted),
            "either": " or ".join(quoted),
            "inside_too": "; parts of longer words count" * single,
            "and_inside": " and also inside longer words" * single,
            "inside": " and also within words" * single,
            "most": str(wanted.most),
            "variant": wanted.mode,
        }
        if wanted.mode == "rank":
            place = "file" if wanted.many else "section"
            what = "file" if wanted.many else "section (what stands below one `##` heading)"
            named = (
                "its name in the folder, such as `{}`" if wanted.many else "its heading, such as {}"
            )
            example = next(iter(_parts(texts, wanted)))
            every = _ranked(texts, wanted.model_copy(update={"most": len(truth.rows) + 1}))
            counts = every.values("hits")
            found |= {
                "capitals": told_if(_ranked(texts, wanted, fold=str) != truth),
                "ties": told_if(len(set(counts)) < len(counts)),
                "rest": told_if(len(truth.rows) < wanted.most),
            }
            return found | {"place": place, "what": what, "named": named.format(example)}
        if wanted.many:
            columns = "`file`, `line` and `text`"
            where = (
                " `file` is the path inside that folder, `line` counts from 1, and `text` is the "
                "whole line without blanks at its ends. Sort by file, then line."
            )
        else:
            columns = "`line` and `text`"
            where = (
                " `line` counts from 1, and `text` is the whole line without blanks at its ends. "
                "Keep the order of the lines."
            )
        capitals = told_if(_found(texts, wanted, str) != truth)
        return found | {"columns": columns, "where": where, "capitals": capitals}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """What was looked for."""
        word = re.findall(r"\w+", SearchParams.model_validate(params).words[0])[0].lower()
        return f"mentions_{word}" if word.isascii() else "mentions"


def _say_words(wanted: SearchParams, quoted: Sequence[str]) -> str:
    """What a line must have, or one of what counts."""
    if len(quoted) == 1 or wanted.mode == "rank":
        return " or ".join(quoted)
    return f"both {listing(quoted)}"


_Lines = Sequence[tuple[str, Sequence[str]]]


def _texts(value: Value) -> _Lines | None:
    """The lines of every file; None for what is no text."""
    if isinstance(value, Texts):
        return value.lines
    found: list[tuple[str, Sequence[str]]] = []
    for kind in (ArtifactKind.LOG, ArtifactKind.CODE, ArtifactKind.DOCUMENT):
        try:
            written = value.files(kind, _TEXT)
        except (TypeError, KeyError):
            continue
        for path, data in sorted(written.items()):
            found.append((path.removeprefix(_TEXT).lstrip("/"), data.decode().splitlines()))
        return found
    return None


def _terms(value: Value, texts: _Lines) -> list[str]:
    """What people would look for: whom and what it is about; in code, its functions."""
    if isinstance(value, Texts):
        return list(value.terms)
    if isinstance(value, RowSet):
        names = [field.name for field in value.of_role(Role.LINK, Role.CATEGORY)]
        return sorted({str(cell) for name in names for cell in value.values(name)})
    return sorted({name for _, lines in texts for line in lines for name in _DEFINED.findall(line)})


def _lines(rng: random.Random, texts: _Lines, terms: list[str], knobs: Knobs) -> Params | None:
    lines = [line for _, lines in texts for line in lines]
    count = 2 if knobs.level >= 3 and rng.random() < 0.4 else 1
    if len(terms) < count:
        return None
    words = tuple(rng.sample(terms, count))
    hits = sum(all(w.casefold() in other.casefold() for w in words) for other in lines)
    if not 2 <= hits <= max(12, len(lines) // 4) or len(set(words)) < count:
        return None
    many = bool(texts[0][0])
    return SearchParams(mode="lines", words=words, many=many).model_dump(mode="json")


def _rank(rng: random.Random, texts: _Lines, terms: Sequence[str]) -> Params | None:
    told = Counter(word for _, lines in texts for line in lines for word in _WORD.findall(line))
    common = [word for word in terms if 3 <= told[word] <= 40]
    if len(common) < 2:
        return None
    words = tuple(rng.sample(common, 2))
    if words[0].casefold() == words[1].casefold():
        return None
    many = bool(texts[0][0])
    most = rng.randint(3, 5)
    return SearchParams(mode="rank", words=words, many=many, most=most).model_dump(mode="json")


def _some_inside(found: RowSet, wanted: SearchParams) -> bool:
    """Whether a line was found only because a word is part of a longer one there."""
    whole = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE) for word in wanted.words]
    return any(not word.search(str(line)) for word in whole for line in found.values("text"))


def _found(texts: _Lines, wanted: SearchParams, fold: Callable[[str], str]) -> RowSet:
    folded = [fold(word) for word in wanted.words]
    rows: list[Row] = []
    for path, lines in sorted(texts):
        for number, line in enumerate(lines, 1):
            if all(word in fold(line) for word in folded):
                place: Row = (path, number) if wanted.many else (number,)
                rows.append((*place, line.strip()))
    fields = (
        *((Field("file", ColumnType.TEXT, Role.CATEGORY),) if wanted.many else ()),
        Field("line", ColumnType.INTEGER, Role.ID),
        Field("text", ColumnType.TEXT, Role.TEXT),
    )
    key = ("file", "line") if wanted.many else ("line",)
    return RowSet(
        fields,
        tuple(rows),
        key,
        topic="mentions",
        sorted_rows=True,
        use=Use.LISTING,
        subject=matter("mentions") if wanted.many else None,
    )


def _ranked(
    texts: _Lines, wanted: SearchParams, fold: Callable[[str], str] = str.casefold
) -> RowSet:
    words = {fold(word) for word in wanted.words}
    hits = {
        name: sum(fold(word) in words for line in lines for word in _WORD.findall(line))
        for name, lines in _parts(texts, wanted).items()
    }
    best = sorted((-count, name) for name, count in hits.items() if count)[: wanted.most]
    place = "file" if wanted.many else "section"
    fields = (
        Field("rank", ColumnType.INTEGER, Role.TEXT),
        Field(place, ColumnType.TEXT, Role.ID),
        Field("hits", ColumnType.INTEGER, Role.MEASURE),
    )
    rows = tuple((rank, name, -count) for rank, (count, name) in enumerate(best, 1))
    return RowSet(
        fields, rows, (place,), topic="mentions", grouped=True, sorted_rows=True, use=Use.ANSWER
    )


def _parts(texts: _Lines, wanted: SearchParams) -> dict[str, list[str]]:
    """What is ranked: the files, or what stands below each heading of the second level."""
    if wanted.many:
        return {path: list(lines) for path, lines in texts}
    parts: dict[str, list[str]] = {}
    heading = ""
    for line in texts[0][1]:
        if line.startswith("## "):
            heading = line[3:].strip()
            parts[heading] = []
        elif heading:
            parts[heading].append(line)
    return parts


def _for_words(wanted: SearchParams, words: tuple[str, ...]) -> SearchParams:
    """The same search for other words."""
    return wanted.model_copy(update={"words": words})
