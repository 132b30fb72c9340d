"""inspect: list what is there, with sizes and types."""

import ast
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, listing, told_if
from synth.operations.tidying import tidy_of, tidy_rows
from synth.values import (
    ROW_KINDS,
    Cell,
    Config,
    Field,
    Role,
    Row,
    RowSet,
    Use,
    Value,
    matter,
    plain,
)
from synth.values.folder import Folder
from synth.values.text import Tree
from synth.world import Source, World
from synth.world.folders import folder_source
from synth.world.modules import make_modules

View = Literal["files", "kinds", "copies", "functions", "todos", "settings", "columns"]
_TODO = re.compile(r"#\s*TODO:\s*(.*)")


class InspectParams(ParamsModel):
    """What is listed.

    files      path, extension and bytes; with `least`, only files of at least so many bytes
    kinds      extension, how many files, how many bytes
    copies     path, group and bytes of files that have the same content as another
    functions  file, function, line, number of arguments, whether documented
    todos      file, line and text of TODO comments
    settings   section, key, value and type
    columns    column, type, how many cells are filled, empty, different
    """

    view: View
    least: int = 0


class Inspect(GroundedOperation):
    """An inventory as rows."""

    name = "inspect"
    states_order = False
    kinds = (*ROW_KINDS, ArtifactKind.ARCHIVE, ArtifactKind.CODE, ArtifactKind.CONFIG)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """A folder, some scripts, settings or the events."""
        if kind is ArtifactKind.ARCHIVE:
            return (folder_source(world, kind),)
        if kind is ArtifactKind.CODE:
            tree = make_modules(world.rng("modules"), world)
            return (Source(kind, world.input_path("scripts", "", "code"), tree),)
        if kind is ArtifactKind.CONFIG:
            return (world.config_source(),)
        return world.feed_source(kind)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """A view of what is there."""
        views: list[View] = [view for view, fits in _FITS.items() if fits(inputs)]
        if not views:
            return None
        view: View = rng.choice(views)
        least = rng.choice((0,) * 7 + (200,)) if view == "files" and knobs.level > 1 else 0
        params = InspectParams(view=view, least=least).model_dump(mode="json")
        return params if len(self.apply(params, inputs).rows) > 1 else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The inventory."""
        wanted = InspectParams.model_validate(params)
        fields, key, rows = _VIEWS[wanted.view](inputs, wanted.least)
        grouped, use = wanted.view == "kinds", _USES.get(wanted.view, Use.LISTING)
        topic = "files" if grouped else wanted.view
        about = _MATTERS.get(wanted.view)
        return RowSet(
            fields,
            tuple(rows),
            key,
            topic=topic,
            grouped=grouped,
            use=use,
            subject=matter(about) if about else None,
        )

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """One overlooked; figures off by one; the threshold forgotten; the top level only."""
        right = self.apply(params, inputs)
        lost = rng.randrange(len(right.rows))
        yield right.with_rows([row for n, row in enumerate(right.rows) if n != lost])
        numeric = [at for at, field in enumerate(right.fields) if field.numeric]
        if numeric:
            at = numeric[-1]
            yield right.with_rows(
                [
                    tuple(
                        c + 1 if n == at and not isinstance(c, str) else c
                        for n, c in enumerate(row)
                    )
                    for row in right.rows
                ]
            )
        if len(set(right.rows)) > 2:
            ends = [row[-1] for row in right.rows]
            turned = zip(right.rows, [*ends[1:], ends[0]], strict=True)
            if len(set(ends)) > 1:
                yield right.with_rows([(*row[:-1], end) for row, end in turned])
        if params["least"]:
            whole = self.apply({**params, "least": 0}, inputs)
            if len(whole.rows) != len(right.rows):
                yield whole

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{fields}`, and `{order}` and `{least}`: sentences; the view is the variant.

        Of copies, `{numbering}` is the order of the groups; `empty` is said where it matters.
        """
        fields = listing([f"`{name}`" for name in self.apply(params, inputs).names])
        least = params["least"]
        said = f" Leave out files smaller than {least} bytes." if least else ""
        order = _ORDERS[InspectParams.model_validate(params).view]
        return {
            "variant": str(params["view"]),
            "fields": fields,
            "order": f" Sort by {order}." if order else "",
            "least": said,
            **_copy_words(inputs[0]),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input and the view."""
        return f"{stems[0]}_{_STEMS[InspectParams.model_validate(params).view]}"


def _copy_words(value: Value) -> dict[str, str]:
    """How groups of copies are numbered, and whether several files are empty."""
    contents = value.contents if isinstance(value, Folder) else dict[str, bytes]()
    groups = _groups(contents)
    firsts = [names[0] for names in groups.values()]
    plain = sorted(firsts, key=str.casefold) == firsts and all(
        min(names, key=str.casefold) == names[0] for names in groups.values()
    )
    capitals = "" if plain else " (capitals before small letters)"
    return {
        "numbering": f"in the alphabetical order of their first paths{capitals}",
        "empty": told_if(list(contents.values()).count(b"") > 1),
    }


_USES: Mapping[View, Use] = {
    "kinds": Use.RECORDS,
    "copies": Use.ANSWER,
    "settings": Use.ANSWER,
    "columns": Use.ANSWER,
}
_MATTERS: Mapping[View, str] = {
    "files": "files of a folder",
    "kinds": "kinds of files",
    "functions": "functions",
    "todos": "remarks",
}
_Made = tuple[tuple[Field, ...], tuple[str, ...], list[Row]]


def _text(name: str, role: Role = Role.TEXT) -> Field:
    return Field(name, ColumnType.TEXT, role)


def _count(name: str) -> Field:
    return Field(name, ColumnType.INTEGER, Role.MEASURE)


def _place(name: str) -> Field:
    return Field(name, ColumnType.INTEGER, Role.TEXT)


def _folder(inputs: Sequence[Value]) -> Mapping[str, bytes]:
    assert isinstance(inputs[0], Folder)
    return inputs[0].contents


def _extension(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2].lower()


def _files(inputs: Sequence[Value], least: int) -> _Made:
    rows: list[Row] = [
        (name, _extension(name), len(data))
        for name, data in sorted(_folder(inputs).items())
        if len(data) >= least
    ]
    return (
        (_text("path", Role.ID), _text("extension", Role.CATEGORY), _count("bytes")),
        ("path",),
        rows,
    )


def _kinds(inputs: Sequence[Value], least: int) -> _Made:
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for name, data in _folder(inputs).items():
        counts[_extension(name)] += 1
        sizes[_extension(name)] += len(data)
    rows: list[Row] = [(kind, counts[kind], sizes[kind]) for kind in sorted(counts)]
    fields = (_text("extension", Role.CATEGORY), _count("files"), _count("bytes"))
    return fields, ("extension",), rows


def _groups(contents: Mapping[str, bytes]) -> dict[bytes, list[str]]:
    """The names of the files that hold something and are there several times, by content."""
    groups: dict[bytes, list[str]] = {}
    for name, data in sorted(contents.items()):
        if data:
            groups.setdefault(data, []).append(name)
    return {data: names for data, names in groups.items() if len(names) > 1}


def _copies(inputs: Sequence[Value], least: int) -> _Made:
    rows: list[Row] = []
    for number, (data, names) in enumerate(_groups(_folder(inputs)).items(), start=1):
        rows += [(number, name, len(data)) for name in names]
    return (_place("group"), _text("path", Role.ID), _count("bytes")), ("path",), rows


def _modules(inputs: Sequence[Value]) -> Mapping[str, str]:
    assert isinstance(inputs[0], Tree)
    return inputs[0].texts


def _functions(inputs: Sequence[Value], least: int) -> _Made:
    rows: list[Row] = []
    for name, text in sorted(_modules(inputs).items()):
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                said = "yes" if ast.get_docstring(node) else "no"
                rows.append((name, node.name, node.lineno, len(node.args.args), said))
    fields = (
        _text("file", Role.LINK),
        _text("function", Role.ID),
        _place("line"),
        Field("arguments", ColumnType.INTEGER, Role.MEASURE, "level"),
        _text("documented", Role.CATEGORY),
    )
    return fields, ("file", "function"), rows


def _todos(inputs: Sequence[Value], least: int) -> _Made:
    rows: list[Row] = []
    for name, text in sorted(_modules(inputs).items()):
        for number, line in enumerate(text.splitlines(), 1):
            if found := _TODO.search(line):
                rows.append((name, number, found[1].strip()))
    fields = (_text("file", Role.LINK), _place("line"), _text("text"))
    return fields, ("file", "line"), rows


def _settings(inputs: Sequence[Value], least: int) -> _Made:
    assert isinstance(inputs[0], Config)
    rows: list[Row] = [
        (section, key, value, _type_of([value]))
        for section, entries in inputs[0].sections.items()
        for key, value in entries.items()
    ]
    fields = (
        _text("section", Role.CATEGORY),
        _text("key"),
        _text("value"),
        _text("type", Role.CATEGORY),
    )
    return fields, ("section", "key"), rows


def _columns(inputs: Sequence[Value], least: int) -> _Made:
    rows_in = tidy_rows(inputs)
    assert rows_in is not None
    rows: list[Row] = []
    for field in rows_in.fields:
        said = [plain(cell) for cell in rows_in.values(field.name)]
        filled = [cell for cell in said if cell]
        rows.append(
            (field.name, _type_of(filled), len(filled), len(said) - len(filled), len(set(filled)))
        )
    fields = (
        _text("column", Role.ID),
        _text("type", Role.CATEGORY),
        _count("filled"),
        _count("empty"),
        _count("different"),
    )
    return fields, ("column",), rows


def _type_of(cells: Sequence[str]) -> str:
    if cells and all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in cells):
        return "number"
    if cells and all(re.fullmatch(r"\d{4}-\d\d-\d\d", cell) for cell in cells):
        return "date"
    if cells and all(cell in ("yes", "no") for cell in cells):
        return "yes/no"
    return "text"


def _has_rows(inputs: Sequence[Value]) -> bool:
    rows = None if tidy_of(inputs) else tidy_rows(inputs)
    if rows is None or rows.grouped or rows.topic == "columns":
        return False  # nobody asks for the columns of a list of columns
    return not _has_doubtful(rows)


def _has_doubtful(rows: RowSet) -> bool:
    """Figures that may be written in two ways, such as unrounded means."""
    cells: list[Cell] = [cell for row in rows.rows for cell in row]
    return any(isinstance(cell, float) and round(cell, 2) != cell for cell in cells)


_ORDERS: dict[View, str] = {
    "files": "path",
    "kinds": "extension",
    "copies": "group, then path",
    "functions": "file, then line",
    "todos": "file, then line",
    "settings": "",
    "columns": "",
}
_STEMS: Mapping[View, str] = {
    "files": "inventory",
    "kinds": "file_types",
    "copies": "duplicates",
    "functions": "functions",
    "todos": "todos",
    "settings": "list",
    "columns": "profile",
}
_FITS: dict[View, Callable[[Sequence[Value]], bool]] = {
    "files": lambda inputs: isinstance(inputs[0], Folder),
    "kinds": lambda inputs: isinstance(inputs[0], Folder),
    "copies": lambda inputs: isinstance(inputs[0], Folder),
    "functions": lambda inputs: _is_python(inputs[0]),
    "todos": lambda inputs: _is_python(inputs[0]),
    "settings": lambda inputs: isinstance(inputs[0], Config),
    "columns": _has_rows,
}


def _is_python(value: Value) -> bool:
    return isinstance(value, Tree) and all(name.endswith(".py") for name in value.texts)


_VIEWS: dict[View, Callable[[Sequence[Value], int], _Made]] = {
    "files": _files,
    "kinds": _kinds,
    "copies": _copies,
    "functions": _functions,
    "todos": _todos,
    "settings": _settings,
    "columns": _columns,
}
