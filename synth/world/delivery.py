"""Deliveries: a folder of files with a manifest that was true when it was packed."""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from synth.taxonomy.period import working_day
from synth.values.text import Tree
from synth.world.papers import Paper, paper, papers
from synth.world.world import World

_ENDS = ("txt", "csv", "md", "json")
_LITTER = ("Thumbs.tmp", "data/~lock.tmp", "letters/backup.tmp")
_FIGURE = re.compile(r"\d(?=\D|$)")
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


@dataclass(frozen=True)
class Delivery(Tree):
    """Texts by path; `packed` are their digests as the manifest in the folder has them."""

    packed: dict[str, str]
    manifest: str = ""


def make_delivery(rng: random.Random, world: World, *, packed: bool) -> Delivery:
    """A folder; with `packed`, some files have changed, gone or come since the manifest."""
    level = world.knobs.level
    kinds = _kinds(rng)
    texts: dict[str, str] = {}
    while len(texts) < 5 + 3 * level:
        path, text = _letter(rng, world, kinds)
        texts.setdefault(path, text)
    if not packed:
        litter = _LITTER[: rng.randint(0, 3)] if level > 1 else ()
        texts |= dict.fromkeys(litter, "left over\n")
        return Delivery(dict(sorted(texts.items())), {})
    texts = dict(sorted(texts.items()))
    digests = {path: digest(text) for path, text in texts.items()}
    lines = [f"{found}  {path}\n" for path, found in digests.items()]
    touched = rng.sample(sorted(texts), min(len(texts) - 1, 2 + level))
    for path in touched[: 1 + level // 2]:
        texts[path] = _corrected(rng, texts[path])
    for path in touched[1 + level // 2 :]:
        del texts[path]
    for _ in range(rng.randint(1, 2)):
        path, text = _letter(rng, world, kinds)
        if path not in digests:
            texts[path] = text
    return Delivery({**texts, "SHA256SUMS": "".join(lines)}, digests, "SHA256SUMS")


def _kinds(rng: random.Random) -> list[Paper]:
    """What is handed over together, such as the papers of a building."""
    every = dict.fromkeys(name for kind in papers() for name in kind.handovers)
    handover = rng.choice(list(every))
    return [kind for kind in papers() if handover in kind.handovers]


def _letter(rng: random.Random, world: World, kinds: Sequence[Paper]) -> tuple[str, str]:
    """One of the things that are handed over, and where it lies."""
    kind = rng.choice(kinds)
    ending = rng.choice([end for end in kind.ends if end in _ENDS])
    day = working_day(world.today - timedelta(days=rng.randrange(20, 200)))
    name = f"{rng.choice(kind.stems)}-{day.isoformat()}.{ending}"
    path = name if rng.random() < 0.2 else f"{kind.folder}/{name}"
    return path, paper(rng, world, kind, ending, day)


def _corrected(rng: random.Random, text: str) -> str:
    """The text after somebody has corrected one figure; a day where it has days only."""
    days = {at for found in _DAY.finditer(text) for at in range(*found.span())}
    places = [found.start() for found in _FIGURE.finditer(text) if found.start() not in days]
    if not places:
        day = _DAY.search(text)
        assert day
        later = working_day(date.fromisoformat(day[0]) + timedelta(days=rng.randint(3, 9)))
        return text.replace(day[0], later.isoformat(), 1)
    at = rng.choice(places)
    return f"{text[:at]}{(int(text[at]) + rng.randint(1, 9)) % 10}{text[at + 1 :]}"


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
