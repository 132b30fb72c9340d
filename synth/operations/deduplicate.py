"""deduplicate: keep one of each, by key or by content."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, listing, told_if
from synth.values import ROW_KINDS, Cell, Role, Row, RowSet, Value
from synth.values.folder import Folder
from synth.values.mailbox import Mail, Mailbox
from synth.values.text import TextFile
from synth.values.written import WrittenRows
from synth.world import Source, World
from synth.world.folders import folder_source
from synth.world.pasted import make_pasted
from synth.world.post import post_source
from synth.world.repeats import Manner, RepeatedRows, make_repeats

Keep = Literal["first", "last", "newest", "oldest", "merge"]
UNCHANGED = " Keep the `From ` lines, the headers and the order of the messages."
_MANNERS: tuple[Manner, ...] = ("later", "halves", "anew")
_CORRECTED = 0.9
"""How often the later of two dated entries is the one that counts: it was put right."""


class DeduplicateParams(ParamsModel):
    """What makes two the same, and which one stays.

    Rows with the same `keys`, letter case and outer blanks aside, are one; "newest" and "oldest" go
    by the column `date`, "merge" fills blanks of the first from the others. Without keys: bullet
    points by their words, files by their content.
    """

    keys: tuple[str, ...] = ()
    keep: Keep = "first"
    date: str = ""


class Deduplicate(GroundedOperation):
    """One of each; what stays is unchanged and in its order."""

    name = "deduplicate"
    needs_order = True
    kinds = (*ROW_KINDS, ArtifactKind.DOCUMENT, ArtifactKind.ARCHIVE, ArtifactKind.MAILBOX)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """Events, notes or files, some of them twice."""
        if kind is ArtifactKind.ARCHIVE:
            return (folder_source(world, kind),)
        if kind is ArtifactKind.MAILBOX:
            return (post_source(world),)
        if kind is ArtifactKind.DOCUMENT:
            stem = f"{world.domain.feed}_notes"
            return (
                Source(kind, world.input_path(stem, "md"), make_pasted(world.rng("pasted"), world)),
            )
        feed = world.feed_source(kind, messy=True)
        if not feed or rng.random() > world.knobs.mess:
            return feed
        columns, manner = world.domain.columns, rng.choice(_MANNERS)
        repeats = make_repeats(world.rng("repeats"), world.clean_feed, columns, manner)
        return (Source(kind, feed[0].path, repeats),) if repeats else feed

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """The kind of the input, rows also as the other kind of row file."""
        if kind is ArtifactKind.ARCHIVE:
            return ((kind, ""), (kind, "zip"))
        if kind is ArtifactKind.MAILBOX:
            return ((kind, "mbox"),)
        return ((kind, "md"),) if kind is ArtifactKind.DOCUMENT else super().makes(kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Whatever does repeat there, and which one is to stay."""
        value = inputs[0]
        params = None
        if isinstance(value, RepeatedRows):
            params = _propose_repeats(rng, value)
        elif isinstance(value, WrittenRows):
            return None
        elif isinstance(value, RowSet) and value.duplicated and value.of_role(Role.ID):
            key = value.of_role(Role.ID)[0].name
            params = DeduplicateParams(keys=(key,), keep=rng.choice(("first", "last")))
        elif isinstance(value, TextFile) and _points(value.text):
            params = DeduplicateParams()
        elif isinstance(value, Mailbox):
            params = rng.choice((DeduplicateParams(), DeduplicateParams(keep="newest")))
        elif isinstance(value, Folder):
            params = DeduplicateParams()
        if params is None:
            return None
        said = params.model_dump(mode="json")
        return said if _size(self.apply(said, inputs)) < _size(value) else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """One of each."""
        value, wanted = inputs[0], DeduplicateParams.model_validate(params)
        if isinstance(value, Folder):
            return Folder(_unique_files(value, wanted.keep))
        if isinstance(value, TextFile):
            return TextFile(_unique_points(value.text))
        if isinstance(value, Mailbox):
            return Mailbox(_unique_mails(value, wanted.keep))
        assert isinstance(value, RowSet)
        plain = RowSet(
            value.fields, value.rows, value.key, topic=value.topic, subject=value.subject
        )
        return plain.with_rows(_unique_rows(value, wanted))

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Another one kept; nothing done; letter case taken for a difference."""
        value, right = inputs[0], self.apply(params, inputs)
        if isinstance(value, RowSet):
            assert isinstance(right, RowSet)
            yield right.with_rows(list(value.rows))
            for keep in ("first", "last"):
                other = self.apply({**params, "keep": keep}, inputs)
                assert isinstance(other, RowSet)
                if sorted(other.rows, key=str) != sorted(right.rows, key=str):
                    yield other
            return
        yield value
        if isinstance(value, Folder):
            assert isinstance(right, Folder)
            other = Folder(_unique_files(value, "last"))
            if other != right:
                yield other
        elif isinstance(value, Mailbox):
            assert isinstance(right, Mailbox)
            yield self.apply({"keep": "newest" if params["keep"] == "first" else "first"}, inputs)
            yield Mailbox(right.mails[1:])
        elif isinstance(right, TextFile):
            yield TextFile("\n".join(dict.fromkeys(right.text.splitlines()[:-2])) + "\n")

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{key}` and `{keep}`; or a variant.

        `loose` says what is to be ignored to find those that are the same.
        """
        wanted = DeduplicateParams.model_validate(params)
        if isinstance(inputs[0], Folder):
            empty = list(inputs[0].contents.values()).count(b"") > 1
            return {"variant": "files", "ties": _say_ties(inputs[0]), "empty": told_if(empty)}
        if isinstance(inputs[0], TextFile):
            points = [(point,) for point in _points(inputs[0].text)]
            return {"variant": "points", **_stray(points, lambda said: " ".join(said.split()))}
        if isinstance(inputs[0], Mailbox):
            matters = [(mail.sender, mail.subject) for mail in inputs[0].mails]
            variant = "letters" if wanted.keep == "newest" else "mails"
            stray = _stray(matters, _without_re, "a leading `Re: `")
            return {"variant": variant, "tail": UNCHANGED, **stray}
        assert isinstance(inputs[0], RowSet)
        columns = [map(str, inputs[0].values(name)) for name in wanted.keys]
        words = {
            **_stray(list(zip(*columns, strict=True)), str.strip),
            "key": listing([f"`{name}`" for name in wanted.keys]),
            "keep": wanted.keep,
            "date": f"`{wanted.date}`",
        }
        if wanted.keep in ("newest", "oldest"):
            return {**words, "variant": "dated", "date": f"`{wanted.date}`"}
        return {**words, "variant": "merge"} if wanted.keep == "merge" else words

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input, marked as unique."""
        return f"{stems[0]}_unique"


def _without_re(subject: str) -> str:
    return subject[4:] if subject[:4].casefold() == "re: " else subject


def _stray(
    keys: Sequence[tuple[str, ...]], trim: Callable[[str], str], trimmed: str = "stray blanks"
) -> dict[str, str]:
    """What has to be ignored to find those that are the same: capitals, what is trimmed, both."""
    folds: dict[tuple[bool, bool], Callable[[str], str]] = {
        (False, False): str,
        (True, False): str.casefold,
        (False, True): trim,
        (True, True): lambda cell: trim(cell.casefold()),
    }
    counts = {
        needed: len({tuple(map(fold, key)) for key in keys}) for needed, fold in folds.items()
    }
    capitals, ends = next(n for n, count in counts.items() if count == counts[True, True])
    return {"loose": listing(["letter case"] * capitals + [trimmed] * ends)}


def _say_ties(folder: Folder) -> str:
    """Which of equally short paths stays."""
    names: dict[bytes, list[str]] = {}
    for name, data in sorted(folder.contents.items()):
        names.setdefault(data, []).append(name)
    shortest = [[n for n in same if len(n) == min(map(len, same))] for same in names.values()]
    tied = [same for same in shortest if len(same) > 1]
    if not tied:
        return ""
    plain = all(min(same, key=str.casefold) == same[0] for same in tied)
    return (
        " If two are equally short, the one that comes first in the alphabet stays"
        f"{'' if plain else ' (capitals before small letters)'}."
    )


def _propose_repeats(rng: random.Random, rows: RepeatedRows) -> DeduplicateParams:
    if rows.manner == "later":
        day = rows.of_role(Role.DATE)[0].name
        keep: Keep = "newest" if rng.random() < _CORRECTED else "oldest"
        return DeduplicateParams(keys=rows.by, keep=keep, date=day)
    if rows.manner == "halves":
        return DeduplicateParams(keys=rows.by, keep="merge")
    return DeduplicateParams(keys=rows.by, keep=rng.choice(("first", "last")))


def _size(value: Value) -> int:
    if isinstance(value, RowSet):
        return len(value.rows)
    if isinstance(value, Folder):
        return len(value.contents)
    if isinstance(value, Mailbox):
        return len(value.mails)
    return len(value.text.splitlines()) if isinstance(value, TextFile) else 0


def _unique_rows(rows: RowSet, wanted: DeduplicateParams) -> list[Row]:
    places = [rows.index(name) for name in wanted.keys]
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(rows.rows):
        key = tuple(str(row[place]).strip().casefold() for place in places)
        groups.setdefault(key, []).append(number)
    kept = {_chosen(rows, members, wanted): members for members in groups.values()}
    made = [(number, rows.rows[number]) for number in sorted(kept)]
    if wanted.keep != "merge":
        return [row for _, row in made]
    return [_merged(row, [rows.rows[at] for at in kept[number]]) for number, row in made]


def _chosen(rows: RowSet, members: list[int], wanted: DeduplicateParams) -> int:
    if wanted.keep in ("first", "merge"):
        return members[0]
    if wanted.keep == "last":
        return members[-1]
    place = rows.index(wanted.date)
    ranked = sorted(members, key=lambda number: str(rows.rows[number][place]))
    return ranked[-1 if wanted.keep == "newest" else 0]


def _merged(row: Row, others: list[Row]) -> Row:
    cells: list[Cell] = []
    for at, cell in enumerate(row):
        known = [other[at] for other in others if other[at] != ""]
        cells.append(cell if cell != "" or not known else known[0])
    return tuple(cells)


def _points(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


def _unique_points(text: str) -> str:
    seen: set[str] = set()
    kept: list[str] = []
    for line in text.splitlines():
        name = " ".join(line.casefold().split())
        if line.startswith("- ") and name in seen:
            continue
        seen.add(name)
        kept.append(line)
    return "\n".join(kept) + "\n"


def _unique_mails(box: Mailbox, keep: Keep) -> tuple[Mail, ...]:
    """Each message id once; with "newest", the newest of each sender and subject."""
    if keep == "first":
        return tuple(dict.fromkeys(box.mails))  # what has the same id is the same to the letter
    newest: dict[tuple[str, str], Mail] = {}
    for mail in box.mails:
        key = (mail.sender, mail.subject.casefold().removeprefix("re: "))
        if key not in newest or mail.sent > newest[key].sent:
            newest[key] = mail
    return tuple(sorted(newest.values(), key=lambda mail: mail.sent))


def _unique_files(folder: Folder, keep: Keep) -> dict[str, bytes]:
    """Of the same content, the file with the shortest path, or the longest with "last"."""
    names = sorted(folder.contents, key=lambda name: (len(name), name), reverse=keep == "last")
    seen: dict[bytes, str] = {}
    for name in names:
        seen.setdefault(folder.contents[name], name)
    return {name: folder.contents[name] for name in sorted(seen.values())}
