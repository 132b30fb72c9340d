"""Distractors: what else lies about in a real folder, and what has to be said about it.

Old copies of a source and another month of it lie there without a word, as the instruction names
its files. In a few hard tasks it says of one of them, or of a colleague's note, not to go by it.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from clawgym.artifact import ArtifactKind
from clawgym.files import Files
from synth.beginning import lead_node, takes_feed
from synth.operations.base import Slot
from synth.scene import Scene
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.period import Period
from synth.values import ROW_KINDS, Config, Role, RowSet
from synth.values.crontab import Crontab
from synth.values.text import TextFile
from synth.values.texts import Texts
from synth.world.feed import make_feed

_PLAIN_TEXT = (Config, Crontab, TextFile, Texts)
_DATED = re.compile(r"\d{4}")
_TRAPS_FROM, _TRAPS = 4, 0.16
"""The level from which something may be there to be told apart, and how often it is."""

_UNDATED = 0.4
"""How often an earlier export does not say in its name until when it goes."""

_FEWEST = 6
"""Lines that a text has at least of which an older copy lies about."""


@dataclass(frozen=True)
class Clutter:
    """Files that a task does not need; `remarks` are sentences about them for the instruction."""

    files: Files
    remarks: tuple[str, ...] = ()


NOTHING = Clutter(Files())
_Made = tuple[str, bytes, str] | None


class _Words(Data):
    """`data/distractors.toml`: names and remarks of old copies, notes with what is said of them."""

    old_names: tuple[str, ...]
    old_remarks: tuple[str, ...]
    readme_names: tuple[str, ...]
    readmes: tuple[str, ...]
    note_names: tuple[str, ...]
    notes: tuple[str, ...]
    note_remarks: tuple[str, ...]
    columns: tuple[str, ...]


@cache
def _words() -> _Words:
    return read_toml(_Words, "distractors.toml")


def clutter_of(rng: random.Random, scene: Scene) -> Clutter:
    """As much clutter as the world's knobs say, beside the sources of a scene."""
    wanted = rng.randint(*scene.world.knobs.distractors)
    talked_of = scene.world.knobs.level >= _TRAPS_FROM and rng.random() < _TRAPS
    misleading = rng.choice((_old_rows, _note)) if talked_of else _old_rows
    of_feed = [misleading, _other_month, _columns]
    makers = of_feed if takes_feed(scene) else [_old_text, _readme]
    entries: dict[str, bytes] = {}
    remarks: list[str] = []
    for maker in rng.sample(makers, min(wanted, len(makers))):
        made = maker(rng, scene)
        if made is None or _in_the_way(scene, made[0]) or made[0] in entries:
            continue
        path, data, remark = made
        entries[path] = data
        remarks += [remark] if remark and talked_of else []
    return Clutter(Files(entries), tuple(remarks)) if entries else NOTHING


def _old_rows(rng: random.Random, scene: Scene) -> _Made:
    """An earlier export of a source: some rows not there yet, some figures other."""
    sources = [
        slot
        for slot in _sources(scene)
        if type(slot.value) is RowSet and slot.kind in ROW_KINDS and not slot.side
    ]
    if not sources:
        return None
    slot = rng.choice(sources)
    rows = slot.value
    assert isinstance(rows, RowSet)
    older = rows.with_rows(list(rows.rows[: max(1, len(rows.rows) * 2 // 3)]))
    dates = rows.of_role(Role.DATE)
    if rows.topic != scene.world.domain.feed or not dates or rng.random() < _UNDATED:
        return _old(rng, scene, slot, lambda path: older.files(slot.kind, path)[path])
    at = rows.index(dates[0].name)
    day = max(str(row[at]) for row in older.rows)
    older = rows.with_rows([row for row in rows.rows if str(row[at]) <= day])
    return _old(rng, scene, slot, lambda path: older.files(slot.kind, path)[path], f"_until_{day}")


def _old_text(rng: random.Random, scene: Scene) -> _Made:
    """An earlier copy of a text, which lacks its last lines."""
    sources = [slot for slot in _sources(scene) if isinstance(slot.value, _PLAIN_TEXT)]
    sources = [
        slot
        for slot in sources
        if slot.path in slot.value.files(slot.kind, slot.path) and slot.kind is not ArtifactKind.LOG
    ]
    if not sources:
        return None
    slot = rng.choice(sources)
    lines = slot.value.files(slot.kind, slot.path)[slot.path].splitlines(keepends=True)
    if len(lines) < _FEWEST:
        return None
    breaks = [place for place, line in enumerate(lines) if not line.strip()]
    whole = [place for place in breaks if len(lines) // 2 <= place < len(lines) - 1]
    older = b"".join(lines[: whole[0] if whole else len(lines) * 2 // 3])
    return _old(rng, scene, slot, lambda path: older)


def _old(
    rng: random.Random, scene: Scene, slot: Slot, data: Callable[[str], bytes], state: str = ""
) -> _Made:
    if lead_node(scene).operation == "compare" or _DATED.search(slot.path.rpartition("/")[2]):
        return None  # one of two versions has no third, nor has what is named after its day
    folder, _, name = slot.path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    last = scene.world.setting.period.start
    names = (f"{{folder}}/{{stem}}{state}.{{extension}}",) if state else _words().old_names
    path = rng.choice(names).format(
        folder=folder, stem=stem, extension=extension, year=last.year - 1, month=f"{last.month:02d}"
    )
    remark = rng.choice(_words().old_remarks).format(old=f"`{path}`", new=f"`{slot.path}`")
    return path, data(path), remark


def _other_month(rng: random.Random, scene: Scene) -> _Made:
    """The feed of the month before, where a month has a folder of its own."""
    world = scene.world
    if world.form not in ROW_KINDS or "{mm}" not in world.domain.sources:
        return None
    today = world.period.start
    before = Period((today - timedelta(days=1)).replace(day=1), today)
    rng, size = world.rng("month before"), world.size
    rows = make_feed(rng, world.backdrop, before, size, before=True)
    feed, now, then = world.domain.feed, f"{today:%Y-%m}", f"{before.start:%Y-%m}"
    path = world.input_path(feed, world.extension(world.form))
    if now not in path:
        path = world.input_path(f"{feed}_{now}", world.extension(world.form))
    path = path.replace(now, then)
    return path, rows.files(world.form, path)[path], ""


def _columns(rng: random.Random, scene: Scene) -> _Made:
    """What the columns of the feed are, unless somebody says that nobody has written that down."""
    nodes = [*scene.nodes, *(scene.past.scene.nodes if scene.past else ())]
    if any(node.operation == "inspect" for node in nodes):
        return None
    world = scene.world
    head = f"# Columns of the {world.domain.plural}\n\n"
    if not world.setting.persona.private:
        head += rng.choice(_words().columns).format(**_said(rng, scene)) + "\n\n"
    lines = [f"- `{field.name}`: {field.type}\n" for field in world.clean_feed.fields]
    return world.input_path("README", "md"), (head + "".join(lines)).encode(), ""


def _note(rng: random.Random, scene: Scene) -> _Made:
    """A colleague's note that says otherwise; the instruction says who is right."""
    path = scene.world.input_path(*rng.choice(_words().note_names).rsplit(".", 1))
    text = rng.choice(_words().notes).format(**_said(rng, scene))
    remark = rng.choice(_words().note_remarks).format(note=f"`{path}`")
    return path, text.encode(), remark


def _readme(rng: random.Random, scene: Scene) -> _Made:
    """Where the files come from and who knows more, beside what the work starts with."""
    before = scene.past.scene if scene.past else scene
    if scene.world.setting.persona.private or lead_node(scene).operation == "compare":
        return None
    first = before.slots[lead_node(scene).inputs[0]]
    if first.id in scene.served or not first.fresh:
        return None
    folder, _, name = first.path.rpartition("/")
    said = _said(rng, scene) | {"name": scene.world.setting.persona.name, "file": name}
    text = rng.choice(_words().readmes).format(**said)
    return f"{folder}/{rng.choice(_words().readme_names)}", text.encode(), ""


def _said(rng: random.Random, scene: Scene) -> dict[str, str]:
    setting = scene.world.setting
    return {
        "plural": setting.domain.plural,
        "singular": setting.domain.singular,
        "feed": setting.domain.feed,
        "month": setting.period.month,
        "day": setting.locale.written(setting.today),
        "name": rng.choice(scene.world.backdrop.staff),
    }


def _sources(scene: Scene) -> list[Slot]:
    """What the task starts with and takes, earlier results aside."""
    made = {node.output for node in (scene.past.scene.nodes if scene.past else ())}
    return [
        slot
        for slot in scene.slots.values()
        if slot.fresh and slot.used and slot.id not in made | scene.served
    ]


def _in_the_way(scene: Scene, path: str) -> bool:
    """Whether something of the task lies there, above it or below it."""
    places = [slot.path for slot in scene.slots.values()]
    if scene.past:
        places += [left.path for left in scene.past.leftovers]
    return any(
        path == place or path.startswith(f"{place}/") or place.startswith(f"{path}/")
        for place in places
    )
