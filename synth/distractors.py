"""Distractors: what else lies about in a real folder, and what has to be said about it.

Old copies of a source, files of other matters, and notes that contradict the request. Whatever
could be mistaken for the real thing is told apart in a remark, which the instruction states.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from clawgym.files import Files
from synth.scene import Scene
from synth.taxonomy._toml import Data, read_toml
from synth.taxonomy.domain import domains
from synth.values import ROW_KINDS, RowSet
from synth.world import World

_TRIES = 4


@dataclass(frozen=True)
class Clutter:
    """Files that a task does not need; `remarks` are sentences about them for the instruction."""

    files: Files
    remarks: tuple[str, ...] = ()


NOTHING = Clutter(Files())


class _Words(Data):
    """`data/distractors.toml`: names and remarks of old copies, notes with what is said of them."""

    old_names: tuple[str, ...]
    old_remarks: tuple[str, ...]
    note_names: tuple[str, ...]
    notes: tuple[str, ...]
    note_remarks: tuple[str, ...]


@cache
def _words() -> _Words:
    return read_toml(_Words, "distractors.toml")


def clutter_of(rng: random.Random, scene: Scene) -> Clutter:
    """As much clutter as the world's knobs say, beside the sources of a scene."""
    wanted = rng.randint(*scene.world.knobs.distractors)
    makers = [_old_copy, _other_matter, _other_matter, _note]
    entries: dict[str, bytes] = {}
    remarks: list[str] = []
    used: set[Callable[..., object]] = set()
    for _ in range(wanted):
        maker = rng.choice(makers)
        if maker in used and maker is not _other_matter:
            continue
        used.add(maker)
        made = maker(rng, scene)
        if made is None or _in_the_way(scene, made[0]) or made[0] in entries:
            continue
        path, data, remark = made
        entries[path] = data
        remarks += [remark] if remark else []
    return Clutter(Files(entries), tuple(remarks)) if entries else NOTHING


def _old_copy(rng: random.Random, scene: Scene) -> tuple[str, bytes, str] | None:
    """An earlier export of a source: some rows not there yet, some figures other."""
    made = {node.output for node in (scene.past.scene.nodes if scene.past else ())}
    sources = [
        slot
        for slot in scene.slots.values()
        if slot.fresh and slot.used and slot.id not in made
        if type(slot.value) is RowSet and slot.kind in ROW_KINDS
    ]
    if not sources:
        return None
    slot = rng.choice(sources)
    rows = slot.value
    assert isinstance(rows, RowSet)
    kept = list(rows.rows[: max(1, len(rows.rows) * 2 // 3)])
    folder, _, name = slot.path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    last = scene.world.setting.period.start
    path = rng.choice(_words().old_names).format(
        folder=folder, stem=stem, extension=extension, year=last.year - 1, month=f"{last.month:02d}"
    )
    data = rows.with_rows(kept).files(slot.kind, path)[path]
    remark = rng.choice(_words().old_remarks).format(old=f"`{path}`", new=f"`{slot.path}`")
    return path, data, remark


def _other_matter(rng: random.Random, scene: Scene) -> tuple[str, bytes, str] | None:
    """A file of another matter: nobody would take it for what is asked about."""
    world = scene.world
    for _ in range(_TRIES):
        domain = rng.choice(domains())
        forms = [kind for kind in domain.entry if kind in ROW_KINDS]
        if domain.feed == world.domain.feed or not forms:
            continue
        form = rng.choice(forms)
        knobs = replace(world.knobs, level=1)
        other = World.of(replace(world.setting, domain=domain), form, knobs, rng.getrandbits(63))
        path = world.input_path(domain.feed, other.extension(form))
        return path, other.clean_feed.files(form, path)[path], ""
    return None


def _note(rng: random.Random, scene: Scene) -> tuple[str, bytes, str] | None:
    """A colleague's note that says otherwise; the instruction says who is right."""
    world, words = scene.world, _words()
    path = world.input_path(*rng.choice(words.note_names).rsplit(".", 1))
    setting = world.setting
    text = rng.choice(words.notes).format(
        plural=world.domain.plural,
        singular=world.domain.singular,
        feed=world.domain.feed,
        month=setting.period.month,
        day=setting.locale.written(setting.period.start),
        name=setting.locale.name(rng),
    )
    remark = rng.choice(words.note_remarks).format(note=f"`{path}`")
    return path, text.encode(), remark


def _in_the_way(scene: Scene, path: str) -> bool:
    """Whether something of the task lies there, above it or below it."""
    places = [slot.path for slot in scene.slots.values()]
    if scene.past:
        places += [left.path for left in scene.past.leftovers]
    return any(
        path == place or path.startswith(f"{place}/") or place.startswith(f"{path}/")
        for place in places
    )
