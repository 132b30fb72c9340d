"""A folder of small Python scripts, as somebody who is no programmer by trade collects them."""

import random

from synth.values.text import Tree
from synth.world.world import World

_VERBS = ("load", "save", "count", "merge", "check", "print", "sort", "send", "clean", "split")
_NOUNS = ("rows", "totals", "names", "dates", "report", "folder", "prices", "labels", "backup")
_ARGUMENTS = ("path", "rows", "limit", "name", "target", "day", "quiet")
_TODOS = ("handle empty files", "ask Finance for the rate", "make this faster", "remove after May")

_STARTS = ("str({known}).split(os.sep)", "list(str({known}))", "[str({known}).strip()]")
_STEPS = (
    "{noun} = [item for item in {noun} if item]",
    "{noun} = {noun}[:{figure}]",
    "{noun} = sorted({noun})",
    "{noun}.append(str(len({noun}) + {figure}))",
    "{noun} = [item.lower() for item in {noun}]",
    "print(len({noun}), 'of', {figure})",
    "{noun} = list(dict.fromkeys({noun}))",
)


def make_modules(rng: random.Random, world: World) -> Tree:
    """Three to eight modules with functions, some documented, some with TODO comments."""
    low, _ = world.knobs.rows
    names = rng.sample(_NOUNS, min(len(_NOUNS), 3 + low // 12))
    folders = ["", rng.choice(("tools/", "lib/"))]
    return Tree({f"{rng.choice(folders)}{name}.py": _module(rng, name) for name in sorted(names)})


def _module(rng: random.Random, noun: str) -> str:
    parts = [f'"""Everything about {noun}."""\n'] if rng.random() < 0.7 else []
    parts.append("import os\n")
    if rng.random() < 0.5:
        parts.append(f"# TODO: {rng.choice(_TODOS)}\nLIMIT = {rng.randint(5, 90)}\n")
    verbs = rng.sample(_VERBS, rng.randint(2, 5))
    parts += ["\n" + _function(rng, verb, noun) for verb in verbs]
    return "\n".join(parts)


def _function(rng: random.Random, verb: str, noun: str) -> str:
    arguments = rng.sample(_ARGUMENTS, rng.randint(0, 4))
    known = arguments or [str(rng.randint(1, 9))]
    lines = [f"def {verb}_{noun}({', '.join(arguments)}):"]
    if rng.random() < 0.5:
        lines.append(f'    """{verb.capitalize()} the {noun}."""')
    if rng.random() < 0.3:
        lines.append(f"    # TODO: {rng.choice(_TODOS)}")
    lines += [f"    {line}" for line in _body(rng, noun, rng.choice(known))]
    return "\n".join(lines) + "\n"


def _body(rng: random.Random, noun: str, known: str) -> list[str]:
    """A few statements that do something plain with what the function is given."""
    steps = rng.sample(_STEPS, rng.randint(0, 4))
    said = [line.format(noun=noun, known=known, figure=rng.randint(2, 99)) for line in steps]
    return [f"{noun} = {rng.choice(_STARTS).format(known=known)}", *said, f"return {noun}"]
