"""Two versions of one thing: an export, a settings file, a text, a folder, some code."""

import random
from collections.abc import Sequence
from dataclasses import replace

from clawgym.artifact import ArtifactKind
from synth.values import ROW_KINDS, Cell, Config, Role, Row, RowSet, Value
from synth.values.folder import Folder
from synth.values.text import TextFile, Tree
from synth.world.folders import make_folder
from synth.world.modules import make_modules
from synth.world.source import Source
from synth.world.world import World

_STAMPS = (("old", "new"), ("v1", "v2"), ("last_week", "today"), ("before", "after"))
_PLACES = {
    ArtifactKind.CONFIG: "config",
    ArtifactKind.ARCHIVE: "drive",
    ArtifactKind.CODE: "code",
}
_ADDED = ("retries", "max_size_mb", "warn_after")


def versions(world: World, kind: ArtifactKind) -> Sequence[Source] | None:
    """The older and the newer version, or None where rows come as another kind of file here."""
    rng = world.rng(f"versions-{kind}")
    made = _pair(rng, world, kind)
    if made is None:
        return None
    stem, extension, values = made
    place = _PLACES.get(kind, "")
    return [
        Source(kind, world.input_path(f"{stem}_{stamp}", extension, place), value)
        for stamp, value in zip(rng.choice(_STAMPS), values, strict=True)
    ]


def _pair(
    rng: random.Random, world: World, kind: ArtifactKind
) -> tuple[str, str, tuple[Value, Value]] | None:
    feed = world.clean_feed
    if kind in ROW_KINDS:
        if kind is not world.form:
            return None
        return world.domain.feed, world.extension(kind), (feed, _changed_rows(rng, feed))
    if kind is ArtifactKind.CONFIG:
        return world.service.name, "ini", (world.config, _changed_config(rng, world.config))
    if kind is ArtifactKind.ARCHIVE:
        folder = make_folder(rng, world)
        return "backup", rng.choice(("", "zip")), (folder, _changed_folder(rng, folder))
    if kind is ArtifactKind.CODE:
        tree = make_modules(rng, world)
        return "scripts", "", (tree, _changed_tree(rng, tree))
    text = _guide(rng, world)
    return f"{world.domain.feed}_guide", "md", (text, _changed_text(rng, text))


def _changed_rows(rng: random.Random, feed: RowSet) -> RowSet:
    """Some rows gone, some changed in one or two cells, some new ones, another order."""
    count = len(feed.rows)
    numbers = rng.sample(range(count), max(4, count // 2))
    gone, edited = numbers[: len(numbers) // 3], numbers[len(numbers) // 3 :]
    rows: list[Row] = [row for number, row in enumerate(feed.rows) if number not in gone]
    for number in edited:
        rows[rows.index(feed.rows[number])] = _edited_row(rng, feed, feed.rows[number])
    known = set(feed.values(feed.key[0]))
    fresh = rng.sample(edited, max(1, len(edited) // 4))
    rows += [_new_row(feed, feed.rows[number], known) for number in fresh]
    rng.shuffle(rows)
    return feed.with_rows(rows)


def _edited_row(rng: random.Random, feed: RowSet, row: Row) -> Row:
    cells = list(row)
    fields = feed.of_role(Role.MEASURE, Role.CATEGORY)
    for field in rng.sample(fields, min(len(fields), rng.choice((1, 1, 2)))):
        at = feed.index(field.name)
        cells[at] = _other(rng, feed.values(field.name), cells[at])
    return tuple(cells)


def _other(rng: random.Random, values: list[Cell], cell: Cell) -> Cell:
    if isinstance(cell, int):
        return cell + rng.randint(1, 9)
    if isinstance(cell, float):
        return round(cell + rng.choice((-1, 1, 2)) * 1.25, 2)
    return rng.choice(values)


def _new_row(feed: RowSet, row: Row, known: set[Cell]) -> Row:
    """The next of its kind: its id is the next that is not known yet, and becomes known."""
    at = feed.index(feed.key[0])
    text = str(row[at])
    prefix = text.rstrip("0123456789")
    number, width = int(text[len(prefix) :] or "0"), len(text) - len(prefix)
    while f"{prefix}{number:0{width}d}" in known:
        number += 1
    made = list(row)
    made[at] = f"{prefix}{number:0{width}d}"
    known.add(made[at])
    return tuple(made)


def _changed_config(rng: random.Random, config: Config) -> Config:
    lines: list[str] = []
    section = ""
    for line in config.text.splitlines():
        key, equals, value = line.partition(" = ")
        if equals and rng.random() < 0.3:
            if rng.random() < 0.7:
                lines.append(f"{key} = {_turned(rng, value)}")
            continue
        lines.append(line)
        section = line[1:-1] if line.startswith("[") else section
        if line.startswith("[") and section != "baseline" and rng.random() < 0.3:
            lines.append(f"{rng.choice(_ADDED)} = {rng.randint(2, 9)}")
    return Config("\n".join(lines) + "\n", _sections(lines))


def _turned(rng: random.Random, value: str) -> str:
    if value in ("yes", "no"):
        return "no" if value == "yes" else "yes"
    return str(int(value) + rng.choice((2, 5, 10, 20))) if value.isdigit() else f"{value}-new"


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


def _changed_folder(rng: random.Random, folder: Folder) -> Folder:
    contents = dict(folder.contents)
    names = rng.sample(sorted(contents), max(3, len(contents) // 3))
    for number, name in enumerate(names):
        if number % 3 == 0:
            del contents[name]
        elif number % 3 == 1:
            contents[name] += b"one more line\n"
        else:
            head, dot, end = name.rpartition(".")
            contents[f"{head}_final{dot}{end}"] = contents[name] + b"done\n"
    return Folder(dict(sorted(contents.items())))


def _changed_tree(rng: random.Random, tree: Tree) -> Tree:
    texts = dict(tree.texts)
    names = rng.sample(sorted(texts), max(2, len(texts) // 2))
    for number, name in enumerate(names):
        if number % 3 == 2:
            del texts[name]
        elif number % 3 == 1:
            texts[f"new_{name.rpartition('/')[2]}"] = texts[name].replace("return", "return  ", 1)
        else:
            texts[name] = texts[name] + "\n\nVERSION = 2\n"
    return Tree(dict(sorted(texts.items())))


def _guide(rng: random.Random, world: World) -> TextFile:
    """Rules that people work by, each line another."""
    feed, domain, staff = world.clean_feed, world.domain, world.backdrop.staff
    lines = [f"# How we handle {domain.feed.replace('_', ' ')}", ""]
    for field in feed.of_role(Role.CATEGORY):
        lines += [f"## By {field.name.replace('_', ' ')}", ""]
        for value in sorted({str(value) for value in feed.values(field.name)}):
            lines.append(
                f"- {value}: answered within {rng.randint(1, 20)} days by {rng.choice(staff)}."
            )
        lines.append("")
    lines += ["## Who to ask", ""]
    lines += [f"- {name}: extension {rng.randint(200, 899)}." for name in staff]
    return TextFile("\n".join(lines) + "\n")


def _changed_text(rng: random.Random, text: TextFile) -> TextFile:
    """Some lines gone, some reworded, some new; the rest in its order."""
    lines = text.text.splitlines()
    points = [number for number, line in enumerate(lines) if line.startswith("- ")]
    for number in sorted(rng.sample(points, max(3, len(points) // 3)), reverse=True):
        how = rng.random()
        if how < 0.3:
            del lines[number]
        elif how < 0.7:
            lines[number] = lines[number].replace(".", f" since {rng.randint(2019, 2025)}.", 1)
        else:
            lines.insert(number + 1, f"- New here: see note {rng.randint(10, 99)}-{number}.")
    return replace(text, text="\n".join(lines) + "\n")
