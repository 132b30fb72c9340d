"""A folder of small Python scripts, as somebody who is no programmer by trade collects them."""

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache

from pydantic import RootModel

from synth.taxonomy._toml import Data, read_toml
from synth.values.text import Tree
from synth.world.world import World

_LIBRARY = ("csv", "datetime", "json", "math", "os", "re", "shutil", "textwrap", "time")


class _Script(Data):
    """A module of `data/words/scripts.toml`; with all of its functions."""

    about: str
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
    """A script with a function more, or one remark more where it has all that may be added."""
    for function in _scripts()[name].functions:
        added = function.strip()
        fits = all(f"def {called}(" in text for called in _calls(name, added))
        at_hand = all(f"import {module}\n" in text for module in _imports(added))
        known = _scripts()[name].limit not in added or f"{_scripts()[name].limit} =" in text
        if added.split("(")[0] not in text and fits and at_hand and known:
            return f"{text}\n\n{added}\n"
    return f"{text}\n\n# TODO: tests for {rng.choice(('all of this', 'the last one'))}\n"


def _module(rng: random.Random, name: str) -> str:
    script = _scripts()[name]
    todos = rng.sample(script.todos, len(script.todos))
    chosen = _with_called(name, rng.sample(script.functions, rng.randint(2, 3)))
    body = "".join(chosen)
    parts = [f'"""{script.about}"""'] if rng.random() < 0.7 else []
    parts.append("\n".join(f"import {module}" for module in _imports(body)))
    limit = f"{script.limit} = {rng.choice(script.figures)}" if script.limit in body else ""
    remark = f"# TODO: {todos.pop()}" if rng.random() < 0.5 else ""
    parts.append("\n".join(filter(None, (remark, limit))))
    head = "\n\n".join(filter(None, parts))
    functions = [_function(rng, function.strip(), todos) for function in chosen]
    return "\n\n\n".join(filter(None, [head, *functions])) + "\n"


def _with_called(name: str, chosen: Sequence[str]) -> list[str]:
    """These functions and those that they call, in the order of the script."""
    needed = set(chosen)
    while True:
        called = {other for function in needed for other in _calls(name, function)}
        more = {one for one in _scripts()[name].functions if _name(one) in called} - needed
        if not more:
            return [one for one in _scripts()[name].functions if one in needed]
        needed |= more


def _calls(name: str, function: str) -> list[str]:
    """The functions of the same script that a function calls."""
    others = [_name(one) for one in _scripts()[name].functions]
    return [other for other in others if other != _name(function) and f"{other}(" in function]


def _name(function: str) -> str:
    return function.strip().removeprefix("def ").split("(")[0]


def _imports(body: str) -> list[str]:
    """The modules of the standard library that a text uses."""
    return [module for module in _LIBRARY if re.search(rf"(?<![\w.]){module}\.\w", body)]


def _function(rng: random.Random, source: str, todos: list[str]) -> str:
    """A function, at times with a remark or without its docstring."""
    head, *body = source.split("\n")
    if len(body) > 1 and '"""' in body[0] and rng.random() < 0.35:
        body = body[1:]
    if todos and rng.random() < 0.3:
        at = 1 if '"""' in body[0] else 0
        body = [*body[:at], f"    # TODO: {todos.pop()}", *body[at:]]
    return "\n".join([head, *body])
