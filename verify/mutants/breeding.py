"""Choosing mutants: the same few from many for the same task and seed, of every kind of mistake."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from random import Random

from clawgym.files import Files
from clawgym.seeds import derive_random
from clawgym.task import Task
from verify.attempts import produced
from verify.checklist import Checklist
from verify.mutants.databases import DatabaseFormat
from verify.mutants.documents import DocumentFormat
from verify.mutants.exports import BookRows, EntryRows, PageRows, XmlRows
from verify.mutants.lines import LineFormat
from verify.mutants.mails import MailFormat
from verify.mutants.mutant import Format, Mutant, Site, Surroundings
from verify.mutants.rows import RowFormat
from verify.mutants.settings import SettingsFormat
from verify.mutants.trees import TreeFormat

PER_OPERATOR = 3
"""The most mutants of one kind of mistake in one file."""

_MAX_BYTES = 1_000_000
_INPUTS = 2
_VALUE = re.compile(r"\d{4}-\d{2}-\d{2}|\d+(?:\.\d+)?")
_LINE_SUFFIXES = (".txt", ".log", ".svg", ".sql")
_FORMATS: dict[str, tuple[Format, ...]] = {
    ".csv": (RowFormat(".csv"), LineFormat(".csv")),
    ".tsv": (RowFormat(".tsv"), LineFormat(".tsv")),
    ".json": (RowFormat(".json"), TreeFormat(".json")),
    ".jsonl": (RowFormat(".jsonl"), LineFormat(".jsonl")),
    ".yaml": (TreeFormat(".yaml"),),
    ".yml": (TreeFormat(".yaml"),),
    ".toml": (TreeFormat(".toml"),),
    ".md": (DocumentFormat(),),
    ".xml": (XmlRows(), LineFormat(".xml")),
    ".html": (PageRows(), LineFormat(".html")),
    ".xlsx": (BookRows(),),
    **{suffix: (EntryRows(suffix), LineFormat(suffix)) for suffix in (".ics", ".vcf")},
    **dict.fromkeys((".ini", ".cfg", ".conf"), (SettingsFormat(),)),
    **dict.fromkeys((".eml", ".mbox"), (MailFormat(),)),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), (DatabaseFormat(),)),
    **{suffix: (LineFormat(suffix),) for suffix in _LINE_SUFFIXES},
}
"""By suffix, the formats to try, the one that knows most first."""


@dataclass(frozen=True)
class Brood:
    """The mutants of one task, and what was not made.

    `equivalent` mutants mean the same as the original: so many were made and dropped until there
    were enough. `possible` counts all the places for a mistake. `opaque` are outputs of a type that
    nothing is known about: those are only removed and emptied.
    """

    mutants: tuple[Mutant, ...]
    equivalent: int
    possible: int
    opaque: tuple[str, ...]


def breed(task: Task, solved: Files, *, seed: int = 0, limit: int = 60) -> Brood:
    """At most `limit` mutants of a solution: of each output, and of the inputs that it left alone.

    The same task, solution and seed give the same mutants. Every kind of mistake that a file
    allows is taken before any is taken twice.
    """
    work = produced(task, solved)
    checklist = Checklist.read(task)
    stale = _stale_values(task.workspace)
    groups: list[Iterable[Mutant]] = []
    possible = 0
    opaque: list[str] = []
    same: list[Site] = []
    for path, file in work.items():
        before = task.workspace.get(path)
        ordered = path in checklist.ordered_paths
        around = Surroundings(stale, before.data if before else None, ordered)
        litter = _litter(path, file.data, around, derive_random(seed, task.id, path), same)
        possible += litter.possible
        groups += litter.groups
        if litter.opaque:
            opaque.append(path)
    untouched = [path for path in task.workspace if solved.get(path) == task.workspace[path]]
    inputs = list(_input_mutants(task.workspace, untouched))
    chosen = tuple(islice(_round_robin([*groups, inputs]), limit))
    return Brood(chosen, len(same), possible + len(inputs), tuple(opaque))


@dataclass(frozen=True)
class _Litter:
    groups: list[Iterable[Mutant]]
    possible: int
    opaque: bool


def _litter(path: str, data: bytes, around: Surroundings, rng: Random, same: list[Site]) -> _Litter:
    """The mutants of one file, made as they are asked for; equivalent ones are added to `same`."""
    removed = [Mutant(path, "removed", "whole", None)]
    suffix = PurePosixPath(path).suffix.lower()
    if len(data) > _MAX_BYTES:
        return _Litter([removed], 1, opaque=True)
    for form in _FORMATS.get(suffix, ()):
        try:
            meaning = form.meaning(data, ordered=around.ordered)
            sites = form.sites(data, around, rng)
        except (ValueError, RecursionError):
            continue  # the file is not what its name says: a format that asks for less may do
        groups = _groups(path, form, meaning, sites, around, rng, same)
        return _Litter([removed, *groups], len(sites) + 1, opaque=False)
    emptied = [Mutant(path, "emptied", "whole", b"")] if data else []
    return _Litter([removed, emptied], 1 + len(emptied), opaque=True)


def _groups(
    path: str,
    form: Format,
    meaning: object,
    sites: Sequence[Site],
    around: Surroundings,
    rng: Random,
    same: list[Site],
) -> Iterator[Iterable[Mutant]]:
    """The mutants of each kind of mistake; where they are made is chosen at once."""
    by_operator: dict[str, list[Site]] = {}
    for site in sites:
        by_operator.setdefault(site.operator, []).append(site)
    for places in by_operator.values():
        chosen = rng.sample(places, min(len(places), 4 * PER_OPERATOR))
        made = _make(path, form, meaning, chosen, around, same)
        yield islice(made, PER_OPERATOR)


def _make(
    path: str,
    form: Format,
    meaning: object,
    sites: Sequence[Site],
    around: Surroundings,
    same: list[Site],
) -> Iterator[Mutant]:
    for site in sites:
        data = site.make()
        if data is None:
            continue
        if _means(form, data, ordered=around.ordered) == meaning:
            same.append(site)
        else:
            yield Mutant(path, site.operator, site.where, data)


def _means(form: Format, data: bytes, *, ordered: bool) -> object:
    """What a mutant means; None for one that is not even of the format any more."""
    try:
        return form.meaning(data, ordered=ordered)
    except (ValueError, RecursionError):
        return None


def _input_mutants(workspace: Files, untouched: Sequence[str]) -> Iterator[Mutant]:
    """Inputs that were edited though nobody asked: one byte more, and one file gone."""
    for path in untouched[:_INPUTS]:
        yield Mutant(path, "edited-input", "end", workspace[path].data + b"\n# edited\n")
    for path in untouched[:1]:
        yield Mutant(path, "deleted-input", "whole", None)


def _round_robin(groups: Iterable[Iterable[Mutant]]) -> Iterator[Mutant]:
    """One of each group, then another of each: a group makes no more than are taken."""
    waiting = [iter(group) for group in groups]
    while waiting:
        going_on: list[Iterator[Mutant]] = []
        for group in waiting:
            if mutant := next(group, None):
                yield mutant
                going_on.append(group)
        waiting = going_on


def _stale_values(workspace: Files) -> dict[str, tuple[str, ...]]:
    """What the inputs hold, by column or key, and all numbers and dates under the empty name."""
    by_name: dict[str, dict[str, None]] = {}
    for path, file in workspace.items():
        if len(file.data) > _MAX_BYTES:
            continue
        text = file.data.decode("utf-8", "replace")
        for name, value in _named_values(path, text):
            by_name.setdefault(name, {})[value] = None
        for value in _VALUE.findall(text):
            by_name.setdefault("", {})[value] = None
    return {name: tuple(values)[:1000] for name, values in by_name.items()}


def _named_values(path: str, text: str) -> Iterator[tuple[str, str]]:
    if path.endswith((".csv", ".tsv")):
        for row in csv.DictReader(io.StringIO(text), delimiter="\t" if path[-3] == "t" else ","):
            yield from ((k, v) for k, v in row.items() if isinstance(k, str) and isinstance(v, str))
    elif path.endswith((".json", ".jsonl")):
        pairs = re.findall(r'"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\]|\\.)*"|-?[\d.]+)', text)
        for name, value in pairs:
            yield name, str(json.loads(value)) if value.startswith('"') else value
