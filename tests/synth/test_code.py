"""The code that tasks are about: packages with tests, scripts, and what their logs say."""

import ast
import builtins
import random
from collections import Counter

import pytest

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.world import World, domains
from synth.world.modules import changed_modules, make_modules
from synth.world.patches import patch_project
from synth.world.project import kernels, make_project, outcomes, packages

PACKAGES = tuple(packages())


@pytest.mark.parametrize("package", PACKAGES)
def test_each_function_is_right_and_each_of_its_bugs_is_seen(package: str) -> None:
    for place, kernel in enumerate(kernels(package)):
        assert {outcome for outcome, _ in outcomes(package, place, None)} == {"passed"}
        for bug in range(len(kernel.bugs)):
            ended = {outcome for outcome, _ in outcomes(package, place, bug)}
            assert ended & {"failed", "error"}, (kernel.name, kernel.bugs[bug])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_bug_changes_lines_but_adds_none(package: str) -> None:
    for kernel in kernels(package):
        right = kernel.source(None).splitlines()
        for bug in range(len(kernel.bugs)):
            wrong = kernel.source(bug).splitlines()
            assert len(wrong) == len(right)
            assert wrong != right


@pytest.mark.parametrize("package", PACKAGES)
def test_a_line_that_fails_stands_once_in_its_module(package: str) -> None:
    modules: dict[str, Counter[str]] = {}
    for kernel in kernels(package):
        lines = [line.strip() for line in kernel.source(None).splitlines()]
        modules.setdefault(kernel.module, Counter()).update(lines)
    for kernel in kernels(package):
        for line, _, _ in kernel.fails:
            assert modules[kernel.module][line] == 1, (kernel.name, line)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_describes_the_modules_that_it_has(package: str) -> None:
    described = packages()[package].modules
    assert set(described) == {kernel.module for kernel in kernels(package)}


def test_a_read_me_names_the_modules_that_are_there() -> None:
    project = make_project(random.Random(5), 2)
    present = {path.split("/")[1] for path in project.texts if path.startswith(project.package)}
    listed = {
        f"{line.split('`')[1]}.py"
        for line in project.texts["README.md"].splitlines()
        if line.startswith("- ")
    }
    assert present == {"__init__.py", *listed}


def test_a_fix_leaves_functions_that_are_right_or_still_have_their_bug() -> None:
    for seed in range(400):
        project = patch_project(random.Random(seed), 1 + seed % 5).patches.project
        assert project is not None
        for kernel in kernels(project.package):
            text = project.texts.get(f"{project.package}/{kernel.module}.py", "")
            if f"def {kernel.name}(" in text:
                known = [kernel.source(bug) for bug in (None, *range(len(kernel.bugs)))]
                assert any(f"{source}\n" in text for source in known), (seed, kernel.name)


@pytest.mark.parametrize("seed", range(40))
def test_scripts_use_what_they_define_or_import_and_import_what_they_use(seed: int) -> None:
    rng = random.Random(seed)
    world = World(rng.choice(domains()), ArtifactKind.TABLE, Knobs(1 + seed % 5), seed)
    tree = make_modules(rng, world)
    for text in [*tree.texts.values(), *changed_modules(rng, tree).texts.values()]:
        defined, imported, used = _names(text)
        assert used <= defined | imported | set(dir(builtins)), text
        assert imported <= used, text


def _names(text: str) -> tuple[set[str], set[str], set[str]]:
    """What a script defines, what it imports, and what it uses."""
    nodes = list(ast.walk(ast.parse(text)))
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    defined |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    imported = {name.name for n in nodes if isinstance(n, ast.Import) for name in n.names}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    defined |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return defined, imported, {n.id for n in names if isinstance(n.ctx, ast.Load)}
