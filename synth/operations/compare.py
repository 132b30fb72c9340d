"""compare: list what differs between two versions."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, listing, told_if
from synth.values import ROW_KINDS, Cell, Config, Field, Role, Row, RowSet, Use, Value, matter
from synth.values.folder import Folder
from synth.values.text import TextFile, Tree
from synth.world import Source, World
from synth.world.versions import versions

Way = Literal["rows", "figures", "settings", "files", "lines"]


def _text(name: str, role: Role = Role.TEXT) -> Field:
    return Field(name, ColumnType.TEXT, role)


_CHANGE = _text("change", Role.CATEGORY)


class CompareParams(ParamsModel):
    """How the two are compared.

    rows      by `key`: added, removed, changed, with the names of the columns that changed
    figures   by `key`: the old and the new `column` and the difference, where they differ
    settings  section by section, key by key
    files     path by path; lines: line by line
    """

    way: Way
    key: str = ""
    column: str = ""


class Compare(GroundedOperation):
    """What was added, removed or changed from the first input to the second."""

    name = "compare"
    states_order = False
    kinds = (
        *ROW_KINDS,
        ArtifactKind.DOCUMENT,
        ArtifactKind.CONFIG,
        ArtifactKind.CODE,
        ArtifactKind.ARCHIVE,
    )

    def takes(self, slots: Sequence[object], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Nothing at hand: two versions of one thing have to be put there."""
        return iter(())

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """The old and the new version of one thing."""
        return versions(world, kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """By what both sides are."""
        old, new = inputs
        params: CompareParams | None = None
        if isinstance(old, RowSet) and isinstance(new, RowSet) and len(old.key) == 1:
            params = _propose_rows(rng, old, new)
        elif isinstance(old, Config):
            params = CompareParams(way="settings")
        elif isinstance(old, (Folder, Tree)):
            params = CompareParams(way="files")
        elif isinstance(old, TextFile):
            params = CompareParams(way="lines")
        if params is None:
            return None
        said = params.model_dump(mode="json")
        return said if len(self.apply(said, inputs).rows) > 1 else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """One row for each difference."""
        return _WAYS[CompareParams.model_validate(params).way](params, *inputs)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Old and new mixed up; only what is on both sides; one difference overlooked."""
        right = self.apply(params, inputs)
        swapped = self.apply(params, [inputs[1], inputs[0]])
        if sorted(swapped.rows, key=str) != sorted(right.rows, key=str):
            yield swapped
        if "change" in right.names:
            at = right.index("change")
            some = [row for row in right.rows if row[at] != "added"]
            if 0 < len(some) < len(right.rows):
                yield right.with_rows(some)
        lost = rng.randrange(len(right.rows))
        yield right.with_rows([row for n, row in enumerate(right.rows) if n != lost])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{key}`, `{column}`, `{fields}`, `{order}` (a sentence); the way is the variant.

        `gaps` says that something is on one side only, `several` that a row differs in more than
        one column.
        """
        wanted, found = CompareParams.model_validate(params), self.apply(params, inputs)
        fields = listing([f"`{name}`" for name in found.names])
        order = _ORDERS[wanted.way]
        if "change" in found.names and "added" not in found.values("change"):
            order = _NONE_ADDED.get(order, order)
        return {
            "variant": wanted.way,
            "key": f"`{wanted.key}`",
            "column": f"`{wanted.column}`",
            "fields": fields,
            "order": f" {order}",
            "gaps": told_if(any("" in row for row in found.rows)),
            "several": told_if(any("; " in str(row[-1]) for row in found.rows)),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The newer one, marked as changes."""
        return f"{stems[1]}_changes"


def _propose_rows(rng: random.Random, old: RowSet, new: RowSet) -> CompareParams | None:
    key = old.key[0]
    if old.duplicated or new.duplicated or old.names != new.names:
        return None
    partner = {row[old.index(key)]: row for row in new.rows}
    places = [old.index(field.name) for field in old.of_role(Role.MEASURE)]
    moved = [
        old.names[at]
        for at in places
        if sum(partner.get(r[old.index(key)], r)[at] != r[at] for r in old.rows) > 1
    ]
    if moved and rng.random() < 0.4:
        return CompareParams(way="figures", key=key, column=rng.choice(moved))
    return CompareParams(way="rows", key=key)


def _rows(params: Params, old: Value, new: Value) -> RowSet:
    assert isinstance(old, RowSet)
    assert isinstance(new, RowSet)
    at = old.index(str(params["key"]))
    left = {row[at]: row for row in old.rows}
    right = {row[at]: row for row in new.rows}
    rows: list[Row] = []
    for key, row in left.items():
        if key not in right:
            rows.append((key, "removed", ""))
        elif right[key] != row:
            pairs = zip(old.names, row, right[key], strict=True)
            rows.append((key, "changed", "; ".join(n for n, a, b in pairs if a != b)))
    rows += [(key, "added", "") for key in right if key not in left]
    fields = (old.field(str(params["key"])), _CHANGE, _text("columns"))
    topic = f"changes to {old.topic}"
    return RowSet(
        fields,
        tuple(rows),
        (fields[0].name,),
        topic,
        use=Use.LISTING,
        subject=matter("changed rows"),
    )


def _figures(params: Params, old: Value, new: Value) -> RowSet:
    assert isinstance(old, RowSet)
    assert isinstance(new, RowSet)
    key, column = str(params["key"]), str(params["column"])
    after = dict(zip(new.values(key), new.values(column), strict=True))
    rows: list[Row] = []
    for name, before in zip(old.values(key), old.values(column), strict=True):
        now = after.get(name, before)
        if now != before and not isinstance(now, str) and not isinstance(before, str):
            rows.append((name, before, now, round(now - before, 2)))
    kind, scale = old.field(column).type, old.field(column).scale
    fields = (
        old.field(key),
        Field(f"old_{column}", kind, Role.MEASURE, "level"),
        Field(f"new_{column}", kind, Role.MEASURE, "level"),
        Field("difference", kind, Role.MEASURE, scale),
    )
    return RowSet(
        fields,
        tuple(rows),
        (key,),
        topic=f"changes to {old.topic}",
        subject=matter("changed figures"),
    )


def _settings(params: Params, old: Value, new: Value) -> RowSet:
    assert isinstance(old, Config)
    assert isinstance(new, Config)
    names = list(dict.fromkeys([*_flat(old), *_flat(new)]))
    rows: list[Row] = []
    for name in names:
        before, now = _flat(old).get(name), _flat(new).get(name)
        if before != now:
            rows.append((*name, _said(before, now), before or "", now or ""))
    fields = (
        _text("section", Role.CATEGORY),
        _text("key"),
        _CHANGE,
        _text("old"),
        _text("new"),
    )
    return RowSet(
        fields,
        tuple(rows),
        ("section", "key"),
        "changed settings",
        use=Use.LISTING,
        subject=matter("changed settings"),
    )


def _flat(config: Config) -> dict[tuple[str, str], str]:
    return {
        (section, key): value
        for section, entries in config.sections.items()
        for key, value in entries.items()
    }


def _said(before: object, now: object) -> str:
    return "added" if before is None else "removed" if now is None else "changed"


def _files(params: Params, old: Value, new: Value) -> RowSet:
    before, now = _contents(old), _contents(new)
    rows: list[Row] = [
        (name, _said(before.get(name), now.get(name)), _size(before, name), _size(now, name))
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    sizes = (Field(name, ColumnType.INTEGER, Role.TEXT) for name in ("old_bytes", "new_bytes"))
    fields = (_text("path", Role.ID), _CHANGE, *sizes)
    return RowSet(
        fields,
        tuple(rows),
        ("path",),
        "changed files",
        use=Use.LISTING,
        subject=matter("changed files"),
    )


def _contents(value: Value) -> Mapping[str, bytes]:
    if isinstance(value, Folder):
        return value.contents
    assert isinstance(value, Tree)
    return {name: text.encode() for name, text in value.texts.items()}


def _size(contents: Mapping[str, bytes], name: str) -> Cell:
    return len(contents[name]) if name in contents else ""


def _lines(params: Params, old: Value, new: Value) -> RowSet:
    assert isinstance(old, TextFile)
    assert isinstance(new, TextFile)
    before, now = old.text.splitlines(), new.text.splitlines()
    rows: list[Row] = [
        ("removed", number, line.strip())
        for number, line in enumerate(before, 1)
        if line.strip() and line not in now
    ]
    rows += [
        ("added", number, line.strip())
        for number, line in enumerate(now, 1)
        if line.strip() and line not in before
    ]
    fields = (_CHANGE, Field("line", ColumnType.INTEGER, Role.TEXT), _text("text"))
    return RowSet(
        fields,
        tuple(rows),
        ("change", "line"),
        "changed lines",
        use=Use.LISTING,
        subject=matter("changed lines"),
    )


_AS_OLD = "Keep the order of the old file, with what was added at the end."
_NONE_ADDED = {_AS_OLD: "Keep the order of the old file."}
_ORDERS = {
    "rows": _AS_OLD,
    "figures": "Keep the order of the old file.",
    "settings": _AS_OLD,
    "files": "Sort by path.",
    "lines": "List the removed lines first, then the added ones, both by number.",
}
_WAYS = {
    "rows": _rows,
    "figures": _figures,
    "settings": _settings,
    "files": _files,
    "lines": _lines,
}
