"""JSON, YAML and TOML documents: mistakes in single leaves and in lists."""

import json
import tomllib
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from random import Random
from typing import cast

import tomli_w
import yaml

from verify.mutants.cells import Cell, blank, meaning_of, off_by_one, stale_for, wrong_date
from verify.mutants.mutant import Site, Surroundings

Tree = dict[str, "Tree"] | list["Tree"] | Cell
_Step = str | int
_Place = tuple[_Step, ...]
_Mistake = tuple[str, str, Callable[[], Tree]]


def _load_yaml(text: str) -> Tree:
    try:
        return cast("Tree", yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


class TreeFormat:
    """A document of nested lists and mappings, by the suffix of its name."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """Keys in any order, lists in theirs, numbers with two decimals."""
        del ordered
        return _canonical(self._load(data))

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Mistakes at every leaf and in every list."""
        tree = self._load(data)

        def site(operator: str, where: str, spoil: Callable[[], Tree]) -> Site:
            return Site(operator, where, lambda: self._dump(spoil()))

        return [site(*mistake) for mistake in _mistakes(tree, tree, (), around, rng)]

    def _load(self, data: bytes) -> Tree:
        text = data.decode("utf-8-sig")
        if self._suffix == ".json":
            return cast("Tree", json.loads(text))
        if self._suffix == ".toml":
            return cast("Tree", tomllib.loads(text))
        return _load_yaml(text)

    def _dump(self, tree: Tree) -> bytes | None:
        if self._suffix == ".json":
            return json.dumps(tree, ensure_ascii=False, indent=2, default=str).encode()
        if self._suffix != ".toml":
            return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode()
        try:
            return tomli_w.dumps(cast("dict[str, Tree]", tree)).encode()
        except TypeError:
            return None  # TOML has no null: this mistake cannot be made there


def _canonical(tree: Tree) -> Hashable:
    if isinstance(tree, dict):
        return frozenset((str(key), _canonical(value)) for key, value in tree.items())
    if isinstance(tree, list):
        return tuple(_canonical(value) for value in tree)
    return meaning_of(tree)


def _mistakes(
    root: Tree, tree: Tree, place: _Place, around: Surroundings, rng: Random
) -> Iterator[_Mistake]:
    where = ".".join(map(str, place)) or "top"
    if isinstance(tree, dict | list):
        steps: list[_Step] = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        for step in steps:
            child = cast("Tree", tree[step])  # pyright: ignore[reportArgumentType, reportCallIssue] - the step is of the tree's own kind
            yield from _mistakes(root, child, (*place, step), around, rng)
            yield (
                f"drop-{'key' if isinstance(tree, dict) else 'item'}",
                f"{where}.{step}",
                partial(_without, root, (*place, step)),
            )
        if isinstance(tree, list) and tree:
            yield "duplicate-item", where, partial(_replaced, root, place, [*tree, tree[-1]])
        return
    yield from _leaf_mistakes(root, tree, place, where, around, rng)


def _leaf_mistakes(
    root: Tree, leaf: Cell, place: _Place, where: str, around: Surroundings, rng: Random
) -> Iterator[_Mistake]:
    put = partial(_replaced, root, place)
    if (more := off_by_one(leaf)) is not None:
        yield "off-by-one", where, partial(put, more)
    if isinstance(leaf, bool):
        yield "flipped", where, partial(put, not leaf)
    if isinstance(leaf, str) and (dated := wrong_date(leaf)):
        yield "wrong-date", where, partial(put, dated)
    if meaning_of(leaf):
        yield "empty-cell", where, partial(put, blank(leaf))
    name = next((step for step in reversed(place) if isinstance(step, str)), "")
    old = stale_for(leaf, around.stale.get(name) or around.stale.get("", ()), rng)
    if old is not None:
        yield "stale-value", where, partial(put, old)


def _replaced(tree: Tree, place: _Place, leaf: Tree) -> Tree:
    if not place:
        return leaf
    step, rest = place[0], place[1:]
    if isinstance(tree, dict) and isinstance(step, str):
        return {**tree, step: _replaced(tree[step], rest, leaf)}
    if isinstance(tree, list) and isinstance(step, int):
        return [*tree[:step], _replaced(tree[step], rest, leaf), *tree[step + 1 :]]
    return tree


def _without(tree: Tree, place: _Place) -> Tree:
    step, rest = place[0], place[1:]
    if isinstance(tree, dict) and isinstance(step, str):
        if not rest:
            return {key: value for key, value in tree.items() if key != step}
        return {**tree, step: _without(tree[step], rest)}
    if isinstance(tree, list) and isinstance(step, int):
        middle = [_without(tree[step], rest)] if rest else []
        return [*tree[:step], *middle, *tree[step + 1 :]]
    return tree
