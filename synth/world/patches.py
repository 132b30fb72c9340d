"""Changes that somebody sent as diffs: some a few lines off by now, some that no longer fit."""

import difflib
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal

from synth.values.patches import Mode, PatchSet
from synth.values.text import TextFile, Tree
from synth.world.project import Project, kernels, make_project

_NUMBER = re.compile(r"\d+")
_RETURN = re.compile(r"(\s+)return (\S.*)\n")
_HEADS = {
    "py": ("#!/usr/bin/env python3", "# -*- coding: utf-8 -*-"),
    "ini": ("# Restart the server after changes.", "# Please keep the order of the sections."),
    "md": ("<!-- Also hangs in the hall. -->", "<!-- Please tell everybody about changes. -->"),
}
"""Lines that files got at the top since, by the ends of their names."""


@dataclass(frozen=True)
class Job:
    """What is to be patched as it stands today, and the patches."""

    target: Tree | TextFile
    patches: PatchSet
    name: str


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    text = files("synth").joinpath("data", "words", "handbook.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def page_words(name: str) -> dict[str, list[str]]:
    """A table of `data/words/handbook.toml`: the lines of each section, or what goes with it."""
    return _words()[name]


def make_page(
    rng: random.Random, what: Literal["handbook", "settings"], house: str = ""
) -> TextFile:
    """The house rules of `house` in Markdown, or settings in INI."""
    sections = list(page_words("home" if what == "handbook" and not house else what).items())
    rng.shuffle(sections)
    title = f"# House rules, {house}" if house else "# House rules"
    lines = (
        [title, ""]
        if what == "handbook"
        else ["# Settings of the intranet server, read when it starts.", ""]
    )
    for name, said in sections:
        lines += [f"## {name}", ""] if what == "handbook" else [f"[{name}]"]
        mark = "- " if what == "handbook" else ""
        lines += [mark + line.format(**_figures(rng)) for line in said]
        lines.append("")
    return TextFile("\n".join(lines))


def _figures(rng: random.Random) -> dict[str, int]:
    return {
        "n": rng.randint(2, 8),
        "few": rng.randint(2, 6),
        "fives": rng.randint(2, 9) * 5,
        "tens": rng.randint(1, 9) * 10,
        "hundreds": rng.randint(2, 20) * 300,
    }


def patch_page(
    rng: random.Random, level: int, what: Literal["handbook", "settings"], house: str = ""
) -> Job:
    """One file with changes to its numbers."""
    page = make_page(rng, what, house)
    name = "house-rules.md" if what == "handbook" else "intranet.ini"
    lines = page.text.splitlines(keepends=True)
    places = [at for at, line in enumerate(lines) if _has_one_number(line)]
    steps: list[dict[str, str]] = []
    text = page.text
    for at in sorted(rng.sample(places, min(len(places), 1 + level))):
        changed = text.splitlines(keepends=True)
        number = int(_NUMBER.findall(changed[at])[-1])
        other = _moved(rng, number)
        changed[at] = _NUMBER.sub(str(other), changed[at])
        text = "".join(changed)
        steps.append({name: text})
    return _job(rng, {name: page.text}, steps, level, name, _mode(rng, level, len(steps)))


def _moved(rng: random.Random, number: int) -> int:
    """Another figure that might stand in the place of this one."""
    return number + rng.choice((1, 2)) * 10 ** (len(str(number)) - 1)


def patch_project(rng: random.Random, level: int) -> Job:
    """A project with bugs and a fix for each of them, or the change that brought them in."""
    project = make_project(rng, level)
    steps: list[dict[str, str]] = []
    mended: list[str] = []
    texts = dict(project.texts)
    for kernel in kernels(project.package):
        path = f"{project.package}/{kernel.module}.py"
        if kernel.name not in project.bugs:
            continue
        wrong = kernel.source(project.bugs[kernel.name])
        texts[path] = texts[path].replace(f"{wrong}\n", f"{kernel.source(None)}\n")
        steps.append({path: texts[path]})
        mended.append(f"{project.package}.{kernel.module}.{kernel.name}")
    mode = _mode(rng, level, len(steps))
    if mode == "reverse":  # nobody takes a fix back
        bugs = [{p: text} for p, text in project.texts.items() if text != texts[p]]
        job = _job(rng, texts, bugs, level, project.package, mode)
    else:
        job = _job(rng, dict(project.texts), steps, level, project.package, mode)
    patches = job.patches
    stale = {int(name.partition("-")[0]) - 1 for name in patches.skipped}
    mended = [name for at, name in enumerate(mended) if at not in stale]
    return replace(job, patches=replace(patches, project=_after(project, patches.after, mended)))


def _after(project: Project, texts: Mapping[str, str], mended: Sequence[str]) -> Project:
    """A project with other texts, in which these functions are right."""
    cases = tuple(
        replace(case, outcome="passed", exception="")
        if case.function in mended and case.outcome in ("failed", "error")
        else case
        for case in project.cases
    )
    return replace(project, texts=texts, cases=cases)


def _mode(rng: random.Random, level: int, steps: int) -> Mode:
    if level >= 3 and steps > 1 and rng.random() < 0.6:
        return "series"
    return "reverse" if rng.random() < 0.25 else "apply"


def _job(
    rng: random.Random,
    before: Mapping[str, str],
    steps: list[dict[str, str]],
    level: int,
    name: str,
    mode: Mode,
) -> Job:
    """Diffs for these steps; then both ends grow a line that the diffs know nothing of."""
    series = mode == "series"
    misfit = series and rng.random() < 0.7
    state, diffs, skipped = dict(before), dict[str, str](), list[str]()
    stale = rng.randrange(len(steps)) if misfit else -1
    every = {line for text in before.values() for line in text.splitlines()}
    every |= {line for step in steps for text in step.values() for line in text.splitlines()}
    for number, step in enumerate(steps):
        [(path, text)] = step.items()
        label = f"{number + 1:04d}-{path.rsplit('/', 1)[-1].rsplit('.', 1)[0]}.patch"
        if number == stale:
            diffs[label] = _stale_diff(rng, path, state[path], every)
            skipped.append(label)
        old = state[path]
        new = text if not misfit else _carry(old, before, steps, number, path)
        if number != stale:
            diffs[label] = _diff(path, old, new)
            state[path] = new
    if not series:
        diffs = {"changes.patch": "".join(_diff(p, before[p], state[p]) for p in state)}
    start, end = (state, dict(before)) if mode == "reverse" else (dict(before), state)
    if level >= 2:
        for path in sorted({path for step in steps for path in step}):
            note = rng.choice(_HEADS[path.rpartition(".")[2]])
            start[path], end[path] = _grown(start[path], note), _grown(end[path], note)
    return _as_job(start, end, PatchSet(diffs, mode, end, tuple(skipped)), name)


def _as_job(start: Mapping[str, str], end: Mapping[str, str], patches: PatchSet, name: str) -> Job:
    if len(start) == 1:
        [text], [after] = start.values(), end.values()
        return Job(TextFile(text), replace(patches, after={"": after}), name)
    return Job(Tree(start), patches, name)


def _carry(
    old: str, before: Mapping[str, str], steps: list[dict[str, str]], number: int, path: str
) -> str:
    """The change of one step alone, made to what stands there without the skipped one."""
    earlier = [step[path] for step in steps[:number] if path in step]
    was = (earlier[-1] if earlier else before[path]).splitlines(keepends=True)
    now = steps[number][path].splitlines(keepends=True)
    lines = old.splitlines(keepends=True)
    for at, (one, other) in enumerate(zip(was, now, strict=True)):
        if one != other:
            lines[at] = other
    return "".join(lines)


def _grown(text: str, note: str) -> str:
    """One line more at the top, which is in no diff."""
    return f"{note}\n{text}"


def _stale_diff(rng: random.Random, path: str, text: str, known: set[str]) -> str:
    """A diff from a version that nobody has any more; `known` lines stand in some other one."""
    lines = text.splitlines(keepends=True)
    fits = _returns if path.endswith(".py") else _has_one_number
    places = [at for at, line in enumerate(lines) if fits(line)]
    at = rng.choice(places[len(places) // 2 :])
    older = _renamed(lines[at]) if path.endswith(".py") else _older(rng, lines[at], known)
    was, now = ([*lines[:at], other, *lines[at + 1 :]] for other in older)
    return _diff(path, "".join(was), "".join(now))


def _returns(line: str) -> bool:
    return bool(_RETURN.fullmatch(line)) and line.count("(") == line.count(")")


def _has_one_number(line: str) -> bool:
    return len(_NUMBER.findall(line)) == 1


def _renamed(line: str) -> tuple[str, str]:
    """A result that had a name, and got a better one."""
    found = _RETURN.fullmatch(line)
    assert found
    indent, result = found.groups()
    old, new = (f"{indent}{n} = {result}\n{indent}return {n}\n" for n in ("value", "result"))
    return old, new


def _older(rng: random.Random, line: str, known: set[str]) -> tuple[str, str]:
    """A line with a figure that it no longer has, and the one that it was to have then."""
    number = int(_NUMBER.findall(line)[-1])
    while _NUMBER.sub(str(number), line).rstrip("\n") in known:
        number = _moved(rng, number)
    was = _NUMBER.sub(str(number), line)
    return was, _NUMBER.sub(str(_moved(rng, number)), line)


def _diff(path: str, old: str, new: str) -> str:
    made = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(made)
