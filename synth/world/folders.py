"""Folders as people leave them: exports, notes, scans and copies, with telling names."""

import random
import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta

from clawgym.artifact import ArtifactKind
from synth.taxonomy.period import working_day
from synth.values.folder import Folder
from synth.world.papers import Paper, content, papers
from synth.world.source import Source
from synth.world.world import World

_PLACES = ("downloads", "shared_drive", "desktop", "inbox", "scans")
_SUBFOLDERS: tuple[str, ...] = ("old", "new", "misc", "from_mail", "to_do")
_DAY = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)")
_COPY = re.compile(r"^copy of | \(\d+\)$")


def folder_source(world: World, kind: ArtifactKind) -> Source:
    """A folder that nobody has tidied for long, or such a folder as a ZIP archive."""
    rng = world.rng("folder")
    name = rng.choice(_PLACES)
    path = world.input_path(name, rng.choice(("", "", "zip")), "drive")
    return Source(kind, path, make_folder(rng, world))


def make_folder(rng: random.Random, world: World) -> Folder:
    """8 to 30 files, some below subfolders, some there twice under other names, some empty."""
    low, high = world.knobs.rows
    count = rng.randint(min(low, 8), min(high, 26))
    subfolders = rng.sample(_SUBFOLDERS, rng.randint(1, 3))
    contents: dict[str, bytes] = {}
    for _ in range(count):
        name, data = new_file(rng, world, subfolders, contents)
        contents[name] = data
    for name in rng.sample(sorted(contents), min(len(contents), rng.randint(2, 5))):
        contents[_copy_name(rng, name, subfolders, contents)] = contents[name]
    return Folder(dict(sorted(contents.items())))


def new_file(
    rng: random.Random, world: World, subfolders: Sequence[str], taken: Collection[str]
) -> tuple[str, bytes]:
    """A file under a name that is not taken, and what it holds."""
    for _ in range(99):
        kind = rng.choice(papers())
        ending, day = rng.choice(kind.ends), _some_day(rng, world)
        name = _name(rng, kind, ending, day)
        name = f"{rng.choice(subfolders)}/{name}" if rng.random() < 0.35 else name
        if name not in taken:
            return name, b"" if rng.random() < 0.05 else content(rng, world, kind, ending, day)
    raise AssertionError("there are more names than a folder has files")


def rewritten(rng: random.Random, world: World, name: str) -> bytes:
    """What a file of that name may hold after somebody has worked on it."""
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    known = [kind for kind in papers() if kind.suits(ending.lower())]
    said = _COPY.sub("", stem).lower().replace(" ", "_")
    meant = [kind for kind in known if any(word in said for word in kind.stems)] or known
    found = _DAY.search(stem)
    day = date(*map(int, found.groups())) if found else _some_day(rng, world)
    return content(rng, world, meant[0], ending.lower(), day)


def _some_day(rng: random.Random, world: World) -> date:
    return working_day(world.today - timedelta(days=rng.randrange(20, 200)))


def _name(rng: random.Random, kind: Paper, ending: str, day: date) -> str:
    stem = rng.choice(kind.stems)
    said = stem.replace("_", " ").capitalize()
    forms: list[Callable[[], str]] = [
        lambda: f"{day.isoformat()}_{stem}.{ending}",
        lambda: f"{day.isoformat()}_{stem}_{rng.randint(2, 9)}.{ending}",
        lambda: f"{stem}_{day:%Y%m%d}.{ending}",
        lambda: f"{stem}_{rng.randint(1, 60)}.{ending}",
        lambda: f"{said} {rng.randint(1, 30)}.{ending.upper()}",
    ]
    return rng.choice(forms)()


def _copy_name(
    rng: random.Random, name: str, subfolders: Sequence[str], taken: Collection[str]
) -> str:
    stem, _, extension = name.rpartition("/")[2].rpartition(".")
    for number in range(1, 99):
        copies = (f"{stem} ({number}).{extension}", f"copy of {stem} {number}.{extension}")
        folder = rng.choice(("", *(f"{name}/" for name in subfolders)))
        made = folder + rng.choice(copies)
        if made not in taken:
            return made
    raise AssertionError("so many copies are never made")
