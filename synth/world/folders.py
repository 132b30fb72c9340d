"""Folders as people leave them: exports, notes, scans and copies, with telling names."""

import random
from collections.abc import Callable
from datetime import date, timedelta

from clawgym.artifact import ArtifactKind
from synth.values.folder import Folder
from synth.world.papers import paper
from synth.world.source import Source
from synth.world.world import World

_PLACES = ("downloads", "shared_drive", "desktop", "inbox", "scans")
_SUBFOLDERS: tuple[str, ...] = ("old", "new", "misc", "from_mail", "to_do")
_WORDS = ("notes", "export", "photo", "invoice", "draft", "list", "plan", "scan", "report", "copy")
_PNG = b"\x89PNG\r\n\x1a\n"
_EXTENSIONS = ("txt", "md", "csv", "json", "log", "png", "jpg", "pdf", "html", "xml")


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
    names = sorted(_name(rng, world, subfolders) for _ in range(count))
    contents = {name: _content(rng, world, name) for name in dict.fromkeys(names)}
    for name in rng.sample(sorted(contents), min(len(contents), rng.randint(2, 5))):
        contents[_copy_name(rng, name, subfolders, set(contents))] = contents[name]
    return Folder(dict(sorted(contents.items())))


def _name(rng: random.Random, world: World, subfolders: list[str]) -> str:
    day: date = world.today - timedelta(days=rng.randrange(20, 200))
    extension = rng.choice(_EXTENSIONS)
    stem = rng.choice((rng.choice(_WORDS), rng.choice(_WORDS), world.domain.feed))
    forms: list[Callable[[], str]] = [
        lambda: f"{day.isoformat()}_{stem}.{extension}",
        lambda: f"{day.isoformat()}_{stem}_{rng.randint(2, 9)}.{extension}",
        lambda: f"{stem}_{day:%Y%m%d}.{extension}",
        lambda: f"{stem}_{rng.randint(1, 60)}.{extension}",
        lambda: f"{stem.capitalize()} {rng.randint(1, 30)}.{extension.upper()}",
    ]
    name = rng.choice(forms)()
    return f"{rng.choice(subfolders)}/{name}" if rng.random() < 0.35 else name


def _copy_name(rng: random.Random, name: str, subfolders: list[str], taken: set[str]) -> str:
    stem, _, extension = name.rpartition("/")[2].rpartition(".")
    for number in range(1, 99):
        copies = (f"{stem} ({number}).{extension}", f"copy of {stem} {number}.{extension}")
        folder = rng.choice(("", *(f"{name}/" for name in subfolders)))
        made = folder + rng.choice(copies)
        if made not in taken:
            return made
    raise AssertionError("so many copies are never made")


def _content(rng: random.Random, world: World, name: str) -> bytes:
    extension = name.rpartition(".")[2].lower()
    if rng.random() < 0.06:
        return b""
    if extension in ("png", "jpg", "pdf"):
        head = {"png": _PNG, "jpg": b"\xff\xd8\xff\xe0", "pdf": b"%PDF-1.4\n"}[extension]
        return head + rng.randbytes(rng.randint(40, 1200))
    return paper(rng, world, name).encode()
