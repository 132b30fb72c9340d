"""Deliveries: a folder of files with a manifest that was true when it was packed."""

import hashlib
import random
from dataclasses import dataclass

from synth.values.text import Tree
from synth.world.papers import paper
from synth.world.world import World

_FOLDERS = ("drawings", "letters", "data", "photos/captions", "contracts", "minutes", "data/raw")
_NAMES = ("overview", "annex b", "figures", "terms", "index", "summary", "list", "check", "notes")
_ENDS = ("txt", "csv", "md", "json")
_LITTER = ("Thumbs.tmp", "data/~lock.tmp", "letters/backup.tmp")


@dataclass(frozen=True)
class Delivery(Tree):
    """Texts by path; `packed` are their digests as the manifest in the folder has them."""

    packed: dict[str, str]
    manifest: str = ""


def make_delivery(rng: random.Random, world: World, *, packed: bool) -> Delivery:
    """A folder; with `packed`, some files have changed, gone or come since the manifest."""
    level = world.knobs.level
    paths: set[str] = set()
    while len(paths) < 5 + 3 * level:
        folder = rng.choice(("", *_FOLDERS[: 2 + level]))
        name = f"{rng.choice(_NAMES)}-{rng.randint(1, 30)}.{rng.choice(_ENDS)}"
        paths.add(f"{folder}/{name}" if folder else name)
    texts = {path: paper(rng, world, path) for path in sorted(paths)}
    if not packed:
        litter = _LITTER[: rng.randint(0, 3)] if level > 1 else ()
        texts |= dict.fromkeys(litter, "left over\n")
        return Delivery(dict(sorted(texts.items())), {})
    digests = {path: digest(text) for path, text in texts.items()}
    lines = [f"{found}  {path}\n" for path, found in digests.items()]
    touched = rng.sample(sorted(texts), min(len(texts) - 1, 2 + level))
    for path in touched[: 1 + level // 2]:
        texts[path] = texts[path].replace("a", "e", 1) + ("" if rng.random() < 0.5 else "\n")
    for path in touched[1 + level // 2 :]:
        del texts[path]
    for path in sorted(rng.sample(_LITTER, rng.randint(1, 2))):
        texts[path.replace(".tmp", ".txt")] = paper(rng, world, "note.txt")
    changed = {path: text for path, text in texts.items() if path in digests}
    if all(digest(text) == digests[path] for path, text in changed.items()):
        first = next(iter(changed))
        texts[first] += "P.S.\n"
    return Delivery({**texts, "SHA256SUMS": "".join(lines)}, digests, "SHA256SUMS")


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
