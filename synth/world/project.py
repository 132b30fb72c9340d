"""Small Python projects with tests, some of which do not pass."""

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from synth.values.text import Tree

Outcome = Literal["passed", "failed", "error", "skipped"]
_SKIPPING = 0.3
"""How often a case of a function is skipped."""

_PACKAGES = ("ledger", "depot", "roster", "tollgate", "pantry", "atrium", "quarry", "harbour")


class Kernel(BaseModel):
    """A function of `data/words/kernels.toml`: code, bugs, and cases (name, call, result).

    `fails` are (line, exception, message) that bad input leads to; `skips` is the case that is
    skipped at times, and why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    module: str
    name: str
    code: str
    bugs: tuple[tuple[str, str], ...]
    cases: tuple[tuple[str, str, str], ...]
    fails: tuple[tuple[str, str, str], ...]
    skips: tuple[str, str]

    def source(self, bug: int | None) -> str:
        """The function, with one of its bugs or none."""
        if bug is None:
            return self.code.strip()
        return self.code.replace(*self.bugs[bug], 1).strip()


class _Kernels(BaseModel):
    kernel: tuple[Kernel, ...]


@cache
def kernels() -> tuple[Kernel, ...]:
    """Every function there is."""
    text = files("synth").joinpath("data", "words", "kernels.toml").read_text(encoding="utf-8")
    return _Kernels.model_validate(tomllib.loads(text)).kernel


@cache
def outcomes(place: int, bug: int | None) -> tuple[tuple[Outcome, str], ...]:
    """How each case of a function ends, and the exception that it ends by: our code, run here."""
    kernel = kernels()[place]
    ended: list[tuple[Outcome, str]] = []
    for _, call, result in kernel.cases:
        names: dict[str, object] = {}
        exec(kernel.source(bug), names)  # noqa: S102 - our own data file
        try:
            same = eval(call, names) == eval(result)  # noqa: S307 - likewise
        except Exception as error:  # noqa: BLE001 - whatever a bug raises is the outcome
            ended.append(("error", type(error).__name__))
        else:
            ended.append(("passed", "") if same else ("failed", "AssertionError"))
    return tuple(ended)


@dataclass(frozen=True)
class TestCase:
    """One test: where it is written, and how it ends."""

    __test__ = False

    id: str
    outcome: Outcome
    exception: str
    function: str
    line: int


@dataclass(frozen=True)
class Project(Tree):
    """A package with its tests. `bugs` are the functions that have one."""

    package: str
    cases: tuple[TestCase, ...]
    bugs: tuple[str, ...]


def make_project(rng: random.Random, level: int, *, buggy: bool = True) -> Project:
    """Two or more modules with one or two functions each, some of them wrong."""
    every = kernels()
    chosen = sorted(rng.sample(range(len(every)), min(len(every), 2 + level)))
    wrong = set(rng.sample(chosen, min(len(chosen) - 1, 1 + level // 2))) if buggy else set[int]()
    bugs = {place: rng.randrange(len(every[place].bugs)) for place in sorted(wrong)}
    package = rng.choice(_PACKAGES)
    texts = {f"{package}/__init__.py": f'"""{package.capitalize()}: small tools."""\n'}
    texts["tests/__init__.py"] = ""
    cases: list[TestCase] = []
    for module in dict.fromkeys(every[place].module for place in chosen):
        places = [place for place in chosen if every[place].module == module]
        sources = [every[place].source(bugs.get(place)) for place in places]
        head = f'"""{module.capitalize()} of the {package}."""'
        texts[f"{package}/{module}.py"] = "\n\n\n".join([head, *sources]) + "\n"
        text, found = _test_module(rng, package, module, places, bugs)
        texts[f"tests/test_{module}.py"] = text
        cases += found
    texts["README.md"] = (
        f"# {package}\n\nPlain Python 3, nothing to install.\n"
        "Run the tests in this folder with `python3 -m unittest`.\n"
    )
    return Project(texts, package, tuple(cases), tuple(every[place].name for place in bugs))


def _test_module(
    rng: random.Random, package: str, module: str, places: list[int], bugs: dict[int, int]
) -> tuple[str, list[TestCase]]:
    names = ", ".join(sorted(kernels()[place].name for place in places))
    lines = ["import unittest", "", f"from {package}.{module} import {names}"]
    cases: list[TestCase] = []
    for place in places:
        kernel = kernels()[place]
        klass = "".join(part.capitalize() for part in kernel.name.split("_")) + "Test"
        lines += ["", "", f"class {klass}(unittest.TestCase):"]
        ended = outcomes(place, bugs.get(place))
        skips, why = kernel.skips if rng.random() < _SKIPPING else ("", "")
        for (name, call, result), (outcome, exception) in zip(kernel.cases, ended, strict=True):
            skipped = outcome == "passed" and name == skips
            if skipped:
                lines.append(f'    @unittest.skip("{why}")')
            lines += [f"    def test_{name}(self):", f"        self.assertEqual({call}, {result})"]
            cases.append(
                TestCase(
                    id=f"tests.test_{module}.{klass}.test_{name}",
                    outcome="skipped" if skipped else outcome,
                    exception="" if skipped else exception,
                    function=f"{package}.{module}.{kernel.name}",
                    line=len(lines),
                )
            )
            lines.append("")
        lines.pop()
    return "\n".join([*lines, ""]), cases
