"""Small Python projects with tests, some of which do not pass."""

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from synth.values.text import Tree

Outcome = Literal["passed", "failed", "error", "skipped"]
_SKIPPING = 0.3
"""How often a case of a function is skipped."""


class Kernel(BaseModel):
    """A function of a package: code, bugs (text, what stands in its place), and cases.

    A case is (name, call, result). Every bug makes one case fail at least; some raise. `fails` are
    (line, exception, message) that other input than expected leads to; `skips` is the case that
    somebody skips at times, and why.
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


class Package(BaseModel):
    """A file of `data/packages/`: what the package is for, its modules and its functions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    modules: Mapping[str, str]
    function: tuple[Kernel, ...]


@cache
def packages() -> Mapping[str, Package]:
    """Every package there is, by its name."""
    folder = files("synth").joinpath("data", "packages")
    found = {
        file.name.removesuffix(".toml"): Package.model_validate(
            tomllib.loads(file.read_text("utf-8"))
        )
        for file in folder.iterdir()
    }
    return dict(sorted(found.items()))


def kernels(package: str) -> tuple[Kernel, ...]:
    """The functions of a package."""
    return packages()[package].function


@cache
def outcomes(package: str, place: int, bug: int | None) -> tuple[tuple[Outcome, str], ...]:
    """How each case of a function ends, and the exception that it ends by: our code, run here."""
    kernel = kernels(package)[place]
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
    """A package with its tests. `bugs` says which one a function has."""

    package: str
    cases: tuple[TestCase, ...]
    bugs: Mapping[str, int]


def make_project(rng: random.Random, level: int, *, buggy: bool = True) -> Project:
    """Some of the functions of a package with their tests, some of the functions wrong."""
    package = rng.choice(list(packages()))
    every = kernels(package)
    chosen = sorted(rng.sample(range(len(every)), min(len(every), 2 + level)))
    wrong = set(rng.sample(chosen, min(len(chosen) - 1, 1 + level // 2))) if buggy else set[int]()
    bugs = {place: rng.randrange(len(every[place].bugs)) for place in sorted(wrong)}
    modules = list(dict.fromkeys(every[place].module for place in chosen))
    texts = {f"{package}/__init__.py": f'"""{packages()[package].about}"""\n'}
    texts["tests/__init__.py"] = ""
    cases: list[TestCase] = []
    for module in modules:
        places = [place for place in chosen if every[place].module == module]
        sources = [every[place].source(bugs.get(place)) for place in places]
        head = f'"""{packages()[package].modules[module]}"""'
        texts[f"{package}/{module}.py"] = "\n\n\n".join([head, *sources]) + "\n"
        text, found = _test_module(rng, package, module, places, bugs)
        texts[f"tests/test_{module}.py"] = text
        cases += found
    texts["README.md"] = _read_me(package, modules)
    return Project(
        texts, package, tuple(cases), {every[place].name: bug for place, bug in bugs.items()}
    )


def _read_me(name: str, modules: list[str]) -> str:
    package = packages()[name]
    listed = "".join(f"- `{module}`: {package.modules[module]}\n" for module in modules)
    return (
        f"# {name}\n\n{package.about}\n\n{listed}\nPlain Python 3, nothing to install.\n"
        "Run the tests in this folder with `python3 -m unittest`.\n"
    )


def _test_module(
    rng: random.Random, package: str, module: str, places: list[int], bugs: dict[int, int]
) -> tuple[str, list[TestCase]]:
    every = kernels(package)
    names = ", ".join(sorted(every[place].name for place in places))
    lines = ["import unittest", "", f"from {package}.{module} import {names}"]
    cases: list[TestCase] = []
    for place in places:
        kernel = every[place]
        klass = "".join(part.capitalize() for part in kernel.name.split("_")) + "Test"
        lines += ["", "", f"class {klass}(unittest.TestCase):"]
        ended = outcomes(package, place, bugs.get(place))
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
