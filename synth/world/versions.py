"""Two versions of one thing: an export, a settings file, a text, a folder, some code."""

import random
from collections.abc import Sequence

from clawgym.artifact import ArtifactKind
from synth.values import ROW_KINDS, Config, Row, RowSet, Value
from synth.values.folder import Folder
from synth.world.columns import another, is_free
from synth.world.config import Service
from synth.world.folders import make_folder, new_file, rewritten
from synth.world.guide import make_guides
from synth.world.modules import changed_modules, make_modules
from synth.world.source import Source
from synth.world.world import World

_STAMPS = (("old", "new"), ("v1", "v2"), ("before", "after"))
_ROW_STAMPS = (("old", "new"), ("v1", "v2"), ("first", "corrected"))
"""What two versions are called; rows differ as somebody has put them right and completed them."""

_PLACES = {
    ArtifactKind.CONFIG: "config",
    ArtifactKind.ARCHIVE: "drive",
    ArtifactKind.CODE: "code",
}


def versions(world: World, kind: ArtifactKind) -> Sequence[Source] | None:
    """The older and the newer version, or None where rows come as another kind of file here."""
    rng = world.rng(f"versions-{kind}")
    made = _pair(rng, world, kind)
    if made is None:
        return None
    stem, extension, values = made
    place = _PLACES.get(kind, "")
    stamps = rng.choice(_ROW_STAMPS if kind in ROW_KINDS else _STAMPS)
    return [
        Source(kind, world.input_path(f"{stem}_{stamp}", extension, place), value)
        for stamp, value in zip(stamps, values, strict=True)
    ]


def _pair(
    rng: random.Random, world: World, kind: ArtifactKind
) -> tuple[str, str, tuple[Value, Value]] | None:
    if kind in ROW_KINDS:
        if kind is not world.form:
            return None
        return world.domain.feed, world.extension(kind), _rows(rng, world)
    if kind is ArtifactKind.CONFIG:
        changed = _changed_config(rng, world.config, world.service)
        return world.service.name, "ini", (world.config, changed)
    if kind is ArtifactKind.ARCHIVE:
        folder = make_folder(rng, world)
        return "backup", rng.choice(("", "zip")), (folder, _changed_folder(rng, world, folder))
    if kind is ArtifactKind.CODE:
        tree = make_modules(rng, world)
        return "scripts", "", (tree, changed_modules(rng, tree))
    return f"{world.domain.feed}_guide", "md", make_guides(rng, world)


def _rows(rng: random.Random, world: World) -> tuple[RowSet, RowSet]:
    """The feed before it was gone through, and after: some rows struck out, put right or added."""
    feed = world.clean_feed
    count = len(feed.rows)
    numbers = rng.sample(range(count), max(4, count // 2))
    share = max(1, len(numbers) // 4)
    gone, late, edited = numbers[:share], numbers[share : 2 * share], numbers[2 * share :]
    old = [row for number, row in enumerate(feed.rows) if number not in late]
    new = [
        _corrected(rng, world, row) if number in edited else row
        for number, row in enumerate(feed.rows)
        if number not in gone
    ]
    return feed.with_rows(old), feed.with_rows(new)


def _corrected(rng: random.Random, world: World, row: Row) -> Row:
    """The row with another value in one cell or two, each of which goes with the rest."""
    makers, cells = world.domain.columns, list(row)
    names = [maker.name for maker in makers]
    free = [maker.name for maker in makers if is_free(maker, makers)]
    for name in rng.sample(free, min(len(free), rng.choice((1, 1, 2)))):
        at = names.index(name)
        known = dict(zip(names, cells, strict=True))
        cells[at] = another(rng, makers[at], known)
    return tuple(cells)


def _changed_config(rng: random.Random, config: Config, service: Service) -> Config:
    """The settings after some were changed or struck out, and some were added to sections."""
    lines: list[str] = []
    for block in config.text.rstrip("\n").split("\n\n"):
        lines += [""] if lines else []
        for line in block.splitlines():
            key, equals, value = line.partition(" = ")
            if not equals or rng.random() > 0.3:
                lines.append(line)
            elif rng.random() < 0.7:
                lines.append(f"{key} = {_turned(rng, value, service.keys.get(key, ()))}")
        if block.startswith("[") and not block.startswith("[baseline]") and rng.random() < 0.3:
            key, values = rng.choice(list(service.added.items()))
            lines.append(f"{key} = {rng.choice(values)}")
    return Config("\n".join(lines) + "\n", _sections(lines))


def _turned(rng: random.Random, value: str, known: Sequence[str]) -> str:
    """Another of the values that a setting may have; another figure where any may stand."""
    others = sorted({*known} - {value})
    if others:
        return rng.choice(others)
    return str(int(value) * 2 if rng.random() < 0.7 else max(1, int(value) // 2))


def _sections(lines: Sequence[str]) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    section = ""
    for line in lines:
        key, equals, value = line.partition(" = ")
        if line.startswith("["):
            section = line[1:-1]
            sections[section] = {}
        elif equals and not line.startswith(("#", ";")):
            sections[section][key] = value
    return sections


def _changed_folder(rng: random.Random, world: World, folder: Folder) -> Folder:
    """Some files gone, some worked on, some new."""
    contents = dict(folder.contents)
    names = rng.sample(sorted(contents), max(3, len(contents) // 3))
    subfolders = sorted({name.partition("/")[0] for name in contents if "/" in name}) or ["new"]
    for number, name in enumerate(names):
        if number % 3 == 0:
            del contents[name]
        elif number % 3 == 1:
            contents[name] = rewritten(rng, world, name)
        else:
            made, data = new_file(rng, world, subfolders, {*contents, *folder.contents})
            contents[made] = data
    return Folder(dict(sorted(contents.items())))
