"""A folder of small Python scripts, as somebody who is no programmer by trade collects them."""

import random
from collections.abc import Mapping
from functools import cache

from pydantic import RootModel

from synth.taxonomy._toml import Data, read_toml
from synth.values.text import Tree
from synth.world.world import World


class _Script(Data):
    """A module of `data/words/scripts.toml`; with all of its functions."""

    about: str
    imports: tuple[str, ...]
    limit: str
    figures: tuple[int, ...]
    todos: tuple[str, ...]
    functions: tuple[str, ...]


class _ScriptFile(RootModel[dict[str, _Script]]):
    pass


@cache
def _scripts() -> Mapping[str, _Script]:
    return read_toml(_ScriptFile, "words", "scripts.toml").root


def make_modules(rng: random.Random, world: World) -> Tree:
    """Three to eight modules with functions, some documented, some with TODO comments."""
    low, _ = world.knobs.rows
    names = rng.sample(sorted(_scripts()), min(len(_scripts()) - 1, 3 + low // 12))
    folders = ["", rng.choice(("tools/", "lib/"))]
    return Tree({f"{rng.choice(folders)}{name}.py": _module(rng, name) for name in sorted(names)})


def changed_modules(rng: random.Random, tree: Tree) -> Tree:
    """The scripts after somebody has worked on them: some longer, one gone, one new."""
    texts = dict(tree.texts)
    known = {name.rpartition("/")[2].removesuffix(".py"): name for name in texts}
    names = rng.sample(sorted(known), max(2, len(known) // 2))
    for number, name in enumerate(names):
        if number % 3 == 1:
            fresh = rng.choice(sorted(set(_scripts()) - {*known, *(f[:-3] for f in texts)}))
            texts[f"{fresh}.py"] = _module(rng, fresh)
        elif number % 3 == 2:
            del texts[known[name]]
        else:
            texts[known[name]] = _reworked(rng, name, texts[known[name]])
    return Tree(dict(sorted(texts.items())))


def _reworked(rng: random.Random, name: str, text: str) -> str:
    """A script with a function more, or one remark more where it has all of them."""
    for function in _scripts()[name].functions:
        if function.strip().split("(")[0] not in text:
            return f"{text}\n\n{function.strip()}\n"
    return f"{text}\n\n# TODO: tests for {rng.choice(('all of this', 'the last one'))}\n"


def _module(rng: random.Random, name: str) -> str:
    script = _scripts()[name]
    todos = rng.sample(script.todos, len(script.todos))
    parts = [f'"""{script.about}"""'] if rng.random() < 0.7 else []
    parts.append("\n".join(f"import {module}" for module in script.imports))
    if rng.random() < 0.5:
        parts.append(f"# TODO: {todos.pop()}\n{script.limit} = {rng.choice(script.figures)}")
    head = "\n\n".join(parts)
    least = min(3, len(script.functions))
    chosen = sorted(rng.sample(range(len(script.functions)), rng.randint(least, 4)))
    functions = [_function(rng, script.functions[place].strip(), todos) for place in chosen]
    return "\n\n\n".join([head, *functions]) + "\n"


def _function(rng: random.Random, source: str, todos: list[str]) -> str:
    """A function, at times with a remark or without its docstring."""
    head, *body = source.split("\n")
    if len(body) > 1 and '"""' in body[0] and rng.random() < 0.35:
        body = body[1:]
    if todos and rng.random() < 0.3:
        at = 1 if '"""' in body[0] else 0
        body = [*body[:at], f"    # TODO: {todos.pop()}", *body[at:]]
    return "\n".join([head, *body])
